"""Clean the blocks of a file: separate content from page chrome and join broken sentences.

The content is the text, headings and data tables of the report. The lines before it are the head, those after it the
tail.

content.py  the entry point: splits a document into title, head, content and tail
chrome.py   page chrome: menus, buttons, properties of the page, page numbers, footers
titles.py   the title, and the lines around it
joining.py  broken sentences
"""
