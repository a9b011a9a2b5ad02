"""Sets of doc ids are sets, whatever form they have."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engines.columnar.docsets import DocSet, Form, intersection, joined, union

SIZE = 100
FORMS = [*Form]


def made(form: Form, chosen: set[int], size: int = SIZE) -> tuple[DocSet, set[int]]:
    """A set in a form, and its members: of a form that stores nothing they are what the form says."""
    ids = np.array(sorted(chosen), np.intp)
    mask = np.isin(np.arange(size), ids)
    if form is Form.NONE:
        return DocSet.none(size), set()
    if form is Form.ALL:
        return DocSet.all(size), set(range(size))
    if form is Form.IDS:
        return DocSet.of_ids(ids, size), chosen
    return (DocSet.of_mask(mask) if form is Form.MASK else DocSet.of_row(mask * np.uint8(128) + np.uint8(7))), chosen


def members(docs: DocSet) -> set[int]:
    """What is in a set, by every way to ask."""
    ids = docs.ids.tolist()
    assert ids == sorted(set(ids))
    assert np.flatnonzero(docs.mask).tolist() == ids
    assert np.flatnonzero(docs.contains(np.arange(docs.size))).tolist() == ids
    assert len(docs) == len(ids)
    assert docs.first(3).tolist() == ids[:3]
    assert [docs.smaller().ids.tolist(), docs.dense_as_mask().ids.tolist()] == [ids, ids]
    return set(ids)


def any_set(size: int) -> st.SearchStrategy[tuple[Form, set[int]]]:
    """A form, and some ids."""
    return st.tuples(st.sampled_from(FORMS), st.sets(st.integers(0, size - 1)))


@given(st.lists(any_set(SIZE), min_size=1, max_size=4))
def test_sets_are_sets(given_sets: list[tuple[Form, set[int]]]) -> None:
    """Intersection, union and complement are those of Python's sets, and change nothing that they are made of."""
    sets = [made(*item) for item in given_sets]
    docs, expected = [docs for docs, _ in sets], [chosen for _, chosen in sets]
    assert members(intersection(docs)) == set.intersection(*expected)
    assert members(union(docs, SIZE)) == set.union(*expected)
    assert members(docs[0].complement()) == set(range(SIZE)) - expected[0]
    assert list(map(members, docs)) == expected


@given(st.lists(any_set(40), max_size=4))
def test_sets_of_segments_are_one_set(given_sets: list[tuple[Form, set[int]]]) -> None:
    """Sets of segments joined are the set of all by ids that go on; split again they are what they were."""
    starts = [40 * number for number in range(len(given_sets) + 1)]
    sets = [made(form, chosen, 40) for form, chosen in given_sets]
    whole = joined([docs for docs, _ in sets], starts)
    assert members(whole) == {start + n for start, (_, chosen) in zip(starts, sets, strict=False) for n in chosen}
    assert [members(part) for part in whole.split(starts)] == [chosen for _, chosen in sets]


def test_few_are_kept_as_ids() -> None:
    """A set of which few docs are members is stored as ids, whatever it was made of."""
    few, _ = made(Form.MASK, {1, 5})
    many, _ = made(Form.MASK, set(range(50)))
    assert (few.smaller().form, many.smaller().form) == (Form.IDS, Form.MASK)
    assert intersection([few, many]).form is Form.IDS
    assert union([few.smaller(), few.smaller()], SIZE).form is Form.IDS
