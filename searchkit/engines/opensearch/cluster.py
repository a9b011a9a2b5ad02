"""The connection to an OpenSearch cluster. `Cluster.call` sends all requests, and turns failures into one-line errors.

The folder of an index contains `cluster.json` with the address of the cluster, the name of the index and the number of
shards. The file contains no secrets (`credentials`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from opensearchpy import JSONSerializer, OpenSearch, exceptions

from searchkit.engines.directory import CLUSTER_FILE
from searchkit.engines.opensearch.credentials import client_arguments
from searchkit.engines.opensearch.multisearch import Search, ask_together, run_together
from searchkit.engines.timing import check_time
from searchkit.errors import IndexDamaged, IndexForeign, IndexUnusable, UsageError
from searchkit.manifest import replace_file

DEFAULT_SHARDS = 1
"""Number of shards of an index whose folder names none."""
MIN_VERSION = (2, 19)
"""The lowest version of OpenSearch that has all that the engine uses."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
"""Names that are valid in the name of an OpenSearch index, and cannot be read as a pattern or as another path."""
_DATA = re.compile(r"data-[0-9]{6,}")
_TIMEOUT = 60
"""Seconds until an attempt of a request counts as failed. The client then repeats the request, at most three times."""
_BULK_TIMEOUT = 120
"""Seconds until an attempt of a bulk request counts as failed. It is longer, because a bulk request that is sent again,
although the first one was carried out, leaves deleted documents, which make searches slower."""
_ATTEMPTS = 6
"""Maximum number of times that a request is sent if the cluster has too much to do (status 429). The same maximum holds
for a single search in a multi-search, for a bulk request if the cluster cannot write one of its documents now, for the
reading of a file that is not found, and for the count of the documents of a new state."""
_CHUNK_SIZE = 4 << 20
"""Maximum bytes of a file in one OpenSearch document."""
EXISTS = "resource_already_exists_exception"
"""Kind of the error if a new OpenSearch index exists already, for example because the request was sent twice."""
_GONE = "index_not_found_exception"
"""Kind of the error if an OpenSearch index does not exist."""
_BUSY = 429
_UNAVAILABLE = 503

_MAX_BUCKETS = 65_535
"""Maximum number of combinations of values in an answer, the default limit of OpenSearch."""

Json = dict[str, Any]
Buckets = dict[tuple[str, ...], int]
"""Numbers of documents by combination of values (`Cluster.count_buckets`)."""
_Result = TypeVar("_Result")


class _Serializer(JSONSerializer):
    """Decodes JSON with msgspec, in a third of the time of the client's own serializer."""

    def loads(self, s: str) -> Any:  # noqa: ANN401 - any JSON
        """Return the content of a JSON text."""
        try:
            return msgspec.json.decode(s)
        except msgspec.MsgspecError as error:
            raise exceptions.SerializationError(s[:100], error) from None


@dataclass(frozen=True)
class Cluster:
    """An index on a cluster: its address, its name, and how its states are created."""

    url: str
    """Address of a node, or of a proxy in front of the cluster; or several addresses, separated by commas. Contains no
    secrets."""
    name: str
    """Name of the index. The names of its OpenSearch indices begin with `searchkit-` and this name."""
    shards: int
    """Number of shards of each new state."""

    @classmethod
    def parse(cls, url: str, folder: Path) -> Cluster:
        """Return the cluster of an address `http://host:9200/NAME`.

        If the address has no name, the name is made from the path of the folder and the name of this machine. Several
        nodes are `http://a:9200,http://b:9200/NAME`. Raises UsageError if an address or the name is invalid.
        """
        *others, last = url.split(",")
        addresses = ",".join(_address_of(item) for item in (*others, last))
        if any(_path_of(item) for item in others):
            raise UsageError(f"the name of the index is at the end of the last address, not as in {url!r}")
        name = _path_of(last) or _default_name(folder)
        if not _NAME.fullmatch(name):
            raise UsageError(f"the name of an index on a cluster has only a-z, 0-9, - and _, not {name!r}")
        return cls(addresses, name, DEFAULT_SHARDS)

    @classmethod
    def read(cls, index: Path) -> Cluster | None:
        """Return the cluster of an index folder, or None if the folder has no `cluster.json`.

        Raises IndexForeign if the file is invalid, and IndexUnusable if it cannot be read.
        """
        path = index / CLUSTER_FILE
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise IndexUnusable(f"cannot read {path}: {error.strerror or error}") from None
        except ValueError:
            data = None
        try:
            cluster = cls.parse(f"{data['url']}/{data['name']}", index)
            shards = int(data.get("shards", DEFAULT_SHARDS))
        except (TypeError, KeyError, ValueError, AttributeError, UsageError):
            raise IndexForeign(f"{path}: not the url and the name of an index on a cluster") from None
        return cls(cluster.url, cluster.name, shards)

    @classmethod
    def find(cls, index: Path, url: str) -> Cluster:
        """Return the cluster of an index folder at an address. An index that has a name keeps it at a new address.

        Raises UsageError for an invalid address, and for one that names another index. Raises IndexForeign if the
        folder has an invalid `cluster.json`, and IndexUnusable if that file cannot be read.
        """
        cluster, old = cls.parse(url, index), cls.read(index)
        if old is not None and _path_of(url.rpartition(",")[2]) not in {"", old.name}:
            raise UsageError(
                f"the index in {index} is {old.name} on {old.url}: choose another folder for {cluster.name}"
            )
        return cluster if old is None else cls(cluster.url, old.name, old.shards)

    @classmethod
    def assign(cls, index: Path, url: str) -> None:
        """Write `cluster.json` for an address. Does not connect to it, so no cluster needs to run there.

        Raises the exceptions of `find`, and OSError if the file cannot be written.
        """
        cls.find(index, url).write(index)

    def write(self, index: Path) -> None:
        """Write `cluster.json`. Creates the folder if it does not exist. Raises OSError if that fails."""
        index.mkdir(parents=True, exist_ok=True)
        replace_file(index / CLUSTER_FILE, json.dumps(asdict(self), indent=1) + "\n")

    def state_index(self) -> str:
        """Return the name of the OpenSearch index with the manifest and the lock."""
        return f"searchkit-{self.name}-state"

    def data_index(self, data: str) -> str:
        """Return the name of the OpenSearch index of a state (`data-000012`). Raises IndexDamaged for other names."""
        if not _DATA.fullmatch(data):  # a damaged manifest must not name another OpenSearch index of the cluster
            raise IndexDamaged(f"{self.url} ({self.name}): the manifest names no state, but {data!r}; build again")
        return f"searchkit-{self.name}-{data}"

    def list_data(self) -> list[str]:
        """Return the names of the states on the cluster, in no particular order."""
        prefix = f"searchkit-{self.name}-"
        found = self.call("GET", f"/{prefix}data-*?filter_path=*.settings.index.uuid")
        names = (name.removeprefix(prefix) for name in found)
        return [name for name in names if _DATA.fullmatch(name)]

    @cached_property
    def _clients(self) -> dict[int, OpenSearch]:
        """The client of each process, by its id. After a fork, two processes must not read from one connection."""
        return {}

    @property
    def _client(self) -> OpenSearch:
        pid = os.getpid()
        if pid not in self._clients:
            client = OpenSearch(
                self.url.split(","),
                timeout=_TIMEOUT,
                max_retries=3,
                retry_on_timeout=True,
                retry_on_status=(502, 503, 504),
                http_compress=False,
                serializer=_Serializer(),
                maxsize=16,
                **client_arguments(),
            )
            return self._clients.setdefault(pid, client)
        return self._clients[pid]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: Mapping[str, object] | None = None,
        accept: Collection[int | str] = (),
    ) -> Any:  # noqa: ANN401 - any JSON
        """Send a request and return the JSON of the answer, or None if its status or kind of error is in `accept`.

        A request is sent again if the cluster has too much to do (status 429), but not if OpenSearch has blocked
        writing, for example because a disk is full. The client sends a request again if no answer arrives, or an answer
        with the status 502, 503 or 504. Raises IndexUnusable if the last attempt fails, IndexForeign if the answer is
        not JSON, and TimedOut if the time limit is over (`timing`).
        """
        for is_last in attempts():
            check_time()
            try:
                answer = self._client.transport.perform_request(method, path, params=dict(params or {}), body=body)
                if isinstance(answer, dict | list):
                    return answer
                raise IndexForeign(f"{self.url}: not OpenSearch, its answer is not JSON")
            except exceptions.SerializationError:
                raise IndexForeign(f"{self.url}: not OpenSearch, its answer is not JSON") from None
            except exceptions.TransportError as error:
                status = error.status_code
                if status in accept or error.error in accept:
                    return None
                if is_last or status != _BUSY or "blocked by" in _reason_of(error):
                    raise self._describe(error) from None
        raise AssertionError  # the last attempt returns or raises

    def _describe(self, error: exceptions.TransportError) -> IndexUnusable:
        """Return the error of a failed request, in one line without secrets."""
        if isinstance(error, exceptions.ConnectionError):
            what = _describe_connection(error)
            return IndexUnusable(f"{self.url} ({self.name}): {what}")
        info = error.info if isinstance(error.info, dict) else {}
        return self._refusal(int(error.status_code), info, str(error.error))

    def _refusal(self, status: int, answer: Json, default: str = "") -> IndexUnusable:
        """Return the error of a request, or of a part of a request, that OpenSearch refuses with `answer`."""
        cause = answer.get("error")
        if isinstance(cause, dict) and cause.get("type") == _GONE:
            return IndexUnusable(f"{self.url} ({self.name}): this state of the index is gone; open the index again")
        what = _describe_refusal(status, _reason_in(answer, default))
        return IndexUnusable(f"{self.url} ({self.name}): {what}")

    def check_version(self) -> None:
        """Raise IndexForeign unless the server is OpenSearch in a version that has all that the engine uses."""
        answer = self.call("GET", "/", accept={404})
        version = answer.get("version") if isinstance(answer, dict) else None
        version = version if isinstance(version, dict) else {}
        number = str(version.get("number", "?"))
        parts = tuple(int(part) for part in re.findall(r"\d+", number)[:2])
        if version.get("distribution") != "opensearch" or parts < MIN_VERSION:
            needed = ".".join(map(str, MIN_VERSION))
            message = f"{self.url}: not OpenSearch {needed} or newer, but {version.get('distribution', '?')} {number}"
            raise IndexForeign(message)

    def search(self, data: str, body: Json, **params: str) -> Json:
        """Answer one search of a state. `params`: further fields of its header (`Search`). All shards must answer."""
        (answer,) = self._ask(data, [({**_COMPLETE, **params}, body)])
        return answer

    def search_many(self, data: str, bodies: Sequence[Json]) -> list[Json]:
        """Answer several searches of a state in one request. Raises IndexUnusable if one of them fails."""
        return self._ask(data, [(_COMPLETE, body) for body in bodies])

    def run_together(self, data: str, calls: Iterable[Callable[[], _Result]]) -> Iterator[_Result]:
        """Run calls that search a state, several at a time, and yield their results in order (`multisearch`)."""
        return run_together((self, data), partial(self._send, data), calls)

    def _ask(self, data: str, searches: Sequence[Search]) -> list[Json]:
        """Return the answers to searches. One request may also contain the searches of other calls (`multisearch`)."""
        if not searches:
            return []
        answers = ask_together((self, data), searches)
        check_time()
        # None: this thread runs no call of `run_together`.
        answers = self._send(data, searches) if answers is None else answers
        for answer in answers:
            if "error" in answer:
                raise self._refusal(answer["status"], answer)
        return answers

    def _send(self, data: str, searches: Sequence[Search]) -> list[Json]:
        """Return the answers to searches, or their errors. A search with the status 429 (too busy) is sent again."""
        answers: dict[int, Json] = {}
        path = f"/{self.data_index(data)}/_msearch"
        left: Sequence[int] = range(len(searches))
        for _ in attempts():
            lines = [json.dumps(part, ensure_ascii=False) for n in left for part in searches[n]]
            answers |= zip(left, self.call("POST", path, "\n".join(lines) + "\n")["responses"], strict=True)
            left = [n for n in left if answers[n]["status"] == _BUSY]
            if not left:
                break
        return [answers[n] for n in range(len(searches))]

    def put_file(self, data: str, name: str, content: bytes) -> None:
        """Store a file in a state, in OpenSearch documents that each have at most `_CHUNK_SIZE` bytes of the file."""
        chunks = [content[start : start + _CHUNK_SIZE] for start in range(0, len(content), _CHUNK_SIZE)] or [b""]
        record = {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for number, chunk in enumerate(chunks):
            body = {
                "kind": "file",
                "file": name,
                "order": f"{name}\0{number:08d}",
                "record": {**record, "chunks": len(chunks), "content": base64.b64encode(chunk).decode("ascii")},
            }
            self.call("PUT", f"/{self.data_index(data)}/_doc/file-{name}-{number}", body)

    def get_file(self, data: str, name: str) -> bytes:
        """Return a file of a state. Raises IndexDamaged if it is missing or altered.

        A file that is not found is looked for again. A node that was cut off may lack what was written in the meantime,
        and answers from its own copy of a shard until it notices that it was cut off.
        """
        for _ in attempts():
            first, *_ = self._get_chunks(data, name, range(1))
            rest = self._get_chunks(data, name, range(1, first["chunks"] if first else 0))
            content = b"".join(base64.b64decode(chunk["content"]) for chunk in (first, *rest) if chunk)
            if first is not None and hashlib.sha256(content).hexdigest() == first["sha256"]:
                return content
            check_time()
        raise IndexDamaged(f"{self.url} ({self.name}), {data}: the file {name} is missing or altered")

    def _get_chunks(self, data: str, name: str, numbers: Iterable[int]) -> list[Json | None]:
        """Return the records of the chunks of a file with these numbers, None for one that is not found."""
        ids = [f"file-{name}-{number}" for number in numbers]
        return [source and source["record"] for source in self.get_sources(data, ids)]

    def get_sources(self, data: str, ids: Sequence[str]) -> list[Json | None]:
        """Return the stored content of the OpenSearch documents with the given ids, None for an unknown id.

        Raises IndexUnusable if one cannot be read now, and IndexDamaged if the state is not on the cluster any more.
        """
        if not ids:
            return []
        found = self.call("POST", f"/{self.data_index(data)}/_mget", {"ids": [*ids]})["docs"]
        for item in found:
            if "error" in item:  # a shard is not available, unless the state is gone
                error = self._refusal(_UNAVAILABLE, item)
                raise IndexDamaged(str(error)) if item["error"]["type"] == _GONE else error
        return [item["_source"] if item["found"] else None for item in found]

    def scan(self, data: str, query: Json, *, source: object = True, size: int = 1000) -> Iterator[Json]:
        """Yield the documents that a query matches, in corpus order, as hits of OpenSearch."""
        body: Json = {"query": query, "size": size, "sort": ["order"], "_source": source, "track_total_hits": False}
        while hits := self.search(data, body)["hits"]["hits"]:
            yield from hits
            if len(hits) < size:
                return
            body["search_after"] = hits[-1]["sort"]

    def count_buckets(self, data: str, requests: Sequence[tuple[Json, Sequence[str]]]) -> list[Buckets]:
        """Return for each request the exact numbers of matching documents, by combination of values of keyword fields.

        `requests`: pairs of a query and its fields. A document without a value of one of the fields does not count.
        """
        counts: list[Buckets] = [{} for _ in requests]
        bodies = {number: _bucket_body(query, fields) for number, (query, fields) in enumerate(requests)}
        while bodies:
            answers = dict(zip(bodies, self.search_many(data, [*bodies.values()]), strict=True))
            for number, answer in answers.items():
                found = answer["aggregations"]["values"]
                counts[number].update((tuple(item["key"].values()), item["doc_count"]) for item in found["buckets"])
                if len(found["buckets"]) < _MAX_BUCKETS:
                    del bodies[number]
                else:
                    bodies[number]["aggs"]["values"]["composite"]["after"] = found["after_key"]
        return counts

    def bulk(self, data: str, lines: bytes) -> None:
        """Index or delete documents. If the cluster cannot write one of them now, sends all of them again.

        `lines`: the body of the bulk request. Raises IndexUnusable if a document cannot be written, or cannot be
        written after `_ATTEMPTS` requests.
        """
        for is_last in attempts(pause=0.4):
            answer = self.call(
                "POST", f"/{self.data_index(data)}/_bulk", lines, params={"request_timeout": _BULK_TIMEOUT}
            )
            failed = [next(iter(item.values())) for item in answer["items"]] if answer["errors"] else []
            failed = [item for item in failed if "error" in item]
            if not failed:
                return
            other = next((item for item in failed if not _may_succeed_later(item)), None)
            if other is not None or is_last:
                reason = " ".join((other or failed[0])["error"]["reason"].split())[:300]
                what = _describe_block(reason) if "blocked by" in reason else f"documents cannot be written ({reason})"
                raise IndexUnusable(f"{self.url} ({self.name}): {what}")


def attempts(pause: float = 0.2) -> Iterator[bool]:
    """Yield for each of at most `_ATTEMPTS` attempts whether it is the last one.

    Waits between two attempts: first for `pause` seconds, then each time twice as long as before.
    """
    for number in range(1, _ATTEMPTS):
        yield False
        time.sleep(pause * 2 ** (number - 1))
    yield True


def _bucket_body(query: Json, fields: Sequence[str]) -> Json:
    """Return a search that counts the combinations of values of some fields, a page of them at a time."""
    sources = [{name: {"terms": {"field": name}}} for name in fields]
    buckets = {"composite": {"size": _MAX_BUCKETS, "sources": sources}}
    return {"query": query, "size": 0, "track_total_hits": False, "aggs": {"values": buckets}}


_COMPLETE = {"allow_partial_search_results": False}
"""Header of a search that fails if a shard does not answer, instead of returning fewer hits."""


def _path_of(url: str) -> str:
    """Return the name of the index in an address that `_address_of` accepts, empty if there is none."""
    return urlsplit(url).path.strip("/")


def _address_of(url: str) -> str:
    """Return an address without the name of an index. Raises UsageError if it is invalid or has a user or password."""
    if "@" in url:
        raise UsageError("the address of a cluster contains no password: set SEARCHKIT_OPENSEARCH_USER and _PASSWORD")
    try:
        parts = urlsplit(url.strip())
        is_valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # the port is not a number
        is_valid = False
    if not is_valid or parts.query or parts.fragment:
        raise UsageError(f"the address of a cluster is like https://host:9200 or https://host:9200/NAME, not {url!r}")
    return f"{parts.scheme}://{parts.netloc}"


def _default_name(folder: Path) -> str:
    """Return a name for the index of a folder. It differs if the path or the name of the machine differs."""
    path = folder.absolute()
    digest = hashlib.sha256(f"{socket.gethostname()}\n{path}".encode("utf-8", "surrogateescape")).hexdigest()[:12]
    letters = re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-")[:40]
    return f"{letters}-{digest}" if letters else digest


def _may_succeed_later(item: Json) -> bool:
    """Return whether a failed item of a bulk request may succeed if it is sent again. A full disk stays full."""
    return item["status"] in {_BUSY, _UNAVAILABLE} and "blocked by" not in item["error"]["reason"]


def _describe_connection(error: exceptions.TransportError) -> str:
    """Return why a request, or its answer, did not arrive."""
    reason = str(error.info)
    if "WRONG_VERSION_NUMBER" in reason:
        return "does not use TLS; its address begins with http://"
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return "its certificate is not trusted; name its CA in SEARCHKIT_OPENSEARCH_CA"
    if isinstance(error, exceptions.SSLError) or "[SSL" in reason:
        names = "SEARCHKIT_OPENSEARCH_CERTIFICATE and SEARCHKIT_OPENSEARCH_KEY"
        return f"refuses the certificate of this client, or asks for one; check {names}"
    if isinstance(error, exceptions.ConnectionTimeout):
        return "no answer in time"
    return "cannot be reached; check the address, and that OpenSearch runs there"


def _describe_refusal(status: int, reason: str) -> str:
    """Return the reason for which a cluster refuses a request, by the status of its answer."""
    if "blocked by" in reason:
        return _describe_block(reason)
    if "maxClauseCount" in reason:
        setting = "indices.query.bool.max_clause_count"
        return f"the query has too many words and synonyms: shorten it, or raise {setting} ({reason})"
    meanings = {
        401: "user or password is refused",
        403: "the user lacks a permission",
        _UNAVAILABLE: "a shard or the cluster's manager is not available; try again when its health is not red",
    }
    meaning = meanings.get(status, f"the cluster refuses a request with status {status}")
    return f"{meaning} ({reason})"


def _describe_block(reason: str) -> str:
    """Return what a block of an index or of the cluster means."""
    if "disk usage" in reason or "create-index" in reason or "read-only-allow-delete" in reason:
        return f"a disk of the cluster is full: make room on it, and build again ({reason})"
    return f"the cluster blocks a request ({reason})"


def _reason_of(error: exceptions.TransportError) -> str:
    """Return the reason that OpenSearch gives for an error, in one line."""
    info = error.info if isinstance(error.info, dict) else {}
    return _reason_in(info, str(error.error))


def _reason_in(answer: Json, default: str = "") -> str:
    """Return the reason in the answer to a request or a search that failed, in one line."""
    cause = answer.get("error", {})
    causes = cause.get("root_cause") if isinstance(cause, dict) else None
    text = str(causes[0].get("reason") if causes else cause or default)
    return " ".join(text.split())[:300]
