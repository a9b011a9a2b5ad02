"""Build paragraphs with heading paths from lines of content.

building.py   the entry point
headings.py   distinguishes headings from text
levels.py     levels of the numbering
splitting.py  lines that contain several items
"""
