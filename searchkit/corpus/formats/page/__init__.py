"""Pages whose glyphs have positions.

layout.py         glyphs to lines and paragraphs
edges.py          page numbers, running heads and running feet
reading_order.py  lines in reading order
"""
