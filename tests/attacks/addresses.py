"""Sends a running server of searchkit thousands of hostile requests.

    python tests/attacks/addresses.py [--cases N] [--seed N] [--corpus DIR] [--result FILE]

Most are valid HTTP with odd paths, parameters and encodings and long values; the others have an odd method, headers or
bytes. Each must be answered in time, with a status below 500 or with 503 (busy, or the time limit of a request is
over). The server may close the connection without an answer only if the request has an odd method, headers or bytes, or
more than 16 KB. JSON must be valid. Neither an answer nor the standard error of the server may contain a traceback. At
the end, a search must return what it returned at the start. The result contains the processor time and the memory of
the server.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import quote_from_bytes

from tally import Tally, run_attack
from texts import HostileTexts

import searchkit
from searchkit.web.parameters import PARAMETERS, USED_BY

CASES = 10_000
CORPUS = Path(__file__).parents[2] / "corpus" / "reports"
WALL_SECONDS = 120
"""Maximum time in seconds without a byte of the answer. Generous, because the machine may be busy."""
CPU_SECONDS = 10
"""Maximum processor time of the server for a request, in seconds."""
_MAX_REQUEST_BYTES = 16 << 10
"""If a request has more bytes, the server may close the connection before it has read all. The answer can be lost."""
_SUFFIXES = ("", "", ".json", ".jsonl", ".csv", ".xlsx", ".svg", ".png", ".exe", ".json.json", "%2ejson")
_OTHER_PATHS = (
    "/",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/static/x/app.js",
    "/static/../../etc/passwd",
    "/i/x/search",
    "/favicon.ico",
    "/%00",
    "//",
    "/search/",
    "/search%2f",
    "/..%2f..%2f",
)
_METHODS = ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "HEAD", "get", "GET" * 50, "CONNECT", "")
_VALUES = (
    b"0",
    b"1",
    b"all",
    b"true",
    b"500",
    b"501",
    b"-1",
    b"99999999999",
    b"score",
    b"year",
    b"district:1",
    b"district:9",
    b"2023",
)
_TRACEBACK = re.compile(rb"Traceback|File \"|a bug in searchkit|site-packages")


class Server:
    """A running server. A context manager."""

    def __init__(self, index: Path, errors: IO[bytes]) -> None:
        """Start a server of an index on a free port. `errors`: the file for the server's standard error."""
        command = [sys.executable, "-m", "searchkit", "serve", "--index", str(index), "--port", "0"]
        self._errors = errors
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._errors, text=True)
        assert self._process.stdout
        line = self._process.stdout.readline()
        match = re.search(r":(\d+)/", line)
        assert match, line
        self.port = int(match[1])

    def __enter__(self) -> Server:  # noqa: PYI034 - typing.Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # also closes the pipe
            self._process.terminate()

    @property
    def usage(self) -> tuple[float, int]:
        """Processor time in seconds, and largest resident size in bytes (0 if unknown), since the server started."""
        folder = Path(f"/proc/{self._process.pid}")
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        peak = re.search(r"VmHWM:\s*(\d+)", (folder / "status").read_text(encoding="utf-8"))
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak[1]) * 1024 if peak else 0

    @property
    def errors(self) -> str:
        """What the server has written to standard error, up to 1 MiB."""
        return os.pread(self._errors.fileno(), 1 << 20, 0).decode(errors="replace")

    def send(self, request: bytes, *, is_last: bool = False) -> bytes:
        """Send bytes, and return what the server answers until it closes the connection. Raises TimeoutError.

        `is_last`: close the connection for sending afterwards, so that the server does not wait for the rest of an
        incomplete request.
        """
        chunks = []
        with socket.create_connection(("127.0.0.1", self.port), WALL_SECONDS) as connection:
            with suppress(ConnectionError):  # the server may answer before it has read everything
                connection.sendall(request)
            with suppress(OSError):
                if is_last:
                    connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                while chunk := connection.recv(1 << 16):
                    chunks.append(chunk)
        return b"".join(chunks)


class Requests:
    """A stream of hostile requests."""

    def __init__(self, server: Server, tally: Tally, seed: int) -> None:
        self._server, self._tally = server, tally
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._texts = HostileTexts(self._rng)
        self._kinds: Mapping[str, Callable[[], bytes]] = {
            "parameters": self._parameters,
            "paths": lambda: _get(self._rng.choice(_OTHER_PATHS).encode() + self._query_string()),
            "methods": lambda: _get(self._path(), method=self._rng.choice(_METHODS).encode()),
            "headers": self._headers,
            "bytes": self._bytes,
        }

    def run(self) -> None:
        """Send a random request, and check the answer."""
        kind = self._rng.choices([*self._kinds], (75, 8, 4, 8, 5))[0]
        request = self._kinds[kind]()
        case = f"{kind} {request[:150]!r}"
        self._tally.cases[kind] += 1
        may_be_cut = kind in {"bytes", "methods", "headers"} or len(request) > _MAX_REQUEST_BYTES
        before, _ = self._server.usage
        try:
            answer = self._server.send(request, is_last=kind in {"bytes", "methods", "headers"})
        except TimeoutError:
            self._tally.add_fault("hung", f"{case}: no answer in {WALL_SECONDS} s")
            return
        after, memory = self._server.usage
        self._tally.add_usage(case, after - before, memory)
        if after - before > CPU_SECONDS:
            self._tally.add_fault("hung", f"{case}: {after - before:.1f} s")
        if problem := judge(answer, may_be_cut=may_be_cut):
            self._tally.add_fault("raised", f"{case}: {problem}")

    def _parameters(self) -> bytes:
        return _get(self._path() + self._query_string())

    def _path(self) -> bytes:
        return f"/{self._rng.choice([*USED_BY])}{self._rng.choice(_SUFFIXES)}".encode()

    def _query_string(self) -> bytes:
        names = self._rng.choices([*PARAMETERS], k=self._rng.choice((1, 2, 3, 6, 40)))
        if self._rng.random() < 0.7:
            names[0] = self._rng.choice(("query", "query", "id", "prefix", "name"))
        if self._rng.random() < 0.1:
            names.append(self._texts.value())
        return b"?" + b"&".join(self._encode(name) + b"=" + self._encode(self._value(name)) for name in names)

    def _value(self, name: str) -> str | bytes:
        parameter = PARAMETERS.get(name)
        if parameter and parameter.choices and self._rng.random() < 0.6:
            return self._rng.choice(parameter.choices)
        if name in {"query", "text", "prefix"}:
            return self._texts.query()
        if self._rng.random() < 0.4:
            return self._rng.choice(_VALUES)
        return self._rng.choice(
            (self._texts.value, lambda: "法" * self._rng.choice((999, 1001, 3000)), lambda: self._rng.randbytes(9))
        )()

    def _encode(self, text: str | bytes) -> bytes:
        """Percent-encode bytes, or a text in UTF-8; sometimes in GB18030, twice, or with a lone % at the end."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        draw = self._rng.random()
        if draw < 0.05 and isinstance(text, str):
            data = text.encode("gb18030", "replace")
        encoded = quote_from_bytes(data)
        if 0.05 <= draw < 0.08:
            encoded = quote_from_bytes(encoded.encode())
        if 0.08 <= draw < 0.11:
            encoded = encoded[:-1] + "%"
        return encoded.encode()

    def _headers(self) -> bytes:
        rng = self._rng
        odd: Sequence[tuple[bytes, bytes]] = (
            (b"Host", rng.choice((b"evil.example", b"", b"127.0.0.1:1", b"localhost@x", b"[::1", b"a" * 5000))),
            (b"If-None-Match", rng.choice((b"*", b'"x"', b"W/", rng.randbytes(30).replace(b"\n", b""), b'"a",' * 500))),
            (b"Accept-Encoding", rng.choice((b"gzip;q=nan", b"*", b"identity;q=0", b"gzip" * 300, b"br;;,,q="))),
            (b"Accept-Language", rng.choice((b"zh;q=-1", b"en" * 1000, b";;;", b"\xff\xfe"))),
            (b"Range", rng.choice((b"bytes=0-0", b"bytes=-999999999999", b"bytes=9-1,2-3" + b",1-2" * 500))),
            (b"Cookie", b"theme=" + rng.randbytes(40).replace(b"\n", b"").replace(b"\r", b"")),
            (b"X-Forwarded-For", b"127.0.0.1, <script>"),
            (b"X-Forwarded-Host", b"evil.example"),
            (b"Content-Length", rng.choice((b"5", b"-1", b"99999999999", b"x"))),
            (b"Transfer-Encoding", rng.choice((b"chunked", b"gzip, chunked", b"x"))),
            (b"Connection", rng.choice((b"Upgrade", b"keep-alive, close, x"))),
            (b"X" * rng.choice((1, 300, 20_000)), b"y" * rng.choice((1, 70_000))),
        )
        return _get(self._path() + b"?query=%E6%89%A7%E6%B3%95", rng.sample(odd, rng.randint(1, 3)))

    def _bytes(self) -> bytes:
        request = bytearray(self._parameters())
        for _ in range(self._rng.randint(1, 8)):
            request[self._rng.randrange(len(request))] = self._rng.randrange(256)
        return bytes(request[: self._rng.randint(1, len(request))]) if self._rng.random() < 0.3 else bytes(request)


def _get(target: bytes, headers: Sequence[tuple[bytes, bytes]] = (), *, method: bytes = b"GET") -> bytes:
    """Return a request. Its header Host is that of `headers` if they contain one, otherwise 127.0.0.1."""
    host = () if any(name == b"Host" for name, _ in headers) else ((b"Host", b"127.0.0.1"),)
    lines = [b"%s: %s" % header for header in (*host, (b"Connection", b"close"), *headers)]
    return b"%s %s HTTP/1.1\r\n%s\r\n\r\n" % (method, target, b"\r\n".join(lines))


def judge(answer: bytes, *, may_be_cut: bool) -> str | None:
    """Return what is wrong with the answer to a request, None if nothing is. `may_be_cut`: whether it may be empty."""
    head, _, body = answer.partition(b"\r\n\r\n")
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    if not match:
        return None if may_be_cut and not answer else f"no answer: {answer[:100]!r}"
    status = int(match[1])
    if status >= 500 and status != 503:
        return f"status {status}: {body[:200]!r}"
    if _TRACEBACK.search(body):
        return f"a traceback: {body[:200]!r}"
    is_plain = b"content-encoding" not in head.lower() and b"chunked" not in head.lower()
    if is_plain and body and re.search(rb"content-type: application/(problem\+)?json(?!l)", head.lower()):
        try:
            json.loads(body)
        except ValueError as error:
            return f"invalid JSON: {error}"
    return None


def attack(tally: Tally, cases: int, seed: int, corpus: Path = CORPUS) -> None:
    """Send `cases` requests to a server of an index of `corpus`, between two equal searches."""
    with tempfile.TemporaryDirectory() as folder:
        searchkit.build(corpus, folder)
        with tempfile.TemporaryFile("w+b") as errors, Server(Path(folder), errors) as server:
            search = _get(b"/search.json?query=%E6%89%A7%E6%B3%95")
            before = re.sub(rb'"took_ms":[^,]*', b"", server.send(search).partition(b"\r\n\r\n")[2])
            requests = Requests(server, tally, seed)
            for _ in range(cases):
                requests.run()
            after = re.sub(rb'"took_ms":[^,]*', b"", server.send(search).partition(b"\r\n\r\n")[2])
            if before != after:
                tally.add_fault("wrong", f"after all requests: {after[:200]!r}")
            if "Traceback" in server.errors:
                tally.add_fault("raised", f"standard error of the server: {server.errors[-300:]}")


if __name__ == "__main__":
    sys.exit(run_attack("addresses", "Send hostile requests to a server.", CASES, attack, CORPUS))
