"""The server of `searchkit serve`: pages for people, and the same answers as data.

The package cli uses it; the package assistants uses its parameters, data and limits.

server.py      opens the indexes, binds the port and serves
app.py         the ASGI application: endpoints, ETags, pools, responses, errors
answers.py     answers before they are sent, and the cache of finished ones
guard.py       checks method, host and length of every request, and adds the headers of security
limits.py      how many requests run at a time, and for how long
site.py        an index at its path, in one state for each request
parameters.py  the table of all parameters: parses them, writes links, describes them
data.py        the data of every endpoint: JSON, JSON Lines, CSV, workbooks, charts
openapi.py     the description of the API
frame.py       what all pages share
links.py       links and texts that several pages have
faceting.py    the facets beside the hits, and the page with all values of a facet
searching.py   the page of a search
reading.py     the pages of a document and of a paragraph
measures.py    the page of a look-up of measures
comparing.py   the page of a comparison, with its chart
surveys.py     the pages of coverage, of contradictions, and of the state of the index
watches.py     the page of the watches of the user
rendering.py   templates and static files
words.py       the words of the pages by language
"""
