"""Pages on which every glyph has a place.

layout.py         glyphs to lines and paragraphs
reading_order.py  lines in the order in which they are read
"""
