"""The server of `searchkit mcp`: tools and resources for assistants (Model Context Protocol). Only cli uses it.

server.py     opens the indexes, answers the requests of a client, and serves on standard input and output
tools.py      the tools: what each is for, its parameters, how it reads an index
arguments.py  reads the arguments of a call, and describes them as JSON Schema
"""
