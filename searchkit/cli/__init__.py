"""The command line. A command reads its options, calls the library and prints; nothing else happens here.

Modules are imported by the commands that need them, so that `searchkit --help` starts at once.

    main.py       the group of commands, errors to one line and an exit status
    indexes.py    build, info, check
    queries.py    search, measures, analyze
    comparing.py  compare
    auditing.py   measures --audit
    records.py    show, facets, export
    options.py    options that several commands have
    output.py     standard output, complaints, exit statuses
"""
