"""Pages whose glyphs have positions.

layout.py         lines to paragraphs
lines.py          glyphs to lines
edges.py          page numbers, running heads and running feet
reading_order.py  lines in reading order
"""
