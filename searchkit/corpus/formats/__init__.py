"""One module per file format. A reader turns the bytes of a file into raw documents.

The suffix of a file name selects the reader.

The module of a format has a function `read(data: bytes, name: str) -> FileContents`. The module is imported when the
first file of the format is read, so unused formats cost nothing. To add a format, write the module and add its suffixes
to `registry.READERS`. The modules `jsonlines` and `delimited` also have a function
`stream(data, name, share) -> RecordStream | None`, which builds the records one at a time. In `delimited` and `xlsx`,
the functions have one more parameter: the name of the column that contains the text.

    text, markdown, html, docx, doc, pdf, ofd, zipped   documents
    jsonlines, delimited, xlsx                          records, built by records.py, or tables
    rows, grids, texttables                             tables of block elements, of sheets, of plain text
    charset, archives, pagefacts, characters            helpers shared by several formats
    marks, glyphnames, numberformats                    raised characters; PDF fonts; how spreadsheets display numbers
    word/                                               styles and automatic numbers of Word documents
    page/                                               positioned glyphs to lines, paragraphs and tables
"""
