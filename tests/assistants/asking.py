"""A client of the server of `searchkit mcp`, which runs in the process of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult

from searchkit.assistants.server import AssistantServer

Result = TypeVar("Result")


class Asker:
    """A client of a server. Every request has a new connection."""

    def __init__(self, server: AssistantServer) -> None:
        self._server = server

    def run(self, request: Callable[[Client], Awaitable[Result]], mode: str = "auto") -> Result:
        """Return what `request` returns. `mode`: how the client chooses the version of the protocol."""

        async def connect() -> Result:
            async with Client(self._server.build(), mode=mode) as client:
                return await request(client)

        return asyncio.run(connect())

    def fail(self, request: Callable[[Client], Awaitable[object]]) -> str:
        """Return the message of the protocol error in which `request` must end."""

        async def catch(client: Client) -> str:
            try:
                await request(client)
            except MCPError as error:
                return str(error)
            raise AssertionError("no error")

        return self.run(catch)

    def call(self, tool: str, /, **arguments: object) -> CallToolResult:
        """Return the answer of a tool."""
        return self.run(lambda client: client.call_tool(tool, arguments))

    def ask(self, tool: str, /, **arguments: object) -> tuple[list[str], dict[str, Any]]:
        """Call a tool whose answer must not be an error. Return the lines of the text of the answer, and its data."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.content
        return text_of(result).split("\n"), result.structured_content

    def refuse(self, tool: str, /, **arguments: object) -> str:
        """Call a tool whose answer must be an error of one line. Return this line."""
        result = self.call(tool, **arguments)
        assert result.is_error
        assert result.structured_content is None
        text = text_of(result)
        assert len(text.splitlines()) == 1
        assert text.startswith("Error: ")
        return text


def text_of(result: CallToolResult) -> str:
    """Return the text of an answer."""
    (content,) = result.content
    return content.text
