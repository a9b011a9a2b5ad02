"""Credentials of a cluster: sent as they should be, and in no file and no message. The server here only records."""

from __future__ import annotations

import base64
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from searchkit.errors import IndexUnusable, UsageError
from searchkit.index import Index

pytest.importorskip("opensearchpy", reason="opensearch-py is not installed")

from searchkit.engines.opensearch.cluster import Cluster

SECRET = "pass-w0rd"  # noqa: S105 - not one


class Recorder(BaseHTTPRequestHandler):
    """Refuses every request, and keeps its header."""

    headers_seen: list[str | None] = []  # noqa: RUF012 - shared by the handlers of all requests

    def do_GET(self) -> None:
        """Answer with 401."""
        self.headers_seen.append(self.headers.get("Authorization"))
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    """A server that refuses every request."""
    Recorder.headers_seen.clear()
    with HTTPServer(("127.0.0.1", 0), Recorder) as started:
        threading.Thread(target=started.serve_forever, daemon=True).start()
        yield started
        started.shutdown()


@pytest.mark.parametrize(
    ("variables", "header"),
    [
        ({"USER": "me", "PASSWORD": SECRET}, "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode()),
        ({"API_KEY": SECRET}, f"ApiKey {SECRET}"),
        ({}, None),
    ],
)
def test_credentials_are_sent_and_not_told(
    server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], header: str | None
) -> None:
    """The header is that of the variables. A refusal is one line without the secret, and no file has it."""
    for name, value in variables.items():
        monkeypatch.setenv(f"SEARCHKIT_OPENSEARCH_{name}", value)
    Cluster.assign(tmp_path, f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(IndexUnusable, match="is refused") as caught:
        Index(tmp_path)
    assert {*Recorder.headers_seen} == {header}
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value) + "".join(path.read_text() for path in tmp_path.iterdir())


def test_a_certificate_must_be_trusted(server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose certificate no authority has signed is refused, unless SEARCHKIT_OPENSEARCH_CA trusts it."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "ca")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca", tmp_path / "key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    index = tmp_path / "index"
    Cluster.assign(index, f"https://127.0.0.1:{server.server_port}")
    with pytest.raises(IndexUnusable, match=r"certificate is not trusted.*SEARCHKIT_OPENSEARCH_CA"):
        Index(index)
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CA", str(tmp_path / "ca"))
    with pytest.raises(IndexUnusable, match="is refused"):  # the request arrived
        Index(index)


def test_a_missing_file_of_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that names no file is refused with its name."""
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CA", str(tmp_path / "none"))
    Cluster.assign(tmp_path, "https://127.0.0.1:9")
    with pytest.raises(UsageError, match="SEARCHKIT_OPENSEARCH_CA"):
        Index(tmp_path)
