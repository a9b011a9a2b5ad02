"""Builds the index of one engine. `bench.run` runs this module as a separate process, and measures its time and memory.

    python -m bench.build 10k --data FOLDER [--engine NAME]

Without `--engine`, builds no index, but writes the queries of the corpus, its folded texts, and the items that the
indexes of engines other than searchkit are built from.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from bench import corpora, peers, queries


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Build the index of one engine, or the files that it is built from.")
    parser.add_argument("corpus", choices=corpora.NAMES)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--engine", choices=peers.NAMES)
    arguments = parser.parse_args()
    if arguments.engine is None:
        corpora.prepare(arguments.corpus, arguments.data)
        queries.prepare(arguments.corpus, arguments.data)
        return
    module = peers.load(arguments.engine)
    folder = peers.folder(arguments.engine, arguments.corpus, arguments.data)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    module.build(arguments.corpus, arguments.data, folder)


if __name__ == "__main__":
    main()
