"""The way in: a folder of files to an index.

build.py     the whole of a build
changes.py   which files are new, changed, gone
tasks.py     files to workers, and who is to blame when one dies
worker.py    a worker process
budget.py    what a file may cost
indexer.py   what a worker does with a file
messages.py  what they say to each other
"""
