"""Measures the floor of a search: what its array operations and its calls take alone, without the code between them.

    python -m bench.floor [CORPUS]… [--data FOLDER]

A search is `Index.search` with all words, ten hits with snippets, and four facets; the questions are those of
`bench.product`. For each question, the operations on arrays of one search are recorded with their arguments, and the
calls of another search are counted. Then each operation is repeated alone, on the same arrays. Times are the fastest of
several runs, warm, so that they are lower bounds:

arrays   all array operations, one after the other
fixed    the part of `arrays` that does not depend on the sizes of arrays: each operation counts with the time of the
         fastest operation of the same name among all questions to the corpus
calls    the calls of Python functions and of functions in C other than NumPy's, each with the time of a call that does
         nothing
rest     the time of the search without `arrays` and `calls`: byte code, and work on strings and objects

A search that makes these operations and calls cannot take less time than `arrays` and `calls` together. Compiled code
could save `rest`, `calls` and `fixed`; other algorithms could save `arrays` without `fixed`. `tantivy` is the time of
the same question in tantivy-py (`bench.pipelines`), if `bench.product` has left its indexes in the folder. Phrases run
on tantivy's index of rjieba's words, other questions on its index of the tokens of searchkit. A recorded search keeps
copies of the writable arrays that it uses, so large corpora are not measured. Writes results/floor.json, from which
`bench.productreport` writes tables.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import timeit
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from bench import corpora, machine, pipelines
from bench.corpora import FACETS
from bench.peers import LIMIT
from bench.pipelines import Pipeline, Question
from bench.product import DATA, open_searchkit, prepare_index, questions, with_other_blanks
from searchkit.index import Index

RESULTS = Path(__file__).parent / "results" / "floor.json"
CORPORA = ("100k", "gov")
"""Names of the corpora that can be measured. By default, all that are available are measured."""
_RUNS = 25
"""Number of timed searches of a question, of which the fastest counts."""
_REPEATS, _LOOPS = 5, 4
"""Number of measurements of an operation, of which the fastest counts, and number of repetitions in a measurement."""
_WARM_UP = 3
"""Number of searches of a question before those that are timed or recorded."""
_OPERATORS = (
    *("getitem", "setitem", "invert", "neg", "lt", "le", "eq", "ne", "gt", "ge"),
    *(prefix + name for name in ("add", "sub", "mul", "truediv", "floordiv", "mod") for prefix in ("", "r", "i")),
    *(prefix + name for name in ("and", "or", "xor", "lshift", "rshift") for prefix in ("", "r", "i")),
)
"""Operators of arrays that are recorded, without underscores."""


class _Recorder:
    """Records operations on arrays."""

    def __init__(self) -> None:
        self.operations: list[tuple[str, Callable[[], object]]] = []
        """Name of each operation, and a function that repeats it."""
        self.is_on = False

    def run(self, name: str, function: Callable[..., Any], arguments: Any, options: Any) -> Any:  # noqa: ANN401 - of any function
        """Call a function of NumPy, and record the call if `is_on`. Arrays in the result are recorded arrays."""
        arguments, options = _plain(arguments), _plain(options)
        kept = (_keep(arguments), _keep(options)) if self.is_on else None
        result = function(*arguments, **options)
        # A call that raises is not recorded: a loop over an array calls `getitem` until that raises IndexError.
        if kept:
            self.operations.append((name, partial(function, *kept[0], **kept[1])))
        return _recorded(result)


_recorder = _Recorder()


def _method(name: str) -> Callable[..., Any]:
    """Return a method of recorded arrays."""
    function = getattr(np.ndarray, name)

    def run(self: object, *arguments: object, **options: object) -> object:
        """Call the method of the array through the recorder."""
        return _recorder.run(name.strip("_"), function, (self, *arguments), options)

    return run


_METHODS = [name for name in vars(np.ndarray) if not name.startswith("_") and callable(getattr(np.ndarray, name))]
_RecordedArray: Any = type(
    "_RecordedArray",
    (np.ndarray,),
    {name: _method(name) for name in (*_METHODS, *(f"__{operator}__" for operator in _OPERATORS))},
)
"""An array whose methods and operators are recorded. The arrays that they return are recorded arrays, too."""


class _Function:
    """A recorded function of NumPy, or a method of one: `np.take`, `np.bitwise_or.reduce`."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name, self._function = name, function

    def __call__(self, *arguments: object, **options: object) -> object:
        """Call the function through the recorder."""
        return _recorder.run(self._name, self._function, arguments, options)

    def __getattr__(self, name: str) -> _Function:
        """Return a method of the function."""
        return _Function(f"{self._name}.{name}", getattr(self._function, name))


class _NumPy:
    """NumPy with recorded functions."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute
        """Return an attribute of NumPy: a function as a recorded one, anything else unchanged."""
        value = getattr(np, name)
        return value if isinstance(value, type) or not callable(value) else _Function(f"np.{name}", value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - arguments of any function
    """Return arguments with plain arrays, which share the memory of the recorded ones, and lists for iterators."""
    if isinstance(value, np.ndarray):
        return np.ndarray.view(value, np.ndarray)
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return list(map(_plain, value)) if isinstance(value, Iterator) else value


def _keep(value: Any) -> Any:  # noqa: ANN401 - arguments of any function
    """Return arguments with copies of lists and writable arrays, because later operations can change them."""
    if isinstance(value, np.ndarray):
        return value.copy(order="K") if value.flags.writeable else value
    if isinstance(value, tuple | list):
        return type(value)(map(_keep, value))
    return {name: _keep(item) for name, item in value.items()} if isinstance(value, dict) else value


def _recorded(value: Any) -> Any:  # noqa: ANN401 - the result of any function
    """Return a result whose arrays, also those in tuples and lists, are recorded ones."""
    if type(value) is np.ndarray:
        return np.ndarray.view(value, _RecordedArray)
    return type(value)(map(_recorded, value)) if type(value) in (tuple, list) else value


@contextmanager
def _recorded_numpy() -> Iterator[None]:
    """Give all loaded modules of searchkit a NumPy whose functions are recorded, within a `with` block."""
    users = [module for name, module in sys.modules.items() if name.startswith("searchkit.")]
    users = [module for module in users if getattr(module, "np", None) is np]
    for module in users:
        module.np = _NumPy()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in users:
            module.np = np  # type: ignore[attr-defined]


def count_calls(function: Callable[[], object]) -> Counter[str]:
    """Call a function, and return the number of calls of Python functions (`python`) and of functions in C (`c`).

    Calls of NumPy's functions do not count. Each resumption of a generator counts as a call of a Python function.
    """
    counts: Counter[str] = Counter()

    def count(frame: FrameType, event: str, called: object) -> None:
        """Count a call."""
        if (
            event not in {"call", "c_call"}
            or called is sys.setprofile
            or str(frame.f_globals.get("__name__")).startswith("numpy")
        ):
            return
        owner = getattr(called, "__self__", None)
        if event == "call":
            counts["python"] += 1
        elif not isinstance(owner, np.ndarray | np.generic) and "numpy" not in str(getattr(owner, "__name__", "")):
            counts["c"] += 1

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return counts


def call_seconds() -> dict[str, float]:
    """Return the seconds of a call of an empty Python function (`python`), and of `len` of an empty tuple (`c`)."""

    def fastest(statement: str) -> float:
        """Return the minimum time of a statement in seconds."""
        setup, number = "def nothing(value): pass\nempty = ()", 10_000
        return min(timeit.repeat(statement, setup, number=number, repeat=100)) / number

    loop = fastest("pass")
    return {"python": fastest("nothing(empty)") - loop, "c": fastest("len(empty)") - loop}


def repeat(operations: list[tuple[str, Callable[[], object]]]) -> list[tuple[str, float]]:
    """Repeat each operation alone. Returns the name and the seconds of each."""
    with np.errstate(all="ignore"):  # a repeated in-place operation works on its own result, which may overflow
        return [(name, _fastest(operation)) for name, operation in operations]


def _fastest(operation: Callable[[], object]) -> float:
    """Return the time of an operation in seconds: the minimum over `_REPEATS` of the mean of `_LOOPS` repetitions."""
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        for _ in range(_LOOPS):
            operation()
        seconds.append((time.perf_counter() - started) / _LOOPS)
    return min(seconds)


def _time(pipeline: Pipeline, question: Question) -> float:
    """Return the minimum processor time of a question in milliseconds."""
    seconds = []
    for number in range(_WARM_UP + _RUNS):
        started = time.process_time()
        pipeline(question)
        if number >= _WARM_UP:
            seconds.append(time.process_time() - started)
    return 1000 * min(seconds)


def _record(index: Index, question: Question) -> list[tuple[str, Callable[[], object]]]:
    """Return the array operations of a search in an index that was opened with a recorded NumPy."""
    for number in range(_WARM_UP + 1):
        _recorder.operations, _recorder.is_on = [], number == _WARM_UP
        try:
            _search(index, question)
        finally:
            _recorder.is_on = False
    return _recorder.operations


def _search(index: Index, question: Question) -> None:
    """Search as `bench.product` does."""
    results = index.search(
        with_other_blanks(question.text), match="all", facets=FACETS, limit=LIMIT, where=question.filters
    )
    for hit in results.hits:
        _ = hit.snippet


def run(corpus: str, data: Path) -> dict[str, Any]:
    """Measure all questions to a corpus. Returns a JSON object. `data`: folder of corpora and indexes."""
    folder = prepare_index(corpus, data, keep=True)
    own = open_searchkit(folder)["searchkit, all"]
    peers = _open_tantivy(data / corpus)
    asked = questions(corpus, data)
    gc.collect()
    gc.freeze()
    records = []
    with Index(folder) as index:
        for question in asked:
            record: dict[str, Any] = {"group": question.group, "text": question.text, "filters": question.filters}
            record["search"] = _time(own, question)
            peer = peers.get("tantivy" if question.phrase else "tantivy, same tokens")
            record["tantivy"] = _time(peer, question) if peer else None
            _search(index, question)
            records.append({**record, **count_calls(partial(_search, index, question))})
    with _recorded_numpy(), Index(folder) as index:
        operations = [repeat(_record(index, question)) for question in asked]
    fixed: dict[str, float] = {}
    for name, seconds in (item for items in operations for item in items):
        fixed[name] = min(seconds, fixed.get(name, seconds))
    calls = call_seconds()
    for record, items in zip(records, operations, strict=True):
        record["operations"] = len(items)
        record["arrays"] = 1000 * sum(seconds for _, seconds in items)
        record["fixed"] = 1000 * sum(fixed[name] for name, _ in items)
        record["calls"] = 1000 * sum(seconds * record[kind] for kind, seconds in calls.items())
    names = ("search", "tantivy", "arrays", "fixed", "calls")
    rounded = [{**item, **{name: item[name] and round(item[name], 4) for name in names}} for item in records]
    return {"call_us": {kind: round(1e6 * seconds, 4) for kind, seconds in calls.items()}, "questions": rounded}


def _open_tantivy(folder: Path) -> Mapping[str, Pipeline]:
    """Open the indexes of tantivy that `bench.product` has built for a corpus."""
    opened: dict[str, Pipeline] = {}
    for name in ("tantivy", "tokens"):
        if (folder / f"{name}-pipeline" / "complete").exists():
            opened |= pipelines.load(name).open_pipelines(folder / f"{name}-pipeline")
    return opened


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure what the array operations and the calls of a search take.")
    # argparse also checks the empty list, which it uses if no corpus is given.
    parser.add_argument("corpus", nargs="*", choices=[*CORPORA, []])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    arguments = parser.parse_args()
    data = arguments.data / corpora.fingerprint()
    record: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    record |= {"machine": machine.as_json(machine.describe())}
    for corpus in arguments.corpus or [name for name in CORPORA if corpora.is_available(name)]:
        record.setdefault("corpora", {})[corpus] = run(corpus, data)
        RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
