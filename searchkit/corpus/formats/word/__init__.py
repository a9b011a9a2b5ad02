"""What Word files leave to whoever reads them.

styles.py       styles of paragraphs
listnumbers.py  automatic numbers
"""
