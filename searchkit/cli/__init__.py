"""The command line. A command reads its options, calls the library and prints the result.

The module of a command is imported when the command is looked up. Its functions import most of the library when they
are called, so that every command starts quickly.

main.py       the command `searchkit`: runs a subcommand, and prints errors
indexes.py    build, info, check
queries.py    search, similar, measures, analyze
comparing.py  compare
auditing.py   measures --audit
records.py    show, facets, suggest, export
serving.py    serve, mcp
watching.py   watch
options.py    options that several commands have
output.py     standard output, files, error messages, exit statuses
language.py   the language of messages and help
help.py       help in other languages than English
pager.py      the pager
progress.py   progress of long work, and the message if it is interrupted
settings.py   defaults of options: SEARCHKIT_INDEX and searchkit.toml
settingsfile.py  the content of searchkit.toml
completing.py what shells complete
"""
