"""From the blocks of a file to its content.

content.py  all of it
chrome.py   page furniture
titles.py   the title, and the lines around it
joining.py  broken sentences
"""
