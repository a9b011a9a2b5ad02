"""Creates thousands of damaged files of every format, and checks that they do not affect the indexing of intact files.

    python tests/formats/mutations.py [N] [--seed N] [--folder DIR] [--result FILE]

N files (10,000) are derived from the sample report and a few other files, each by one mutation or by a wrong suffix.
They are written to folders of 500, with intact files in between. Each folder is indexed twice: by two worker processes,
and with one file per task to measure the time of each file. It is a fault if the builds fail, print anything to
standard error or take more than half an hour; if a reader raises an unexpected exception; if the reason for skipping a
file has several lines; if a file exceeds the time limit of its size by more than 20 seconds; if a process exceeds the
memory limit of the largest file of the folder; if an intact file is not read completely; or if a document is in only
one of the two indexes. The counts and faults are written to the file of `--result` and printed. With `--folder`, the
folders are created in DIR and kept.
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
sys.path += [str(TESTS), str(TESTS / "corpus" / "formats")]  # pytest has added them already

from formats import make  # noqa: E402 - needs the path above
from formats.mutating import mutations_for  # noqa: E402
from wordfiles import convert_document  # noqa: E402

from searchkit import __version__  # noqa: E402
from searchkit.corpus.formats import doc  # noqa: E402
from searchkit.corpus.formats.registry import READERS  # noqa: E402
from searchkit.indexing import budget  # noqa: E402

RESULT_FILE = Path(__file__).with_name("mutations.json")
FILES, FOLDER_SIZE, SEED = 10_000, 500, 20240601
"""Number of damaged files of a full run, number of them in a folder, and seed of the random numbers."""
_INTACT_INTERVAL = 20
"""After every file whose number is a multiple of this number, an intact file is added."""
_LIBREOFFICE_INTERVAL = 100
"""One of this number of files is derived from a file that needs LibreOffice, which takes seconds to convert it."""
_WRONG_SUFFIX_SHARE = 0.08
"""Share of the files that are not damaged, but get the suffix of a randomly chosen format."""
_TOLERANCE_SECONDS = 20
"""Tolerance beyond the time limit of a file, for writing its documents and for other load on the machine."""
_FOLDER_SECONDS = 1800
"""Time limit of the two builds of a folder together, in seconds."""
_SLOWEST_COUNT = 5
"""Number of the slowest files that are listed in the result."""
_LIBRARIES = ("pypdfium2", "selectolax", "markdown-it-py", "numpy")
_RTF = rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0 {\b \'b3\'c9\'d0\'a7}\par 129\u20214?\par}"
_UNEXPECTED = re.compile(r"cannot be read because of a bug in searchkit \(")
"""Matches the beginning of the reason for skipping a file whose reader raised an unexpected exception."""
_OUTCOMES = (
    ("unforeseen", _UNEXPECTED),
    ("too slow", re.compile("takes longer than")),
    ("too much memory", re.compile(r"needs more than \d+ MB of memory")),
    ("crashed", re.compile("the reader crashed|the process that read it was ended")),
)
"""Outcomes of files that are not read, with patterns that match the reasons. The outcome is `refused` if none
matches."""

BUILD = """
import json, resource, sys, time
from pathlib import Path
from searchkit.indexing import build as indexing, tasks
from searchkit.indexing.build import BuildOptions, build
from searchkit.index import Index

folder, index, alone = sys.argv[1:]
started = time.perf_counter()
done = build(folder, index, BuildOptions(jobs=2))
seconds = time.perf_counter() - started

class Timed(tasks.WorkerPool):
    def _assign(self, worker):
        super()._assign(worker)
        begun.append((worker.batch.start if worker.batch else None, time.perf_counter()))

begun, took = [], {}
tasks.MAX_TASK_BYTES = 1  # one task per file
indexing.WorkerPool = Timed
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
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss of the process itself includes the memory of the process that started it
    peak = max([peak, *(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))])
print(json.dumps({"seconds": seconds, "memory": peak, "took": [took[number] for number in sorted(took)],
                  "documents": documents[index], "alone": documents[alone],
                  "skipped": skipped[0], "skipped_alone": skipped[1]}))
"""
"""Builds two indexes of a folder, the second with one file per task, and prints the results.

Runs in a separate process, so that only the memory of the builds is measured.
"""


@dataclass
class Counts:
    """Counts of a run."""

    files: int = 0
    intact: int = 0
    folders: int = 0
    seconds_of_builds: float = 0
    """Sum of the times of the builds by two worker processes."""
    slowest_build: float = 0
    """Longest time of one of these builds, in seconds."""
    peak_memory: int = 0
    """Maximum memory of a process, in bytes."""
    outcomes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Number of files by outcome, for each suffix."""
    mutations: Counter[str] = field(default_factory=Counter)
    """Number of damaged files by mutation; `as` for a wrong suffix."""
    slowest: list[tuple[float, str]] = field(default_factory=list)
    """Seconds and names of the slowest files, in descending order."""
    faults: list[str] = field(default_factory=list)
    """Descriptions of the faults."""


class Mutations:
    """Creates folders of damaged files, builds indexes of them and checks the results."""

    def __init__(self, folder: Path, seed: int = SEED, *, with_libreoffice: bool = True) -> None:
        """Work in the existing folder `folder`. Without LibreOffice, files that need it are omitted."""
        self.counts = Counts()
        self._folder, self._seed = folder, seed
        self._intact = _intact_files()
        self._for_libreoffice = _libreoffice_files(folder) if with_libreoffice else {}
        self._script = folder / "build.py"
        self._script.write_text(BUILD, encoding="utf-8")

    def run(self, files: int) -> None:
        """Create `files` damaged files in folders of `FOLDER_SIZE`, and build indexes of each folder."""
        for first in range(0, files, FOLDER_SIZE):
            corpus = self._folder / f"files-{first:06}"
            corpus.mkdir()
            self._fill(corpus, range(first, min(files, first + FOLDER_SIZE)))
            self._build(corpus)

    def damaged(self, n: int) -> tuple[str, bytes]:
        """Return the name and bytes of file number `n`.

        The name states the mutation (000012-flipped.txt) or the right suffix (000012-as-txt.pdf).
        """
        rng = random.Random(f"{self._seed} {n}")  # noqa: S311 - not security-relevant
        sources = self._for_libreoffice if self._for_libreoffice and n % _LIBREOFFICE_INTERVAL == 0 else self._intact
        name = rng.choice(sorted(sources))
        data, suffix = sources[name], Path(name).suffix
        if sources is self._intact and rng.random() < _WRONG_SUFFIX_SHARE:
            return f"{n:06}-as-{suffix[1:]}{rng.choice(sorted(READERS))}", data
        mutation = rng.choice(mutations_for(data))
        return f"{n:06}-{mutation.__name__}{suffix}", mutation(data, rng)

    def _fill(self, corpus: Path, file_numbers: Sequence[int]) -> None:
        """Write damaged files, and intact ones among them."""
        intact = sorted(self._intact)
        for n in file_numbers:
            name, data = self.damaged(n)
            (corpus / name).write_bytes(data)
            self.counts.files += 1
            # 000012-flipped.txt counts for `flipped`, 000012-as-txt.pdf for `as`.
            self.counts.mutations[name[7:].partition(".")[0].partition("-")[0]] += 1
            if n % _INTACT_INTERVAL == 0:
                intact_name = intact[n // _INTACT_INTERVAL % len(intact)]
                (corpus / f"{n:06}-intact{Path(intact_name).suffix}").write_bytes(self._intact[intact_name])
                self.counts.intact += 1

    def _build(self, corpus: Path) -> None:
        """Build the two indexes of a folder and check the result."""
        indexes = (str(self._folder / f"{corpus.name}.{kind}") for kind in ("index", "alone"))
        command = [sys.executable, str(self._script), str(corpus), *indexes]
        self.counts.folders += 1
        try:
            completed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_FOLDER_SECONDS)
        except subprocess.TimeoutExpired:
            self.counts.faults.append(f"{corpus.name}: not built after {_FOLDER_SECONDS} s")
            return
        if completed.returncode or completed.stderr:
            self.counts.faults.append(f"{corpus.name}: exit status {completed.returncode}: {completed.stderr[-500:]}")
        if not completed.returncode:
            self._check(corpus, json.loads(completed.stdout))

    def _check(self, corpus: Path, result: Mapping[str, Any]) -> None:
        """Count the outcomes and the faults of a folder. `result` is the output of `BUILD`."""
        counts = self.counts
        counts.seconds_of_builds += result["seconds"]
        counts.slowest_build = max(counts.slowest_build, result["seconds"])
        memory = result["memory"] * 1024
        counts.peak_memory = max(counts.peak_memory, memory)
        if memory > budget.memory_for(max(path.stat().st_size for path in corpus.iterdir())):
            counts.faults.append(f"{corpus.name}: {memory >> 20} MB of memory")
        documents, skipped = Counter(map(_file_of, result["alone"])), defaultdict(list)
        for path, reason, files in result["skipped_alone"]:
            skipped[_file_of(path)].append((reason, files))
        for path, seconds in zip(sorted(corpus.iterdir()), result["took"], strict=True):
            outcome = _outcome(documents[path.name], skipped[path.name])
            counts.outcomes[path.suffix][outcome] += 1
            counts.faults += (
                f"{path.name}: {fault}" for fault in _find_faults(path, outcome, skipped[path.name], seconds)
            )
            counts.slowest = sorted([*counts.slowest, (round(seconds, 2), path.name)], reverse=True)[:_SLOWEST_COUNT]
        counts.faults += (
            f"{name}: read in only one of the two builds"
            for name in sorted({*result["alone"]} ^ {*result["documents"]})
        )
        counts.faults += (f"{path}: {reason}" for path, reason, _ in result["skipped"] if _UNEXPECTED.match(reason))


def _file_of(name: str) -> str:
    """Return the file that contains a document."""
    return name.partition("#")[0]


def _outcome(documents: int, skipped: Sequence[tuple[str, int]]) -> str:
    """Return the outcome of a file: `read`, `read in part`, `refused` or one of `_OUTCOMES`.

    `documents`: number of documents of the file. `skipped`: the reasons for skipping it or parts of it, each with the
    number of skipped files (0 for a part of the file).
    """
    reason = next((reason for reason, files in skipped if files), "")
    if not reason and documents:
        return "read in part" if skipped else "read"
    return next((outcome for outcome, pattern in _OUTCOMES if pattern.search(reason)), "refused")


def _find_faults(path: Path, outcome: str, skipped: Sequence[tuple[str, int]], seconds: float) -> Iterator[str]:
    """Yield the faults of a file."""
    reasons = [reason for reason, _ in skipped]
    if any(_UNEXPECTED.match(reason) for reason in reasons):
        yield f"an unexpected error: {reasons[0]}"
    if any("\n" in reason or "Traceback" in reason for reason in reasons):
        yield "a reason with several lines"
    if "-intact" in path.name and outcome != "read":
        yield f"is intact and was not read: {reasons}"
    if seconds > budget.seconds_for(path.stat().st_size) + _TOLERANCE_SECONDS:
        yield f"took {seconds:.1f} s"


def _intact_files() -> dict[str, bytes]:
    """Return intact files of every format that is read without LibreOffice, by name."""
    files = {path.name: path.read_bytes() for path in sorted(make.FOLDER.iterdir())}
    rows = make.paragraphs()
    head, *rest = rows
    records = (json.dumps(dict(zip(head, row, strict=True)), ensure_ascii=False) for row in rest)
    archived = {name: data for name, data in files.items() if name.endswith((".txt", ".pdf", ".csv", ".html"))}
    return {
        **files,
        "records.jsonl": "\n".join(records).encode(),
        "records.tsv": "\n".join("\t".join(row) for row in rows).encode(),
        "several.zip": make.pack_without_time_stamps(archived),
        "plain.pdf": make.pdf(make.source(), pageCompression=0),
        "utf-16.txt": make.source().encode("utf-16"),
        "big5.html": "<meta charset=big5><h1>年度報告</h1><p>全年立案129件。</p>".encode("big5"),
    }


def _libreoffice_files(folder: Path) -> dict[str, bytes]:
    """Return intact files that need LibreOffice, if it is installed."""
    if doc.find_libreoffice() is None:
        return {}
    return {"a.rtf": _RTF, "a.doc": convert_document(make.docx(make.source()), ".docx", "doc:MS Word 97", folder)}


def write_result(counts: Counts, path: Path, seed: int) -> None:
    """Write the counts and faults, with the versions of the libraries and the machine."""
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "versions": {"searchkit": __version__, **{name: version(name) for name in _LIBRARIES}},
        "libreoffice": doc.find_libreoffice() is not None,
        "seed": seed,
        "files": counts.files,
        "sound_files": counts.intact,
        "folders": counts.folders,
        "seconds_of_builds": round(counts.seconds_of_builds, 1),
        "slowest_build_seconds": round(counts.slowest_build, 1),
        "peak_memory_mb": counts.peak_memory >> 20,
        "outcomes": {suffix: dict(counter.most_common()) for suffix, counter in sorted(counts.outcomes.items())},
        "all_outcomes": dict(sum(counts.outcomes.values(), Counter()).most_common()),
        "mutations": dict(counts.mutations.most_common()),
        "slowest_files": [{"file": name, "seconds": seconds} for seconds, name in counts.slowest],
        "broken": counts.faults,
    }
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Run, write and print the counts and faults, and return 1 if there are faults, otherwise 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=int, nargs="?", default=FILES, metavar="N")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--result", type=Path, default=RESULT_FILE)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="mutations-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        mutations = Mutations(folder, options.seed)
        mutations.run(options.files)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    write_result(mutations.counts, options.result, options.seed)
    sys.stdout.write(options.result.read_text(encoding="utf-8"))
    return 1 if mutations.counts.faults else 0


if __name__ == "__main__":
    sys.exit(main())
