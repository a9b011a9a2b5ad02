"""Credentials of a cluster: sent as they should be, and in no file and no message. The server refuses every request."""

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
    """Refuses every request, and keeps its header Authorization."""

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
def test_credentials_are_sent_but_not_printed_or_stored(
    server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], header: str | None
) -> None:
    """The credentials of the variables are sent. A refusal is one line without the secret, and no file contains it."""
    for name, value in variables.items():
        monkeypatch.setenv(f"SEARCHKIT_OPENSEARCH_{name}", value)
    Cluster.assign(tmp_path, f"http://127.0.0.1:{server.server_port}")
    with pytest.raises(IndexUnusable, match="is refused") as caught:
        Index(tmp_path)
    assert {*Recorder.headers_seen} == {header}
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value) + "".join(path.read_text() for path in tmp_path.iterdir())


def test_a_certificate_must_be_trusted(server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with a self-signed certificate is refused, unless SEARCHKIT_OPENSEARCH_CA names the certificate."""
    make_certificate(tmp_path, "ca")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "ca.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    index = tmp_path / "index"
    Cluster.assign(index, f"https://127.0.0.1:{server.server_port}")
    with pytest.raises(IndexUnusable, match=r"certificate is not trusted.*SEARCHKIT_OPENSEARCH_CA"):
        Index(index)
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CA", str(tmp_path / "ca.pem"))
    with pytest.raises(IndexUnusable, match="is refused"):  # the request arrived
        Index(index)


def test_a_client_certificate_is_sent(server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that asks for a certificate gets the one that a variable names.

    A file of the private key is refused if other users can read it.
    """
    for name in ("server", "client"):
        make_certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "client.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    index = tmp_path / "index"
    Cluster.assign(index, f"https://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CA", str(tmp_path / "server.pem"))
    with pytest.raises(IndexUnusable) as caught:
        Index(index)
    assert "is refused" not in str(caught.value)  # no request arrived
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CERTIFICATE", str(tmp_path / "client.pem"))
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_KEY", str(tmp_path / "client.key"))
    (tmp_path / "client.key").chmod(0o640)
    with pytest.raises(UsageError, match=r"others can read it \(mode 640\)"):
        Index(index)
    (tmp_path / "client.key").chmod(0o600)
    with pytest.raises(IndexUnusable, match="is refused"):
        Index(index)


def test_a_file_of_credentials(server: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables are read from a file of mode 600. Those of the environment take precedence."""
    file = tmp_path / "credentials"
    file.write_text(f"# of the cluster\nSEARCHKIT_OPENSEARCH_USER=me\n\nSEARCHKIT_OPENSEARCH_PASSWORD={SECRET}=\n")
    file.chmod(0o600)
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CREDENTIALS", str(file))
    index = tmp_path / "index"
    Cluster.assign(index, f"http://127.0.0.1:{server.server_port}")
    for user in ("me", "other"):
        Recorder.headers_seen.clear()
        with pytest.raises(IndexUnusable, match="is refused"):
            Index(index)
        assert {*Recorder.headers_seen} == {"Basic " + base64.b64encode(f"{user}:{SECRET}=".encode()).decode()}
        monkeypatch.setenv("SEARCHKIT_OPENSEARCH_USER", "other")


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        (f"SEARCHKIT_OPENSEARCH_PASSWORD={SECRET}", 0o644, r"others can read it \(mode 644\)"),
        (f"SEARCHKIT_OPENSEARCH_PASSWORD={SECRET}", 0o610, r"others can read it \(mode 610\)"),
        (f"PASSWORD={SECRET}", 0o600, "line 1: not SEARCHKIT_OPENSEARCH_"),
        (SECRET, 0o600, "line 1: not SEARCHKIT_OPENSEARCH_"),
        (b"\xff", 0o600, "not a text in UTF-8"),
        (b"#" * 65_537, 0o600, "larger than 65536 bytes"),
        (None, 0o600, "No such file"),
    ],
)
def test_an_unsafe_file_of_credentials_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | bytes | None, mode: int, message: str
) -> None:
    """A file that is missing, too large, accessible to others or malformed is refused in a line without the secret."""
    file = tmp_path / "credentials"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        file.chmod(mode)
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CREDENTIALS", str(file))
    Cluster.assign(tmp_path / "index", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match=message) as caught:
        Index(tmp_path / "index")
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)


def make_certificate(folder: Path, name: str) -> None:
    """Write a certificate that its own key has signed, `NAME.pem`, and the key, `NAME.key`. Skips without openssl."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate")
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names, *files]
    subprocess.run(command, check=True, capture_output=True)


def test_a_missing_file_of_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a variable names a file that does not exist, the error names the variable."""
    monkeypatch.setenv("SEARCHKIT_OPENSEARCH_CA", str(tmp_path / "none"))
    Cluster.assign(tmp_path, "https://127.0.0.1:9")
    with pytest.raises(UsageError, match="SEARCHKIT_OPENSEARCH_CA"):
        Index(tmp_path)
