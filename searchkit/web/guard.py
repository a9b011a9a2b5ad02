"""Checks the method, the host and the length of the URL of every request, and adds headers to every response."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Collection

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_URL_BYTES = 16_384
"""Maximum total length of the path and the query string of a URL."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Headers that every response gets, unless it has headers of the same names."""
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a server on this machine may be requested."""


def is_loopback(host: str) -> bool:
    """Return whether a server that listens at `host` can be reached from this machine only."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """Return the name in a Host header in lower case, without the port and without a dot at the end of the name."""
    name, bracket, _ = header.partition("]") if header.startswith("[") else header.partition(":")
    return (name + bracket if bracket == "]" else name).lower().rstrip(".")


class Guard:
    """An ASGI application around another one. It refuses bad requests, and adds `HEADERS` to every response."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
        """`allowed_hosts`: names under which the server may be requested, besides those of this machine.

        Another site can let its own name resolve to the address of this machine (DNS rebinding), but its pages cannot
        change the Host header of their requests.
        """
        self._app = app
        self._hosts = {*_LOOPBACK_NAMES, *(host.lower() for host in allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            """Send a part of the response. Adds the `HEADERS` that the response lacks."""
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(item for item in _RAW_HEADERS if item[0] not in names)]
            await send(message)

        problem = self._find_problem(scope)
        if problem is None:
            await self._app(scope, receive, send_with_headers)
            return
        status, code, detail = problem
        body = json.dumps({"type": "about:blank", "title": detail, "status": status, "detail": detail, "code": code})
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        if status == 405:  # noqa: PLR2004 - Method Not Allowed
            headers.append((b"allow", b"GET, HEAD"))
        await send_with_headers({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body.encode()})

    def _find_problem(self, scope: Scope) -> tuple[int, str, str] | None:
        """Return status, code and message if a request is refused, otherwise None."""
        if scope["method"] not in {"GET", "HEAD"}:
            return 405, "method", "only GET and HEAD are possible"
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            return 421, "host", "this server does not answer under this name; allow it with --allow-host NAME"
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > MAX_URL_BYTES:
            return 414, "url_too_long", f"the address is longer than {MAX_URL_BYTES} bytes"
        return None
