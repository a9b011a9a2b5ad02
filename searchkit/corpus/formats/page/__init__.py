"""Pages whose glyphs have positions.

layout.py         glyphs to lines and paragraphs
reading_order.py  lines in reading order
"""
