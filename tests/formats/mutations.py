"""Damaged files of every format, by the thousand, through the build: nothing breaks, and sound files are indexed.

    python tests/formats/mutations.py [N] [--seed N] [--folder DIR] [--result FILE]

N files (10,000) are made of the sample report and a few others, each by one mutation, or under another's suffix.
Folders of 500 of them with sound files in between are built by two processes, then file by file for the time that each
takes. What may not happen: a build that fails, prints a traceback or takes too long; an error that nobody foresaw; a
file that takes more time or memory than a file of its size may; a sound file that is not indexed; a file that is read
alone and not among others, or the other way round. What was counted is written to a file. `--folder` keeps the folders.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "corpus" / "formats")]  # where they are already, if pytest runs this

from formats import make  # noqa: E402 - found by what stands above
from formats.mutating import ways  # noqa: E402
from wordfiles import converted  # noqa: E402

from searchkit.corpus.formats import doc  # noqa: E402
from searchkit.corpus.formats.registry import READERS  # noqa: E402
from searchkit.indexing import budget  # noqa: E402

RESULT = Path(__file__).with_name("mutations.json")
FILES, IN_FOLDER, SEED = 10_000, 500, 20240601
_SOUND = 20
"""One file in so many is sound."""
_BY_LIBREOFFICE = 100
"""One file in so many is one for LibreOffice, which takes seconds for each."""
_WRONG_SUFFIX = 0.08
_MORE_SECONDS = 20
"""That a file may take beyond what is for its reading: to write it, and on a machine with other work."""
_FOLDER_SECONDS = 1800
_SLOWEST = 5
_LIBRARIES = ("searchkit", "pypdfium2", "selectolax", "markdown-it-py", "numpy")
_RTF = rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0 {\b \'b3\'c9\'d0\'a7}\par 129\u20214?\par}"
_UNFORESEEN = re.compile(r"cannot be read, for a mistake in searchkit \(")
_OUTCOMES = (
    ("unforeseen", _UNFORESEEN),
    ("too slow", re.compile("takes longer than")),
    ("too much memory", re.compile(r"needs more than \d+ MB of memory")),
    ("crashed", re.compile("the reader crashed|the process that read it was ended")),
)

BUILD = """
import json, resource, sys, time
from searchkit.indexing import build as indexing, tasks
from searchkit.indexing.build import BuildOptions, build
from searchkit.index import Index

folder, index, alone = sys.argv[1:]
started = time.perf_counter()
done = build(folder, index, BuildOptions(jobs=2))
seconds = time.perf_counter() - started

class Timed(tasks.Workers):
    def _assign(self, worker):
        super()._assign(worker)
        begun.append((worker.run.first if worker.run else None, time.perf_counter()))

begun, took = [], {}
tasks.MAX_BYTES = 1  # each file is a task for itself
indexing.Workers = Timed
one_by_one = build(folder, alone)
begun.append((None, time.perf_counter()))
for (number, begin), (_, end) in zip(begun, begun[1:]):
    took[number] = took.get(number, 0) + end - begin
took.pop(None, None)

documents = {}
for name in (index, alone):
    with Index(name) as opened:
        documents[name] = [item.document for item in opened.documents()]
skipped = [[(item.path, item.reason, item.files) for item in report.skipped] for report in (done, one_by_one)]
most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"seconds": seconds, "memory": most, "took": [took[number] for number in sorted(took)],
                  "documents": documents[index], "alone": documents[alone],
                  "skipped": skipped[0], "skipped_alone": skipped[1]}))
"""
"""Builds a folder at once and file by file and says what came of it: a process of its own, whose memory is theirs."""


@dataclass
class Counts:
    """What happened."""

    files: int = 0
    sound: int = 0
    folders: int = 0
    seconds_of_builds: float = 0
    slowest_build: float = 0
    peak_memory: int = 0
    """Of any process, in bytes."""
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By suffix."""
    mutations: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """Seconds and names."""
    broken: list[str] = field(default_factory=list)
    """What was promised and not kept."""


class Mutations:
    """Makes folders of damaged files, builds them and judges what came of it."""

    def __init__(self, folder: Path, seed: int = SEED, *, with_libreoffice: bool = True) -> None:
        """Begin in `folder`, which is there. Without LibreOffice files are left out that it would have to read."""
        self.counts = Counts()
        self._folder, self._seed = folder, seed
        self._sound = _sound()
        self._slow = _for_libreoffice(folder) if with_libreoffice else {}
        self._script = folder / "build.py"
        self._script.write_text(BUILD, encoding="utf-8")

    def run(self, files: int) -> None:
        """Make so many files, and build them in several folders."""
        for first in range(0, files, IN_FOLDER):
            corpus = self._folder / f"files-{first:06}"
            corpus.mkdir()
            self._fill(corpus, range(first, min(files, first + IN_FOLDER)))
            self._build(corpus)

    def damaged(self, n: int) -> tuple[str, bytes]:
        """Make the n-th file: its name, which says how it was made, and its bytes."""
        chance = random.Random(f"{self._seed} {n}")  # noqa: S311 - no secret
        bases = self._slow if self._slow and n % _BY_LIBREOFFICE == 0 else self._sound
        name = chance.choice(sorted(bases))
        data, suffix = bases[name], Path(name).suffix
        if bases is self._sound and chance.random() < _WRONG_SUFFIX:
            return f"{n:06}-as-{suffix[1:]}{chance.choice(sorted(READERS))}", data
        way = chance.choice(ways(data))
        return f"{n:06}-{way.__name__}{suffix}", way(data, chance)

    def _fill(self, corpus: Path, numbers: Sequence[int]) -> None:
        """Write files, sound ones among them."""
        sound = sorted(self._sound)
        for n in numbers:
            name, data = self.damaged(n)
            (corpus / name).write_bytes(data)
            self.counts.files += 1
            self.counts.mutations[name[7:].partition(".")[0].partition("-")[0]] += 1
            if n % _SOUND == 0:
                other = sound[n // _SOUND % len(sound)]
                (corpus / f"{n:06}-sound{Path(other).suffix}").write_bytes(self._sound[other])
                self.counts.sound += 1

    def _build(self, corpus: Path) -> None:
        """Build a folder and judge."""
        indexes = (str(self._folder / f"{corpus.name}.{kind}") for kind in ("index", "alone"))
        command = [sys.executable, str(self._script), str(corpus), *indexes]
        self.counts.folders += 1
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FOLDER_SECONDS)
        except subprocess.TimeoutExpired:
            self.counts.broken.append(f"{corpus.name}: not built after {_FOLDER_SECONDS} s")
            return
        if done.returncode or done.stderr:
            self.counts.broken.append(f"{corpus.name}: {done.returncode} {done.stderr[-500:]}")
        if not done.returncode:
            self._judge(corpus, json.loads(done.stdout))

    def _judge(self, corpus: Path, said: Mapping[str, Any]) -> None:
        counts = self.counts
        counts.seconds_of_builds += said["seconds"]
        counts.slowest_build = max(counts.slowest_build, said["seconds"])
        memory = said["memory"] * 1024
        counts.peak_memory = max(counts.peak_memory, memory)
        if memory > budget.memory_for(max(path.stat().st_size for path in corpus.iterdir())):
            counts.broken.append(f"{corpus.name}: {memory >> 20} MB of memory")
        documents, skipped = Counter(map(_file_of, said["alone"])), defaultdict(list)
        for path, reason, files in said["skipped_alone"]:
            skipped[_file_of(path)].append((reason, files))
        for path, took in zip(sorted(corpus.iterdir()), said["took"], strict=True):
            outcome = _outcome(documents[path.name], skipped[path.name])
            counts.outcomes[path.suffix][outcome] += 1
            counts.broken += (f"{path.name}: {what}" for what in _complaints(path, outcome, skipped[path.name], took))
            counts.slowest = sorted([*counts.slowest, (round(took, 2), path.name)], reverse=True)[:_SLOWEST]
        counts.broken += (f"{name}: read once and once not" for name in sorted({*said["alone"]} ^ {*said["documents"]}))
        counts.broken += (f"{path}: {reason}" for path, reason, _ in said["skipped"] if _UNFORESEEN.match(reason))


def _file_of(name: str) -> str:
    """Give the file that a document is from."""
    return name.partition("#")[0]


def _outcome(documents: int, skipped: Sequence[tuple[str, int]]) -> str:
    """Say in a word what came of a file."""
    whole = next((reason for reason, files in skipped if files), "")
    if not whole and documents:
        return "read in part" if skipped else "read"
    return next((outcome for outcome, pattern in _OUTCOMES if pattern.search(whole)), "refused")


def _complaints(path: Path, outcome: str, skipped: Sequence[tuple[str, int]], seconds: float) -> Iterator[str]:
    """Say what should not have come of a file."""
    reasons = [reason for reason, _ in skipped]
    if any(_UNFORESEEN.match(reason) for reason in reasons):
        yield f"an error that nobody foresaw: {reasons[0]}"
    if any("\n" in reason or "Traceback" in reason for reason in reasons):
        yield "a reason that is not one line"
    if "-sound" in path.name and outcome != "read":
        yield f"is sound and was not read: {reasons}"
    if seconds > budget.seconds_for(path.stat().st_size) + _MORE_SECONDS:
        yield f"took {seconds:.1f} s"


def _sound() -> dict[str, bytes]:
    """Sound files of every format that is read without LibreOffice, by name."""
    files = {path.name: path.read_bytes() for path in sorted(make.FOLDER.iterdir())}
    rows = make.paragraphs()
    head, *rest = rows
    records = (json.dumps(dict(zip(head, row, strict=True)), ensure_ascii=False) for row in rest)
    packed = {name: data for name, data in files.items() if name.endswith((".txt", ".pdf", ".csv", ".html"))}
    return {
        **files,
        "records.jsonl": "\n".join(records).encode(),
        "records.tsv": "\n".join("\t".join(row) for row in rows).encode(),
        "several.zip": make.packed_at_once(packed),
        "plain.pdf": make.pdf(make.source(), pageCompression=0),
        "utf-16.txt": make.source().encode("utf-16"),
        "big5.html": "<meta charset=big5><h1>年度報告</h1><p>全年立案129件。</p>".encode("big5"),
    }


def _for_libreoffice(folder: Path) -> dict[str, bytes]:
    """Sound files that LibreOffice has to read, if it is there."""
    if doc.converter() is None:
        return {}
    return {"a.rtf": _RTF, "a.doc": converted(make.docx(make.source()), ".docx", "doc:MS Word 97", folder)}


def write(counts: Counts, path: Path, seed: int) -> None:
    """Write what was counted."""
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "libreoffice": doc.converter() is not None,
        "seed": seed,
        "files": counts.files,
        "sound_files": counts.sound,
        "folders": counts.folders,
        "seconds_of_builds": round(counts.seconds_of_builds, 1),
        "slowest_build_seconds": round(counts.slowest_build, 1),
        "peak_memory_mb": counts.peak_memory >> 20,
        "outcomes": {suffix: dict(found.most_common()) for suffix, found in sorted(counts.outcomes.items())},
        "all_outcomes": dict(sum(counts.outcomes.values(), Counter()).most_common()),
        "mutations": dict(counts.mutations.most_common()),
        "slowest_files": [{"file": name, "seconds": seconds} for seconds, name in counts.slowest],
        "broken": counts.broken,
    }
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Run, write what was counted, and say whether all was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=int, nargs="?", default=FILES, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="mutations-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        mutations = Mutations(folder, options.seed)
        mutations.run(options.files)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    write(mutations.counts, options.result, options.seed)
    sys.stdout.write(options.result.read_text(encoding="utf-8"))
    return 1 if mutations.counts.broken else 0


if __name__ == "__main__":
    sys.exit(main())
