"""Builds an index from a folder of files.

build.py     builds or updates an index and commits it
changes.py   finds new, changed and removed files
tasks.py     distributes files to workers and handles workers that fail
worker.py    main loop of a worker process
budget.py    time and memory limits per file
indexer.py   reads a file and writes its documents
messages.py  messages between the build and its workers
"""
