"""Builds an index from a folder of files.

build.py        builds or updates an index and commits it
locking.py      lets one process write at a time
changes.py      finds new, changed and removed files
duplicates.py   finds copies of files, and reports that occur twice
tasks.py        distributes files to worker processes and handles workers that fail
worker.py       main loop of a worker process
budget.py       limits of CPU time and memory, by the size of a file
indexer.py      reads a file and adds its documents to a writer
aliases.py      collects the names of the facet values of a new index
suggestions.py  collects the words, headings and facet values that are suggested
namelists.py    reads the list of names that mean the same measure
messages.py     messages between the build and its workers
"""
