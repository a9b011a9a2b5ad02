"""Features of Word documents that the file leaves to the reading program.

styles.py       paragraph styles
listnumbers.py  automatic numbers
"""
