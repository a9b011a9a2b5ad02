"""Time limits of searches, look-ups, comparisons and audits."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import searchkit
from searchkit.corpus.reading import ParsedDocument
from searchkit.engines import timing
from searchkit.errors import TimedOut, UsageError
from searchkit.index import Index


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index of two reports."""
    return index_of([report(name, "全年立案129件。", "执法检查。", year=2023) for name in ("a.txt", "b.txt")])


CALLS: dict[str, Callable[..., object]] = {
    "search": lambda index, **options: index.search("执法 检查", **options),
    "every_hit": lambda index, **options: list(index.every_hit("执法", **options)),
    "similar": lambda index, **options: index.similar("a.txt#1", **options),
    "conditions": lambda index, **options: index.conditions("执法 检查", **options),
    "measures": lambda index, **options: index.measures("立案", **options),
    "ranked_measures": lambda index, **options: index.ranked_measures("立案", **options),
    "compare": lambda index, **options: index.compare("立案", **options),
    "audit": lambda index, **options: index.audit(**options),
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on by a second each time that it is read."""
    now = [0.0]

    def monotonic() -> float:
        now[0] += 1
        return now[0]

    # `time.monotonic` itself stays, because other threads read it.
    monkeypatch.setattr(timing, "time", SimpleNamespace(monotonic=monotonic))
    return now


@pytest.mark.parametrize("call", CALLS)
def test_a_call_ends_at_its_limit(index: Index, call: str, clock: list[float]) -> None:
    """A call that takes longer than `timeout` raises TimedOut, with exit status 3. Later calls work as before."""
    assert clock[0] == 0
    with pytest.raises(TimedOut, match=r"not finished after 0\.5 s") as caught:
        CALLS[call](index, timeout=0.5)
    assert caught.value.exit_status == 3
    expected = CALLS[call](index)
    assert CALLS[call](index, timeout=1e9) is not None
    assert index.search("执法").total == 2
    assert type(expected) is type(CALLS[call](index))


def test_a_limit_holds_for_all_calls_of_a_block(index: Index, clock: list[float]) -> None:
    """Each call in a block of `time_limit` raises TimedOut. Of nested limits, the one that ends first holds.

    After the block, and in a block with the limit None, there is no limit.
    """
    assert clock[0] == 0
    with searchkit.time_limit(0.5):
        for call in (index.facets, lambda: list(index.paragraphs()), lambda: index.coverage("section", "year")):
            with pytest.raises(TimedOut):
                call()
        with searchkit.time_limit(1e9), pytest.raises(TimedOut, match=r"0\.5 s"):
            index.search("执法")
    with searchkit.time_limit(None):
        assert index.search("执法").total == 2


@pytest.mark.parametrize("timeout", [0, -1, "1", True, float("nan")])
def test_a_limit_is_a_positive_number(index: Index, timeout: Any) -> None:  # noqa: ANN401
    """A time limit that is not a positive number is a usage error."""
    with pytest.raises(UsageError, match="timeout must be a number of seconds above 0"):
        index.search("执法", timeout=timeout)
