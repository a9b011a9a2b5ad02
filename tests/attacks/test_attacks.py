"""A short form of every attack, and tests that attacks notice what they look for."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the attacks need fork, signals and /proc of Linux", allow_module_level=True)

import crafted
import faults
import kills
import neighbours
import power
import queries
import tampering
from commands import Commands, Outcome
from oracle import State, copy_index, differences, find_state, leftovers, make_state
from report import REPORT, render
from shim import Break, Mode, Shim, can_preload
from tally import Tally

import searchkit
from searchkit.manifest import read_manifest, verify_checksums

needs_compiler = pytest.mark.skipif(not can_preload(), reason="needs a C compiler to build the shim")
SEED = 7


@pytest.fixture
def tally() -> Tally:
    """Empty counts."""
    return Tally()


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Shim:
    """The compiled shim."""
    return Shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def commands(shim: Shim) -> Iterator[Commands]:
    """A process that runs commands with the shim."""
    with Commands(shim.environment) as started:
        yield started


@pytest.fixture(scope="module")
def scenarios(commands: Commands, tmp_path_factory: pytest.TempPathFactory) -> list[faults.Scenario]:
    """Builds to break, in this order: an update, a first build, a full build."""
    return faults.make_scenarios(tmp_path_factory.mktemp("scenarios"), SEED, commands)


# --- the oracle


def test_the_oracle_finds_what_is_wrong(tmp_path: Path) -> None:
    """The oracle accepts an index of a state, and names what differs from another state.

    It also finds a missing index, files that are left, and damage.
    """
    state = make_state(random.Random(SEED))  # noqa: S311 - no secret
    state.write(tmp_path / "corpus")
    searchkit.build(tmp_path / "corpus", tmp_path / "index")
    assert find_state(tmp_path / "index", [None, state]) == 1
    assert find_state(tmp_path / "none", [None, state]) == 0
    assert find_state(tmp_path / "none", [state]) == "the index is lost"
    first, *others = state.files
    changed = State({**state.files, first: (state.files[first][0] + "普法", *state.files[first][1:])})
    assert {"paragraphs", 'hits of "普法"', 'facets of "普法"'} <= {*differences(tmp_path / "index", changed)}
    assert "documents" in differences(tmp_path / "index", State({name: state.files[name] for name in others}))
    assert leftovers(tmp_path / "index") == set()
    (tmp_path / "index" / "data-000099").mkdir()
    assert leftovers(tmp_path / "index") == {"data-000099"}
    next((tmp_path / "index").glob("data-000001/*.segment")).unlink()
    assert str(find_state(tmp_path / "index", [state])).startswith("IndexDamaged")


@pytest.mark.parametrize(
    ("outcome", "state", "verdict"),
    [
        (Outcome(0, "", "", 0, 0), 1, None),
        (Outcome(0, "", "", 0, 0), 0, "lost"),
        (Outcome(3, "", "searchkit: cannot write to index: No space left on device\n", 0, 0), 0, None),
        (Outcome(3, "", "searchkit: cannot write to index: No space left on device\n", 0, 0), 1, "unclear"),
        (Outcome(3, "", "", 0, 0), 0, "unclear"),
        (Outcome(3, "", "searchkit: OSError: x (a bug in searchkit; set SEARCHKIT_DEBUG=1)\n", 0, 0), 0, "raised"),
        (Outcome(1, "", "Traceback (most recent call last):\nOSError\n", 0, 0), 0, "raised"),
        (Outcome(-11, "", "", 0, 0), 0, "raised"),
        (Outcome(-24, "", "", 0, 0), 0, "hung"),
        (Outcome(0, "", "", 0, 0), "wrong: hits", "wrong"),
        (Outcome(0, "", "", 0, 0), "IndexDamaged: x", "lost"),
    ],
)
def test_broken_builds_are_judged(outcome: Outcome, state: int | str, verdict: str | None) -> None:
    """The verdict (`tally.VERDICTS`) follows from the state that a broken build leaves, its status and its message.

    State 0 is the state before the build, state 1 the one that the build was to write.
    """
    found = faults.judge(outcome, state, is_killed=False)
    assert (found and found[0]) == verdict


# --- system calls and power


@needs_compiler
def test_failing_system_calls(
    scenarios: list[faults.Scenario], commands: Commands, shim: Shim, tally: Tally, tmp_path: Path
) -> None:
    """An update survives failing calls of several kinds, a kill, and a full disk."""
    attacked = faults.Faults(tmp_path, tally, commands, shim)
    kinds, size = attacked.trace(scenarios[0])
    assert {"open", "read", "write", "ftruncate", "fsync", "mmap", "close", "mkdir", "rename", "link"} <= {*kinds}
    commit = len(kinds) - 1 - kinds[::-1].index("rename")
    for kind in ("open", "write", "fsync", "mkdir", "link", "mmap"):
        attacked.run(scenarios[0], Break(kinds.index(kind) + 1, error=faults.ERRORS[kind][0]))
    attacked.run(scenarios[0], Break(commit + 1))
    attacked.run(scenarios[0], Break(commit + 2, Mode.KILL))
    attacked.run(scenarios[0], Break(space=size // 2))
    assert tally.faults == []
    assert tally.cases["full disk"] == 1
    assert tally.cases["rename"] == 1


RunPower = Callable[[faults.Scenario, int], None]
"""Checks states of the disk after power failures in a scenario: states at random moments, whose number is the second
argument, and states after the end of the build."""


@pytest.fixture
def run_power(commands: Commands, shim: Shim, tally: Tally, tmp_path: Path) -> RunPower:
    """A function that checks states of the disk."""

    def run(scenario: faults.Scenario, states: int) -> None:
        power.PowerFailures(tmp_path, tally, commands, shim).run(scenario, states, random.Random(SEED))  # noqa: S311

    return run


@needs_compiler
def test_power_failures(scenarios: list[faults.Scenario], run_power: RunPower, tally: Tally) -> None:
    """An update survives power failures."""
    run_power(scenarios[0], 150)
    assert tally.faults == []
    assert tally.details["different indexes"] >= 2
    assert tally.details["next builds"] == 3


@needs_compiler
@pytest.mark.parametrize("unsynced", [".segment", "index.json.new", "folders"])
def test_missing_syncs_are_noticed(
    scenarios: list[faults.Scenario], run_power: RunPower, tally: Tally, unsynced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the log of a build lacks syncs of files or folders, the attack finds that the index or commit can be lost."""
    read_log = Shim.read_log

    def forget(self: Shim) -> Iterator[object]:
        for call in read_log(self):
            is_folder = call.kind == "fsync" and "." not in Path(call.path).name
            if not (call.kind == "fsync" and (call.path.endswith(unsynced) or (is_folder and unsynced == "folders"))):
                yield call

    def stop_at_loss(verdict: str, description: str) -> None:
        if verdict == "lost":
            raise Noticed(description)

    monkeypatch.setattr(Shim, "read_log", forget)
    monkeypatch.setattr(tally, "add_fault", stop_at_loss)
    with pytest.raises(Noticed):
        run_power(scenarios[0], 0)


class Noticed(Exception):
    """A loss was found, after which no other state of the disk is tried."""


# --- signals, damage, queries, neighbours


def test_signals(tally: Tally, tmp_path: Path) -> None:
    """An index survives two builds that receive signals."""
    attacked = kills.Kills(tmp_path, tally, SEED)
    for _ in range(2):
        attacked.run()
    assert tally.faults == []


@pytest.mark.parametrize(
    ("status", "err", "state", "must_succeed", "verdict"),
    [
        (-9, "", 0, False, None),
        (-9, "", 0, True, "unclear"),
        (-13, "", 0, True, None),
        (-13, "", 1, True, "unclear"),
        (0, "", 0, False, "lost"),
        (3, "searchkit: interrupted\n", 0, False, None),
        (1, "", 0, False, "unclear"),
        (3, "Traceback\n", 0, False, "raised"),
    ],
)
def test_builds_with_signals_are_judged(
    status: int, err: str, state: int, verdict: str | None, *, must_succeed: bool
) -> None:
    """The verdict (`tally.VERDICTS`) follows from the state that a build leaves, its status and its message.

    It also depends on whether the build must succeed in spite of the signal. State 0 is the state before the build,
    state 1 the one that the build was to write.
    """
    found = kills.judge(status, err, state, must_succeed=must_succeed)
    assert (found and found[0]) == verdict


@pytest.mark.usefixtures("_same_commands")
def test_damaged_files(tally: Tally) -> None:
    """`check` finds each damage, and commands end with an answer or one line."""
    tampering.attack(tally, 16, SEED)
    assert tally.faults == []
    assert {"flipped", *tampering.OTHERS} <= {*tally.cases}
    assert tally.cases["flipped"] > 5


@pytest.fixture
def _same_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the same three commands on each damaged index."""
    monkeypatch.setattr(tampering, "COMMANDS", tampering.COMMANDS[:3])


def test_damage_that_a_check_misses_is_noticed(tally: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If `check` finds nothing in a damaged index, the attack reports a fault."""
    monkeypatch.setattr(Commands, "run", lambda *_, **__: Outcome(0, "", "", 0, 0))
    monkeypatch.setattr(tampering, "content_of", lambda index: {path: path.read_bytes() for path in index.iterdir()})

    def fake(self: tampering.Tampering, folder: Path) -> None:
        folder.mkdir()
        (folder / "a").write_bytes(b"abc")
        self._index = self._older = folder
        self._copy, self._tally, self._commands = folder.with_name("copy"), tally, Commands.__new__(Commands)
        self._rng, self._intact = random.Random(SEED), tampering.content_of(folder)  # noqa: S311

    attacked = tampering.Tampering.__new__(tampering.Tampering)
    fake(attacked, tmp_path / "index")
    attacked.run("flipped")
    assert tally.verdicts == Counter(wrong=1)


def test_crafted_indexes(tally: Tally) -> None:
    """Commands on an index that someone has changed on purpose end with an answer or one line."""
    crafted.attack(tally, 10, SEED)
    assert tally.faults == []
    assert tally.cases == Counter(columnar=9, whoosh=1)
    assert 0 < tally.details["refused"] < 30


def test_crafted_files_have_right_checksums(tmp_path: Path) -> None:
    """Each kind of file is crafted, and a verification of the checksums finds nothing."""
    make_state(random.Random(SEED), 3).write(tmp_path / "corpus")  # noqa: S311 - no secret
    index, copy = tmp_path / "index", tmp_path / "copy"
    searchkit.build(tmp_path / "corpus", index)
    rng, crafted_kinds = random.Random(SEED), set()  # noqa: S311 - no secret
    for _ in range(40):
        copy_index(index, copy)
        what = crafted.craft_manifest(copy, rng)
        if not what.startswith("index.json"):
            verify_checksums(copy, read_manifest(copy))
            crafted_kinds.add(what.partition(",")[0].partition(".")[2])
    assert crafted_kinds == {"segment", "arrays", "json", "txt"}


def test_hostile_queries(tally: Tally) -> None:
    """Hostile queries are answered or refused."""
    queries.attack(tally, 250, SEED)
    assert tally.faults == []
    assert tally.longest[0] > 0


@pytest.mark.parametrize(("error", "verdict"), [(KeyError("x"), "raised"), (AssertionError("x"), "wrong")])
def test_exceptions_of_queries_are_noticed(
    tally: Tally, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, verdict: str
) -> None:
    """If a query raises anything but a SearchkitError, the attack counts a fault.

    Its verdict is `wrong` for an AssertionError, and `raised` for any other exception.
    """
    make_state(random.Random(SEED), 2).write(tmp_path / "corpus")  # noqa: S311 - no secret
    searchkit.build(tmp_path / "corpus", tmp_path / "index")

    def fail(*_: object) -> object:
        raise error

    monkeypatch.setattr(queries.Queries, "_search", fail)
    with searchkit.open(tmp_path / "index") as index:
        attacked = queries.Queries(index, tally, SEED)
        for _ in range(20):
            attacked.run()
    assert tally.verdicts[verdict] > 5


def test_hostile_requests(tally: Tally) -> None:
    """A server answers hostile requests as `addresses.py` demands."""
    pytest.importorskip("starlette", reason="the server needs the extra web")
    import addresses

    addresses.attack(tally, 80, SEED)
    assert tally.faults == []


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{}", True),
        (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{", False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", True),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\nTraceback (most recent call last)", False),
        (b"", False),
    ],
)
def test_answers_are_judged(answer: bytes, *, is_right: bool) -> None:
    """Status 500, a traceback, invalid JSON and no answer at all are faults. Statuses 400 and 503 are none."""
    pytest.importorskip("starlette", reason="the server needs the extra web")
    import addresses

    assert (addresses.judge(answer, may_be_cut=False) is None) == is_right


def test_builds_beside_readers_copies_and_writers(tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside builds, a reader and copies find a state that one of the builds made. Another writer may be refused.

    Open indexes whose folders are moved answer as before, or raise an error of one line.
    """
    for name in ("_OTHER_WRITERS", "_READERS"):
        monkeypatch.setattr(neighbours, name, 1)
    neighbours.attack(tally, 3, SEED)
    assert tally.faults == []
    assert tally.cases["open index removed"] == 2


# --- the report


def test_the_report_shows_the_results() -> None:
    """`RESULTS.md` is what `report.py` writes from the result files."""
    assert REPORT.read_text(encoding="utf-8") == render()
