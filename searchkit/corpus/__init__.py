"""Read a folder of files into documents of clean paragraphs.

listing.py                 lists a corpus: its files (walk.py) and the metadata stated about them (overrides.py)
reading.py                 reads one file into documents
formats/                   bytes to blocks
cleaning/, outline/        blocks to paragraphs with heading paths
tables/                    recognises data tables, and builds the text of their rows
metadata/                  detects the metadata of a document
frontmatter.py             splits front matter off a text
sections.py, topics.py     classify paragraphs
times/                     the years that a text is about
nearduplicates.py          the key that paragraphs of the same content have in common
lines.py, numbering.py     kinds of lines; list markers
blocks.py                  what the format readers return: blocks and raw documents
reasons.py                 messages about files, or parts of files, that are not read
"""
