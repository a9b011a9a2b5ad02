"""Formats the findings of an audit for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from searchkit.compare.audit import Audit
from searchkit.text.characters import display_width, sanitize
from searchkit.translation import FINDING, join, ngettext, pgettext, translate
from searchkit.translation import gettext as _

_INDENT = " " * 10
"""Spaces below the kind of a finding."""
_MAX_SENTENCE_LENGTH = 160
"""Maximum number of code points of a sentence that are shown."""


def format_findings(audit: Audit) -> Iterator[str]:
    """Yield the number of findings of each kind, then the findings by kind, with their sentences and ids.

    Without findings, yields nothing.
    """
    if audit.findings:
        counts = join(f"{pgettext(FINDING, kind)} {count}" for kind, count in audit.counts.items())
        text = ngettext("{n} finding: {counts}", "{n} findings: {counts}", len(audit))
        yield text.format(n=len(audit), counts=counts) + "\n"
    for finding in audit:
        place = " ".join(str(item) for item in (finding.district, finding.year) if item is not None)
        kind = pgettext(FINDING, finding.kind)
        kind += " " * max(len(_INDENT) - display_width(kind), 2)
        message = translate(finding.message)
        text = _("{place}: {message}").format(place=place, message=message) if place else message
        yield sanitize(f"\n{kind}{text}\n")
        for sentence in finding.sentences:
            cut = f"{sentence[:_MAX_SENTENCE_LENGTH]}…" if len(sentence) > _MAX_SENTENCE_LENGTH else sentence
            yield sanitize(f"{_INDENT}“{cut}”\n")
        yield sanitize(f"{_INDENT}{', '.join(finding.ids or finding.documents)}\n")
