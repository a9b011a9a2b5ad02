"""From lines of content to paragraphs with their heading path.

building.py   all of it
headings.py   headings and text
levels.py     levels of the numbering
splitting.py  lines that hold several items
"""
