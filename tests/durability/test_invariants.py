"""Tests of indexes with valid checksums and inconsistent contents: a check detects them."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import COMMANDS, RunCommand, columnar_only

from searchkit.engines.columnar.arrays import Array, ArrayFile, pack_json, unpack_json, write_arrays
from searchkit.engines.columnar.postings import HEADING_TERM_PREFIX
from searchkit.errors import IndexDamaged
from searchkit.index import Index
from searchkit.manifest import compute_checksums, compute_manifest_checksum, read_manifest

pytestmark = [
    pytest.mark.usefixtures("timeout"),
    pytest.mark.skipif(os.name == "nt", reason="memory-mapped files cannot be changed"),
]

Change = Callable[[dict[str, Array]], None]


def doc_id_out_of_range(arrays: dict[str, Array]) -> None:
    """A posting has a doc id that does not exist."""
    arrays["posting_docs"][0] = 0xFFFF


def doc_ids_not_ascending(arrays: dict[str, Array]) -> None:
    """The doc ids of a posting list are not ascending."""
    first = find_posting_list(arrays)
    arrays["posting_docs"][[first, first + 1]] = arrays["posting_docs"][[first + 1, first]]


def duplicate_doc_id(arrays: dict[str, Array]) -> None:
    """A posting list contains a doc id twice."""
    first = find_posting_list(arrays)
    arrays["posting_docs"][first] = arrays["posting_docs"][first + 1]


def wrong_doc_id(arrays: dict[str, Array]) -> None:
    """A posting has the doc id of a paragraph without the word."""
    arrays["posting_docs"][find_posting_list(arrays, df=1)] ^= 1  # the doc id before or after


def wrong_frequency(arrays: dict[str, Array]) -> None:
    """A posting has a wrong frequency."""
    posting = find_posting_list(arrays)
    arrays["posting_tf"][posting // 2] ^= 4 << 4 * (posting % 2)  # two frequencies of 4 bits in each byte


def exchanged_lengths(arrays: dict[str, Array]) -> None:
    """The lengths of two paragraphs are exchanged."""
    length = arrays["length"]
    other = int(np.flatnonzero(length != length[0])[0])
    length[[0, other]] = length[[other, 0]]


def wrong_paragraph_end(arrays: dict[str, Array]) -> None:
    """A paragraph ends one character too late."""
    arrays["text_offsets"][1] += 1


def wrong_bigram_offset(arrays: dict[str, Array]) -> None:
    """A bigram has a wrong offset."""
    arrays["bigram_lists"][0] ^= 1


def wrong_document_end(arrays: dict[str, Array]) -> None:
    """A document ends one paragraph too late."""
    arrays["document_offsets"][1] += 1


def duplicate_paragraph_number(arrays: dict[str, Array]) -> None:
    """Two paragraphs of a document have the same number."""
    arrays["n"][0] = arrays["n"][1]


def measure_of_another_paragraph(arrays: dict[str, Array]) -> None:
    """A paragraph has the first measure of the next one."""
    starts = arrays["measure_offsets"]
    starts[int(np.flatnonzero(np.diff(starts.astype(np.int64)))[1])] += 1


def excess_measure(arrays: dict[str, Array]) -> None:
    """The last paragraph has a measure that does not exist."""
    arrays["measure_offsets"][-1] += 1


def measures_out_of_order(arrays: dict[str, Array]) -> None:
    """Two measures of a paragraph are out of order."""
    arrays["measure_start"][:2] = arrays["measure_start"][:2][::-1]


def measure_beyond_its_paragraph(arrays: dict[str, Array]) -> None:
    """Measures end after the ends of their paragraphs."""
    arrays["measure_length"][:] = np.iinfo(arrays["measure_length"].dtype).max


def part_of_missing_measure(arrays: dict[str, Array]) -> None:
    """A measure is part of a measure that does not exist."""
    arrays["measure_part_of"][np.flatnonzero(arrays["measure_part_of"])[0]] += 1


def value_is_nan(arrays: dict[str, Array]) -> None:
    """The value of a measure is NaN."""
    arrays["measure_base_values"][0] = np.array([np.nan]).view(np.uint64)[0]


def indicator_out_of_range(arrays: dict[str, Array]) -> None:
    """A measure has the code of an indicator that does not exist."""
    arrays["indicator_codes"][0] = np.iinfo(arrays["indicator_codes"].dtype).max


def unused_attributes(arrays: dict[str, Array]) -> None:
    """The distinct attributes of measures include some that no measure has."""
    arrays["measure_attributes_codes"][:] = 0


def unknown_bound(arrays: dict[str, Array]) -> None:
    """A measure has an unknown kind of bound."""
    data = arrays["measure_attributes_values"].tobytes().replace(b'"exact"', b'"uxact"', 1)
    arrays["measure_attributes_values"] = np.frombuffer(data, np.uint8)


def duplicate_rank(arrays: dict[str, Array]) -> None:
    """Two documents have the same rank in corpus order."""
    first, second = np.flatnonzero(arrays["live_documents"])[:2]
    arrays["ranks"][first] = arrays["ranks"][second]


def exchanged_ranks(arrays: dict[str, Array]) -> None:
    """The ranks of two documents are exchanged."""
    pair = np.flatnonzero(arrays["live_documents"])[[0, 1]]
    arrays["ranks"][pair] = arrays["ranks"][pair[::-1]]


def deleted_document(arrays: dict[str, Array]) -> None:
    """A document is deleted and still counted."""
    arrays["live_documents"][np.flatnonzero(arrays["live_documents"])[0]] = 0


def undeleted_document(arrays: dict[str, Array]) -> None:
    """A deleted document is live."""
    arrays["live_documents"][np.flatnonzero(arrays["live_documents"] == 0)[0]] = 1


def wrong_sum_of_lengths(arrays: dict[str, Array]) -> None:
    """The sum of the lengths is too high."""
    arrays["totals"][1] += 1


def missing_segment(arrays: dict[str, Array]) -> None:
    """The commit lists a segment that does not exist."""
    arrays["segments"] = pack_json(["000001.segment", "000099.segment"])


def segment_outside_the_data_folder(arrays: dict[str, Array]) -> None:
    """The commit lists segments outside the data folder."""
    names = [f"../{name}" for name in unpack_json(arrays["segments"])]
    arrays["segments"] = pack_json(names)


def pack_records(arrays: dict[str, Array], records: list[dict[str, Any]], level: int = 6) -> None:
    """Replace the records of the documents by those of one block, compressed with a level of zlib."""
    packed = zlib.compress(json.dumps(records, ensure_ascii=False).encode(), level)
    arrays["records"] = np.frombuffer(packed, np.uint8)
    arrays["record_offsets"] = np.array([0, len(packed)], np.uint16)


def record_of_another_title(arrays: dict[str, Array]) -> None:
    """The record of a document has another title than the column of titles."""
    first, *others = unpack_json(arrays["records"])
    pack_records(arrays, [{**first, "title": "其他"}, *others])


def record_with_more_content(arrays: dict[str, Array]) -> None:
    """A record begins with a field that the others lack."""
    first, *others = unpack_json(arrays["records"])
    pack_records(arrays, [{"more": 1, **first}, *others])


def bytes_after_the_records(arrays: dict[str, Array]) -> None:
    """A byte follows the compressed records."""
    arrays["records"] = np.append(arrays["records"], np.uint8(0))
    arrays["record_offsets"][-1] += 1


def facet_that_no_document_has(arrays: dict[str, Array]) -> None:
    """The names of facets contain one that no document has."""
    arrays["facet_names"] = pack_json([*unpack_json(arrays["facet_names"]), "更多"])


SEGMENT_CHANGES = (
    doc_id_out_of_range, doc_ids_not_ascending, duplicate_doc_id, wrong_doc_id, wrong_frequency, exchanged_lengths,
    wrong_paragraph_end, wrong_bigram_offset, wrong_document_end, duplicate_paragraph_number,
    measure_of_another_paragraph, excess_measure, measures_out_of_order, measure_beyond_its_paragraph,
    part_of_missing_measure, value_is_nan, indicator_out_of_range, unused_attributes, unknown_bound,
    record_of_another_title, record_with_more_content, bytes_after_the_records, facet_that_no_document_has,
)  # fmt: skip
COMMIT_CHANGES = (
    duplicate_rank, exchanged_ranks, deleted_document, undeleted_document, wrong_sum_of_lengths, missing_segment,
    segment_outside_the_data_folder,
)  # fmt: skip


def find_posting_list(arrays: Mapping[str, Array], df: int = 2) -> int:
    """Return the offset of the posting list of the first word that exactly `df` paragraphs have in their passages."""
    starts = arrays["posting_offsets"].astype(np.int64)
    is_of_text = arrays["terms"][arrays["terms_offsets"][:-1]] > ord(HEADING_TERM_PREFIX)
    return int(starts[:-1][is_of_text & (np.diff(starts) == df) & (arrays["posting_not_in_passage"] == 0)][0])


def change_arrays(path: Path, change: Change) -> None:
    """Change the arrays of a file."""
    stored = ArrayFile(path)
    arrays = {name: stored[name].copy() for name in stored._directory if name != "block_checksums"}
    del stored
    change(arrays)
    write_arrays(path, arrays)


def update_manifest(index: Path, **differences: int) -> None:
    """Update the checksums in the manifest, and add `differences` to its counts."""
    manifest: dict[str, Any] = json.loads((index / "index.json").read_text(encoding="utf-8"))
    del manifest["checksum"]
    manifest["files"] = {name: list(sums) for name, sums in compute_checksums(index / manifest["data"]).items()}
    for key, difference in differences.items():
        manifest[key] += difference
    text = json.dumps({**manifest, "checksum": compute_manifest_checksum(manifest)})
    (index / "index.json").write_text(text, encoding="utf-8")


@columnar_only
@pytest.mark.parametrize("change", [*SEGMENT_CHANGES, *COMMIT_CHANGES], ids=lambda change: change.__name__)
def test_inconsistent_arrays_are_detected(index: Path, run: RunCommand, change: Change) -> None:
    """A check detects an inconsistent array although its checksum is valid.

    Every command prints at most one line of errors. Except for `check`, commands need not report damage, because the
    checksums are valid.
    """
    name = "commit.arrays" if change in COMMIT_CHANGES else "000001.segment"
    change_arrays(index / read_manifest(index).data / name, change)
    update_manifest(index)
    with pytest.raises(IndexDamaged) as caught, Index(index) as opened:
        opened.check()
    assert str(index) in str(caught.value)
    for command in COMMANDS:
        assert run(*command, "--index", index).is_one_line


@pytest.mark.parametrize(("key", "difference"), [("documents", 1), ("paragraphs", -1), ("measures", 1)])
def test_wrong_counts_in_the_manifest_are_detected(index: Path, key: str, difference: int) -> None:
    """A check detects wrong numbers of documents, paragraphs or measures in the manifest."""
    update_manifest(index, **{key: difference})
    with Index(index) as opened, pytest.raises(IndexDamaged, match="the manifest says"):
        opened.check()


def test_rewritten_arrays_are_valid(index: Path) -> None:
    """A check accepts an index whose segments, if the engine has such files, and manifest were rewritten unchanged."""
    for path in (index / read_manifest(index).data).glob("*.segment"):
        change_arrays(path, lambda _: None)
    update_manifest(index)
    with Index(index) as opened:
        opened.check()


@columnar_only
def test_another_compression_is_valid(index: Path) -> None:
    """A check accepts records and names of facets that another version of zlib has compressed to other bytes."""

    def compress(arrays: dict[str, Array]) -> None:
        pack_records(arrays, unpack_json(arrays["records"]), level=0)
        names = json.dumps(unpack_json(arrays["facet_names"]), ensure_ascii=False).encode()
        arrays["facet_names"] = np.frombuffer(zlib.compress(names, 0), np.uint8)

    for path in (index / read_manifest(index).data).glob("*.segment"):
        change_arrays(path, compress)
    update_manifest(index)
    with Index(index) as opened:
        opened.check()
