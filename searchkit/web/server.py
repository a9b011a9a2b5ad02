"""Runs the server: opens the indexes, binds the port, and serves until it is stopped."""

from __future__ import annotations

import ctypes
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from searchkit.errors import SearchkitError, UsageError
from searchkit.web.app import Server, build_app
from searchkit.web.guard import is_loopback
from searchkit.web.site import Site
from searchkit.web.words import LANGUAGES, WORDS

_MAX_WAITING_CONNECTIONS = 128
_MALLOC_OPTIONS = {-8: 1, -3: 1 << 19, -1: 1 << 22}
"""Options of mallopt(3), each with its value: M_ARENA_MAX, M_MMAP_THRESHOLD (bytes) and M_TRIM_THRESHOLD (bytes)."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Options of a server."""

    host: str = "127.0.0.1"
    """Address to listen at. An address that other machines can reach needs `allow_hosts`."""
    port: int = 8000
    """Port to listen at. 0 means a free one."""
    base_path: str = ""
    """Path in front of all URLs, if a proxy passes only this path on."""
    allow_hosts: tuple[str, ...] = ()
    """Names under which the server may be requested, besides those of this machine."""
    title: str | None = None
    """Name of the server in the header of its pages. None means the default name in the language of the pages."""
    language: str = "zh"
    """Language of the pages: zh or en."""
    trusted_proxy: str | None = None
    """Address of the proxy whose X-Forwarded-For and X-Forwarded-Proto headers are believed."""
    logs_requests: bool = False
    """Whether each request is logged, with its query."""
    verify: bool = False
    """Whether all files are verified before the server starts. Otherwise a thread verifies them in the background."""


def create_app(indexes: Sequence[tuple[str, Path]], options: ServerOptions) -> ASGIApp:
    """Return the application for some indexes, each with its name. One index is at `/`, several at `/i/NAME/`.

    Raises UsageError for an impossible option, and IndexUnusable for an index that cannot be opened.
    """
    base_path = "/" + options.base_path.strip("/") if options.base_path.strip("/") else ""
    if options.language not in LANGUAGES:
        raise UsageError(f"the language must be one of {', '.join(LANGUAGES)}, not {options.language!r}")
    if not is_loopback(options.host) and not options.allow_hosts:
        raise UsageError(f"--host {options.host} can be reached by others; say under which name: --allow-host NAME")
    names = [name for name, _ in indexes]
    if len(set(names)) < len(names):
        raise UsageError("two indexes have the same name; write --index NAME=PATH")
    words = WORDS[options.language]
    title = options.title or words["app"]
    sites = []
    for name, path in indexes:
        root = f"{base_path}/" if len(indexes) == 1 else f"{base_path}/i/{name}/"
        site_title = title if len(indexes) == 1 else f"{title} · {name}"
        sites.append(
            Site(name, path, root, site_title, words, is_private=not options.allow_hosts, verify=options.verify)
        )
    return build_app(Server(sites, words, base_path, title), options.allow_hosts)


def run_server(
    indexes: Sequence[tuple[str, Path]],
    options: ServerOptions,
    announce: Callable[[str], None],
    *,
    opens_browser: bool = False,
) -> None:
    """Serve until the process is interrupted. `announce` is called with the URL once the port is bound.

    Raises SearchkitError if the port cannot be bound, and the exceptions of `create_app`.
    """
    _return_freed_memory()
    app = create_app(indexes, options)
    bound = _bind(options.host, options.port)
    base_path = options.base_path.strip("/")
    host = f"[{options.host}]" if ":" in options.host else options.host
    url = f"http://{host}:{bound.getsockname()[1]}/{f'{base_path}/' if base_path else ''}"
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="info" if options.logs_requests else "warning",
        access_log=options.logs_requests,
        server_header=False,
        date_header=True,
        proxy_headers=options.trusted_proxy is not None,
        forwarded_allow_ips=options.trusted_proxy,
        timeout_keep_alive=15,
        limit_concurrency=200,
        h11_max_incomplete_event_size=32_768,
    )
    announce(url)
    if opens_browser:
        Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    uvicorn.Server(config).run(sockets=[bound])


def _return_freed_memory() -> None:
    """Let the C library of Linux give the memory of large arrays back to the system. A server runs for a long time.

    By default, each thread has an arena of its own that keeps what its largest request took, and freed blocks of up to
    some MB stay in the heap between blocks in use. With these options, one arena serves all threads, and blocks of
    512 KB or more are returned when they are freed. `bench.load` measures the memory.
    """
    if sys.platform == "linux":
        with suppress(AttributeError):  # a C library without these options
            for option, value in _MALLOC_OPTIONS.items():
                ctypes.CDLL(None).mallopt(option, value)


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address. Raises SearchkitError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host.strip("[]"), port))
        bound.listen(_MAX_WAITING_CONNECTIONS)  # from now on, connections wait for the server instead of being refused
    except (OSError, OverflowError) as error:
        bound.close()
        raise SearchkitError(
            f"cannot listen at {host} port {port}: {error}; choose another --port, or 0 for a free one"
        ) from error
    return bound
