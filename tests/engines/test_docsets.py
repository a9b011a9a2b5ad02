"""Sets of doc ids behave like Python's sets, whatever their form."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engines.columnar.docsets import DocSet, Form, concatenate, intersection, union

SIZE = 100
FORMS = [*Form]


def make_set(form: Form, members: set[int], size: int = SIZE) -> tuple[DocSet, set[int]]:
    """Return a set of a form, and its members. The forms `NONE` and `ALL` ignore `members`."""
    ids = np.array(sorted(members), np.intp)
    bitset = np.isin(np.arange(size), ids)
    if form is Form.NONE:
        return DocSet.none(size), set()
    if form is Form.ALL:
        return DocSet.all(size), set(range(size))
    if form is Form.IDS:
        return DocSet.of_ids(ids, size), members
    if form is Form.BITSET:
        return DocSet.of_bitset(bitset), members
    # `MATCH_BIT` in each member, and the frequency 7 in every doc, which must be ignored.
    return DocSet.of_dense_postings(bitset * np.uint8(128) + np.uint8(7)), members


def members_of(docs: DocSet) -> set[int]:
    """Return the members of a set. Checks that its methods agree on them."""
    ids = docs.ids.tolist()
    assert ids == sorted(set(ids))
    assert np.flatnonzero(docs.bitset).tolist() == ids
    assert np.flatnonzero(docs.contains(np.arange(docs.size))).tolist() == ids
    assert len(docs) == len(ids)
    assert docs.first(3).tolist() == ids[:3]
    assert [docs.compact().ids.tolist(), docs.postings_as_bitset().ids.tolist()] == [ids, ids]
    return set(ids)


def forms_and_members(size: int) -> st.SearchStrategy[tuple[Form, set[int]]]:
    """Generate a form and a set of doc ids below `size`."""
    return st.tuples(st.sampled_from(FORMS), st.sets(st.integers(0, size - 1)))


@given(st.lists(forms_and_members(SIZE), min_size=1, max_size=4))
def test_operations_are_those_of_python_sets(descriptions: list[tuple[Form, set[int]]]) -> None:
    """Intersection, union and complement equal the results of Python's sets, and do not change their operands."""
    sets = [make_set(*description) for description in descriptions]
    docs, expected = [docs for docs, _ in sets], [members for _, members in sets]
    assert members_of(intersection(docs)) == set.intersection(*expected)
    assert members_of(union(docs, SIZE)) == set.union(*expected)
    assert members_of(docs[0].complement()) == set(range(SIZE)) - expected[0]
    assert list(map(members_of, docs)) == expected


@given(st.lists(forms_and_members(40), max_size=4))
def test_concatenating_and_splitting_are_inverse(descriptions: list[tuple[Form, set[int]]]) -> None:
    """Concatenated sets of segments have the doc ids of the index. Splitting the result returns the original sets."""
    doc_bases = [40 * index for index in range(len(descriptions) + 1)]
    sets = [make_set(form, members, 40) for form, members in descriptions]
    index_set = concatenate([docs for docs, _ in sets], doc_bases)
    assert members_of(index_set) == {
        base + doc_id for base, (_, members) in zip(doc_bases, sets, strict=False) for doc_id in members
    }
    assert [members_of(part) for part in index_set.split(doc_bases)] == [members for _, members in sets]


def test_sparse_sets_are_stored_as_ids() -> None:
    """`compact`, `intersection` and `union` store sparse results as ids. `compact` leaves a dense set a bitset."""
    sparse, _ = make_set(Form.BITSET, {1, 5})
    dense, _ = make_set(Form.BITSET, set(range(50)))
    assert (sparse.compact().form, dense.compact().form) == (Form.IDS, Form.BITSET)
    assert intersection([sparse, dense]).form is Form.IDS
    assert union([sparse.compact(), sparse.compact()], SIZE).form is Form.IDS
