"""Searches an open index for paragraphs and looks up measures.

snapshot.py     an open index in one committed state: its files, engine, names and records
paragraphs.py   searches for paragraphs, by a query and by a paragraph
measures.py     look-ups of measures: parses the query, has measures ranked, and selects those to return
options.py      options of a search and of a look-up
cursors.py      cursors: positions in a list of hits
counting.py     counts of facet values under a query, and which to list
results.py      hits and results of a search
similar.py      the query for paragraphs like a given one
ids.py          ids of which only the end is given
forking.py      forks while other threads use an index
records.py      the records of an open index
outlining.py    the outline of a document, what is around a paragraph, the reports of other years
lookup.py       hits and results of a look-up, and the ranking of measures
choosing.py     the indicator that a query names, and the one measure to quote for each place, body and year
aggregating.py  measures sorted, one per value of a facet, or aggregated
querynames.py   the measures that a query names, and their other names
spelling.py     corrections of words that the index hardly has
conditions.py   what each part and filter of a search finds alone, and what the search finds without it
watching.py     watches: searches whose new paragraphs are reported once
suggestions.py  other searches to suggest after one that found little
snippets.py     matches in a paragraph, and the snippet that shows them
highlighting.py matches in any text, headings and titles
"""
