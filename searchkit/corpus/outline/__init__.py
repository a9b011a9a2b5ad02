"""From lines of content to the outline of a report: headings, levels, items, paragraphs.

building.py   the entry point
headings.py   distinguishes headings from text
levels.py     follows the levels of the numbering
splitting.py  splits lines that contain several items
"""
