"""Answers before they are sent, and a cache of finished ones by the state of the index and the URL."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Lock

MAX_CACHE_BYTES = 12_000_000
"""Maximum total size of the answers in a cache, in bytes: about a thousand pages."""
_MAX_ANSWER_BYTES = 1_000_000
"""Maximum size of an answer that is cached, in bytes."""
MIN_COMPRESSED_BYTES = 1000
"""Minimum size of an answer that is compressed, in bytes."""
COMPRESS_LEVEL = 4
"""Level of gzip. Higher levels take much longer, and save little."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to be sent."""

    body: bytes | Iterator[bytes]
    """The content, or an iterator over its pieces. A thread of a pool makes each piece when it is to be sent."""
    media_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def compressed(self) -> Answer:
        """Return the answer with its content compressed, or itself if it is short or in pieces."""
        if not isinstance(self.body, bytes) or len(self.body) < MIN_COMPRESSED_BYTES:
            return self
        body = gzip.compress(self.body, COMPRESS_LEVEL, mtime=0)
        return replace(self, body=body, headers={**self.headers, "Content-Encoding": "gzip"})


class AnswerCache:
    """Finished answers. Keys contain the state of the index, so that no answer is ever outdated. Thread-safe.

    Many readers ask for the same pages: the start page, an example, the link in a message.
    """

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, ...]) -> Answer | None:
        """Return an answer, or None."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
            return answer

    def put(self, key: tuple[str, ...], answer: Answer) -> None:
        """Cache an answer if it is not in pieces and not too large. The least recently used answers make room."""
        if not isinstance(answer.body, bytes) or len(answer.body) > _MAX_ANSWER_BYTES:
            return
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = answer
            self._bytes += len(answer.body)
            while self._bytes > self._max_bytes:
                _, oldest = self._answers.popitem(last=False)
                self._bytes -= len(oldest.body) if isinstance(oldest.body, bytes) else 0
