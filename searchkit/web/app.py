"""The ASGI application: finds what a URL means, checks the ETag, runs the work in a pool, and builds responses."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from searchkit import __version__
from searchkit.errors import IndexUnusable, SearchkitError, TimedOut, UsageError
from searchkit.index import IndexState
from searchkit.output.json import dumps
from searchkit.web.answers import COMPRESS_LEVEL, MIN_COMPRESSED_BYTES, Answer, AnswerCache
from searchkit.web.data import CHARTS, HEAVY, MEDIA_TYPES, RecordMissing, is_heavy, is_streamed, join_pieces, read_data
from searchkit.web.frame import OF_MEASURES
from searchkit.web.guard import Guard
from searchkit.web.limits import (
    HEAVY_REQUESTS,
    HEAVY_SECONDS,
    SEARCH_SECONDS,
    SEARCHES,
    Overloaded,
    RequestPool,
    Turns,
)
from searchkit.web.openapi import describe_api
from searchkit.web.parameters import USED_BY, State
from searchkit.web.rendering import Assets, Templates
from searchkit.web.site import PAGES, Site, token_at, token_of
from searchkit.web.words import Words

_LOGGER = logging.getLogger("searchkit.web")
_HTML = "text/html; charset=utf-8"
_FOREVER = "public, max-age=31536000, immutable"
_NOT_MODIFIED = 304
_RETRY_SECONDS = 5
"""Seconds after which a request that was answered with status 503 may be sent again."""
_YEAR_FIELD = "year_from="
"""The first field of the form of years, as it begins a parameter of a URL. The form asks for a first year (`year_from`)
and a last year (`year_to`). The two are joined to one filter (`_join_years`)."""
_COMPRESSED = {"xlsx", "png"}
"""Formats that are compressed themselves."""
# Status, code and key of the text of the page for each exception, subclasses first. The code is used only for
# exceptions that are no SearchkitError: a SearchkitError has a code of its own.
_PROBLEMS: Sequence[tuple[type[Exception], int, str, str]] = (
    (RecordMissing, 404, "not_found", "error_missing"),
    (UsageError, 400, "usage_error", "error_usage"),
    (Overloaded, 503, "busy", "error_busy"),
    (TimedOut, 503, "timed_out", "error_deadline"),
    (IndexUnusable, 503, "index", "error_index"),
    (SearchkitError, 500, "failed", "error_failed"),
)


class Server:
    """The indexes, the pools and the templates of a server."""

    def __init__(self, sites: Sequence[Site], words: Words, base_path: str, title: str) -> None:
        """`base_path`: path in front of all URLs, without `/` at its end."""
        self.sites, self.words, self.base_path, self.title = sites, words, base_path, title
        self._templates, self._assets = Templates(), Assets()
        self._assets_path = f"{base_path}/static/{self._assets.digest}/"
        self._cache, self._turns = AnswerCache(), Turns()
        self._searches = RequestPool("search", SEARCHES, SEARCH_SECONDS)
        self._heavy = RequestPool("heavy", HEAVY_REQUESTS, HEAVY_SECONDS)

    def routes(self) -> list[Route | Mount]:
        """Return the routes of all indexes, of the static files, and of the reports on the state of the server."""
        routes: list[Route | Mount] = [
            Route("/static/{digest}/{name}", self._static),
            Route("/favicon.ico", self._icon),
        ]
        routes += [Route("/healthz", self._health), Route("/readyz", self._ready)]
        if len(self.sites) == 1:
            return [*routes, *self._site_routes(self.sites[0])]
        routes += [Mount(f"/i/{site.name}", routes=self._site_routes(site)) for site in self.sites]
        return [*routes, Route("/", self._choose)]

    def _site_routes(self, site: Site) -> list[Route | Mount]:
        """Return the routes of one index."""
        routes: list[Route | Mount] = [
            Route("/", partial(self._home, site)),
            Route("/openapi.json", partial(self._openapi, site)),
        ]
        for endpoint in USED_BY:
            if endpoint == "watches" and not site.is_private:
                continue
            routes.append(Route(f"/{endpoint}", partial(self._answer, site, endpoint, "")))
            suffixes = [suffix for suffix in MEDIA_TYPES if suffix not in CHARTS or endpoint == "compare"]
            routes += [
                Route(f"/{endpoint}.{suffix}", partial(self._answer, site, endpoint, suffix)) for suffix in suffixes
            ]
        return routes

    # Pages and data

    async def _answer(self, site: Site, endpoint: str, suffix: str, request: Request) -> Response:
        """Answer a request for a page, or for data if there is a suffix or the endpoint has no page.

        A request that the form of years sends is redirected to the page with one filter by year.
        """
        is_page = not suffix and endpoint in PAGES
        suffix = suffix or ("" if is_page else "json")
        query_string = request.url.query
        pool = self._searches
        try:
            if is_page and _YEAR_FIELD in query_string:
                state = State.parse(endpoint, _join_years(query_string, endpoint), is_strict=False)
                return RedirectResponse(state.url(site.root), 303)
            state = State.parse(endpoint, query_string, is_strict=not is_page)
            is_long = endpoint in HEAVY if is_page else is_heavy(state, suffix)
            pool = self._heavy if is_long else self._searches
            work = partial(self._find, site, state, suffix, request.headers)
            answer = await pool.run(work)
        except Exception as error:  # noqa: BLE001 - every error becomes a response
            answer = self._problem(site, error, is_page=is_page)
        return _build_response(answer, pool)

    def _find(self, site: Site, state: State, suffix: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer to a request: 304 if the client has the current one, else a cached answer or a new one.

        Runs in a pool. `suffix`: empty for a page.
        """
        view = site.view()
        token, is_compressed = token_at(view, state.endpoint), "gzip" in headers.get("accept-encoding", "")
        if state.endpoint in {"about", "info"}:
            token += f"-{view.verified}"  # these answers change while the state of the index stays the same
        look = f"{self._assets.digest}-{site.look}"  # a server that is started again may have another title or language
        etag = f'W/"{token}-{suffix or look}"'
        if etag in headers.get("if-none-match", ""):
            return Answer(b"", "", _NOT_MODIFIED, _revalidated(etag))
        key = (token, state.url(site.root, None, f".{suffix}" if suffix else ""), str(is_compressed))
        answer = self._cache.get(key)
        if answer is None:
            # Without a turn, if a cluster computes the answer: this process only waits.
            with self._turns.turn() if view.is_local else nullcontext():
                answer = self._read(site, view, state, suffix) if suffix else self._render(site, view, state)
            answer = replace(answer, headers={**answer.headers, **_revalidated(etag)})
            if is_compressed and suffix not in _COMPRESSED:
                answer = answer.compressed()  # after the turn: while zlib compresses, the next request can compute
            self._cache.put(key, answer)
        return answer

    def _render(self, site: Site, view: IndexState, state: State) -> Answer:
        """Return a page."""
        template, values = PAGES[state.endpoint](site.frame(view, state, self._assets_path))
        return Answer(self._templates.render(template, values).encode("utf-8"), _HTML)

    def _read(self, site: Site, view: IndexState, state: State, suffix: str) -> Answer:
        """Return data, in pieces if it may be long."""
        data = read_data(view, state, suffix)
        headers = {}
        if suffix not in {"json", "jsonl"}:
            headers["Content-Disposition"] = f'attachment; filename="searchkit-{state.endpoint}.{suffix}"'
        links = _page_links(site, state, suffix, data.next)
        if links:
            headers["Link"] = ", ".join(links)
        pieces = join_pieces(data.pieces(suffix, state.endpoint))
        return Answer(
            _read_first(pieces) if is_streamed(state) else b"".join(pieces), MEDIA_TYPES[suffix], headers=headers
        )

    def _problem(self, site: Site | None, error: Exception, *, is_page: bool) -> Answer:
        """Return the response to an error: a page, or JSON (RFC 9457)."""
        found = next((item[1:] for item in _PROBLEMS if isinstance(error, item[0])), None)
        status, code, text = found or (500, "failed", "error_failed")
        # The message of an unexpected failure can contain a path of the server.
        detail = str(error) if found and code != "failed" else "the server failed"
        code = error.code if isinstance(error, SearchkitError) else code
        if not found:
            _LOGGER.error("a request failed", exc_info=error)
        headers = {"Cache-Control": "no-store"}
        if status == 503:  # noqa: PLR2004 - Service Unavailable
            headers["Retry-After"] = str(_RETRY_SECONDS)
        if is_page:
            return Answer(self._error_page(site, text, detail, status).encode("utf-8"), _HTML, status, headers)
        problem = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
        return Answer(dumps(problem).encode("utf-8"), "application/problem+json", status, headers)

    def _error_page(self, site: Site | None, text: str, detail: str, status: int) -> str:
        """Return the page of an error.

        `text`: key of the text of the page (`Words`). `detail`: message of the error.
        """
        root = site.root if site else self.base_path + "/"
        values = {
            "t": self.words,
            "page_title": self.words["error_title"],
            "app_title": site.title if site else self.title,
            "root": root,
            "home": root,
            "assets": self._assets_path,
            "token": "",
            "text": self.words[text],
            "detail": self.words.message(detail) if text == "error_usage" else "",
            "can_retry": status >= 500,  # noqa: PLR2004 - errors of the server
        }
        return self._templates.render("error", values)

    # Other endpoints

    async def _home(self, site: Site, _: Request) -> Response:
        """Redirect to the search."""
        return RedirectResponse(site.root + "search", 307)

    async def _choose(self, _: Request) -> Response:
        """List the indexes."""
        values = {
            "t": self.words,
            "page_title": self.title,
            "app_title": self.title,
            "root": self.base_path + "/",
            "home": self.base_path + "/",
            "assets": self._assets_path,
            "token": "",
            "sites": self.sites,
        }
        return Response(self._templates.render("indexes", values), media_type=_HTML)

    async def _openapi(self, site: Site, _: Request) -> Response:
        """Describe the API."""
        return Response(dumps(describe_api(site.root, site.title)), media_type="application/json")

    async def _health(self, _: Request) -> Response:
        """Say that the server runs."""
        return Response('{"status": "ok"}', media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _ready(self, _: Request) -> Response:
        """Return the state of each index, or an error if the pool is full, a state cannot be read, or time runs out."""
        try:
            views = await self._searches.run(lambda: {site.name: token_of(site.view()) for site in self.sites})
        except (SearchkitError, Overloaded) as error:
            return _build_response(self._problem(None, error, is_page=False), self._searches)
        body = dumps({"status": "ok", "version": __version__, "indexes": views})
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _static(self, request: Request) -> Response:
        """Return a static file."""
        asset = self._assets.get(request.path_params["digest"], request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        return Response(asset.content, headers={"Content-Type": asset.media_type, "Cache-Control": _FOREVER})

    async def _icon(self, _: Request) -> Response:
        """Redirect to the icon."""
        return RedirectResponse(self._assets_path + "icon.svg", 307)

    async def missing(self, request: Request, _: Exception) -> Response:
        """Answer a request for a path that has no route: with a page, or with JSON if its last part contains a dot."""
        is_page = "." not in request.url.path.rpartition("/")[2]
        if is_page:
            return Response(
                self._error_page(self.sites[0] if len(self.sites) == 1 else None, "error_address", "", 404),
                404,
                media_type=_HTML,
            )
        problem = {
            "type": "about:blank",
            "title": "not_found",
            "status": 404,
            "detail": "no such address",
            "code": "not_found",
        }
        return Response(dumps(problem), 404, media_type="application/problem+json")

    def close(self) -> None:
        """End the pools, and close the indexes."""
        self._searches.close()
        self._heavy.close()
        for site in self.sites:
            site.close()


def build_app(server: Server, allowed_hosts: Collection[str]) -> ASGIApp:
    """Return the application of a server. `allowed_hosts`: names of the server besides those of this machine."""
    routes: list[Any] = server.routes()
    if server.base_path:
        routes = [Mount(server.base_path, routes=routes)]
    app = Starlette(routes=routes, exception_handlers={404: server.missing})
    app.router.redirect_slashes = False
    compressed = GZipMiddleware(app, minimum_size=MIN_COMPRESSED_BYTES, compresslevel=COMPRESS_LEVEL)
    return Guard(compressed, allowed_hosts)


def _read_first(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Read the first piece at once, so that an error becomes a response. Return an iterator over all pieces."""
    return chain([next(pieces, b"")], pieces)


def _build_response(answer: Answer, pool: RequestPool) -> Response:
    """Return the response for an answer."""
    if isinstance(answer.body, bytes):
        headers = {**answer.headers, "Content-Type": answer.media_type} if answer.media_type else answer.headers
        return Response(answer.body, answer.status, headers)
    return StreamingResponse(
        _stream(answer.body, pool), answer.status, {**answer.headers, "Content-Type": answer.media_type}
    )


async def _stream(pieces: Iterator[bytes], pool: RequestPool) -> AsyncIterator[bytes]:
    """Yield pieces that are made in a pool. An error ends the connection, so the client sees that the answer is cut."""
    read: Callable[[], bytes | None] = partial(next, pieces, None)
    while (piece := await pool.run(read)) is not None:
        yield piece


def _page_links(site: Site, state: State, suffix: str, cursor: str | None) -> list[str]:
    """Return the links from a page of a list to the next page and to the page before, for the header Link.

    The path is encoded, because a header can only have characters of Latin-1, and an index may be called 天津.
    """
    root, links = quote(site.root), []
    if cursor:
        url = state.replaced(after=cursor, offset=None).url(root, None, f".{suffix}", limit=state["limit"])
        links.append(f'<{url}>; rel="next"')
    offset = state.number("offset") if "offset" in state.values else 0
    if offset:
        before = max(offset - (state.number("limit") or offset), 0)
        links.append(f'<{state.url(root, None, f".{suffix}", offset=str(before))}>; rel="prev"')
    return links


def _revalidated(etag: str) -> dict[str, str]:
    """Return the headers of an answer that a browser may keep, but must ask for again with its ETag."""
    return {"ETag": etag, "Cache-Control": "private, no-cache"}


def _join_years(query_string: str, endpoint: str) -> str:
    """Return the parameters of a URL, with the two fields of the form of years joined to one filter.

    The filter replaces other filters by year. If both fields are empty, the other filters stay.
    """
    pairs = [pair.partition("=") for pair in query_string.split("&")]
    found = {name: value.strip() for name, _, value in pairs if name in {_YEAR_FIELD.rstrip("="), "year_to"}}
    others = [(name, value) for name, _, value in pairs if name not in found]
    first, last = found.get("year_from", ""), found.get("year_to", "")
    if first or last:
        facet = "of_year" if endpoint in OF_MEASURES else "year"
        others = [(name, value) for name, value in others if name != facet]
        others.append((facet, first if first == last else f"{first}..{last}"))
    return "&".join(f"{name}={value}" for name, value in others)
