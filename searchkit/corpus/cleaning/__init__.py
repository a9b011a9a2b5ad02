"""Clean the blocks of a file: separate content from page chrome and join broken sentences.

content.py  the entry point: title, head, content and tail of a document
chrome.py   page chrome: menus, buttons, properties of the page, page numbers, footers
titles.py   the title, and the lines around it
joining.py  broken sentences
"""
