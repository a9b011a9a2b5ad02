"""OpenSearch's plugin for security: the roles in docs/scale.md suffice, and everything else is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from node import why_unavailable

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import IndexUnusable
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build, write_index

pytest.importorskip("opensearchpy", reason="opensearch-py is not installed")

from secured import SecuredNode, secured_node

from searchkit.engines.opensearch.cluster import Cluster

OPTIONS = BuildOptions("opensearch")
PREFIX = "SEARCHKIT_OPENSEARCH_"
Report = Callable[..., ParsedDocument]


@pytest.fixture(scope="module")
def node(request: pytest.FixtureRequest) -> Iterator[SecuredNode]:
    """A secured node. Starting it takes half a minute, so only `make opensearch` runs these tests."""
    if not request.config.getoption("--cluster"):
        pytest.skip("make opensearch runs it")
    if reason := why_unavailable("secured"):
        pytest.skip(f"no OpenSearch node: {reason}")
    with secured_node() as started:
        yield started


@pytest.fixture
def act_as(node: SecuredNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`act_as(user)` gives the credentials of a user by a file, `act_as(user, by="certificate")` by a certificate."""

    def act(user: str, by: str = "password") -> None:
        for name in ("CREDENTIALS", "CERTIFICATE", "KEY", "URL"):
            monkeypatch.delenv(PREFIX + name, raising=False)
        monkeypatch.setenv(f"{PREFIX}CA", str(node.folder / "ca.pem"))
        if by == "certificate":
            monkeypatch.setenv(f"{PREFIX}CERTIFICATE", str(node.folder / f"{user}.pem"))
            monkeypatch.setenv(f"{PREFIX}KEY", str(node.folder / f"{user}.key"))
        else:
            file = tmp_path / "credentials"
            file.write_text(f"{PREFIX}USER={user}\n{PREFIX}PASSWORD={node.passwords.get(user, 'wrong')}\n")
            file.chmod(0o600)
            monkeypatch.setenv(f"{PREFIX}CREDENTIALS", str(file))

    return act


@pytest.mark.parametrize("by", ["password", "certificate"])
def test_the_roles_suffice(node: SecuredNode, act_as: Callable[..., None], tmp_path: Path, by: str) -> None:
    """The builder builds, updates and checks; the searcher searches, looks up and exports, and cannot build."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    (corpus / "a.txt").write_text("滨海新区2023年工作报告\n全年立案3件。\n", "utf-8")
    Cluster.assign(index, f"{node.url}/reports-{by}")
    act_as("builder", by)
    build(corpus, index, OPTIONS)
    for text in ("全年立案5件。", "全年检查7次。"):
        (corpus / "b.txt").write_text(f"滨海新区2022年工作报告\n{text}\n", "utf-8")
        build(corpus, index, OPTIONS)
    with Index(index) as opened:
        opened.check()
    act_as("searcher", by)
    with Index(index) as opened:
        assert {hit.document for hit in opened.search("立案 OR 检查", facets="year").hits} == {"a.txt", "b.txt"}
        assert [hit.value for hit in opened.measures("立案").hits] == [3]
        assert len([*opened.paragraphs()]) == 2
    with pytest.raises(IndexUnusable, match="lacks a permission") as caught:
        build(corpus, index, BuildOptions("opensearch", full=True))
    assert "\n" not in str(caught.value)


def test_indices_of_others_are_refused(
    node: SecuredNode, act_as: Callable[..., None], tmp_path: Path, report: Report
) -> None:
    """The roles do not permit access to an index whose name has another prefix."""
    Cluster.assign(tmp_path / "index", f"{node.url}/other")
    act_as("builder")
    with pytest.raises(IndexUnusable, match="lacks a permission"):
        write_index([report("a.txt", "检查")], tmp_path / "index", OPTIONS)
    with pytest.raises(IndexUnusable, match="lacks a permission"):
        Index(tmp_path / "index")


def test_an_unknown_user_is_refused(node: SecuredNode, act_as: Callable[..., None], tmp_path: Path) -> None:
    """An unknown user is refused in one line."""
    Cluster.assign(tmp_path, f"{node.url}/reports")
    act_as("nobody")
    with pytest.raises(IndexUnusable, match="user or password is refused") as caught:
        Index(tmp_path)
    assert "\n" not in str(caught.value)


def test_no_secret_is_on_the_cluster(
    node: SecuredNode, act_as: Callable[..., None], tmp_path: Path, report: Report
) -> None:
    """Neither the folder nor the OpenSearch index with manifest and lock contains the password."""
    Cluster.assign(tmp_path / "index", f"{node.url}/reports-secret")
    act_as("builder")
    write_index([report("a.txt", "检查")], tmp_path / "index", OPTIONS)
    cluster = Cluster.read(tmp_path / "index")
    assert cluster is not None
    deadline = time.monotonic() + 30
    while True:  # the cluster shows a search new documents after a second or so
        stored = cluster.call("GET", f"/{cluster.state_index()}/_search?version=true")
        if stored["hits"]["hits"] or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    local = "".join(path.read_text() for path in (tmp_path / "index").iterdir())
    assert stored["hits"]["hits"]
    assert node.passwords["builder"] not in json.dumps(stored) + local
