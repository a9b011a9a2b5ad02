"""A folder of files to documents of clean paragraphs.

listing.py                 what a folder holds: the files (walk.py), and what is stated about them (overrides.py)
reading.py                 one file to its documents
formats/                   bytes to blocks
cleaning/, outline/        blocks to paragraphs with their headings
metadata/                  what a document says about itself
sections.py, topics.py     what paragraphs are about
lines.py, numbering.py     what kind of line it is; list markers
blocks.py                  what passes from formats to the rest
reasons.py                 why a file, or a part of it, is not read
"""
