"""Results as answers for assistants: text in which each quoted line starts with its id, and the same rows as data.

answer.py  an answer, and how it is fitted to a number of characters
rows.py    the row of each kind of record
kinds.py   the answer for each kind of result: what was found, its rows, what was left out and how to get it
"""
