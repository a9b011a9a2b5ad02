"""One module a file format, each turning bytes into raw documents; `registry.py` chooses by suffix.

A format's module has one function, `read(data: bytes, name: str) -> FileContents`, and is imported when the first file
of its format is read, so that a format costs nothing until it is used. To add a format, write the module and enter its
suffixes in `registry.READERS`.

    text, markdown, html, docx, doc, pdf, ofd, zipped   documents
    jsonlines, delimited, xlsx                          records, which records.py makes
    charset, archives, pagefacts, rows                  what several formats need
    word/                                               styles and automatic numbers of Word
    page/                                               placed glyphs to lines and paragraphs
"""
