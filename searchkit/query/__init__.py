"""Parsing of queries, the definitions of filters and facets, and the names of measures.

parsing.py         query text to query tree
grammar.py         queries with operators, parsed with `whoosh.qparser` and plug-ins
builder.py         the clauses of a query: runs of text with their synonyms, quoted strings, filters
function_words.py  words of questions, and particles, which weigh less
tree.py            the query tree
understanding.py   places, years, bodies, sections and kinds of reports in the words of a query
understood.py      a filter that words of a query name
suggester.py       words, headings and facet values of an index, looked up by prefix and by similarity
aliases.py         names of the facet values of an index
facets.py          values, counts and order of facets
filters.py         filters given as names and values
questions.py       words that ask for a number in a query: 是多少
naming.py          which indicators name the same measure, and whether they name its level, an addition or a change
agreement.py       similarity of names that no list contains, equality of values
unit_conversion.py units that count the same things, and factors between units
"""
