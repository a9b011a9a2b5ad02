"""The operators of the query language, by `whoosh.qparser` with our plug-ins."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from whoosh import qparser
from whoosh.qparser import syntax

from searchkit.query.reading import Both, NoSenseError, Place, Reading, all_of, any_of, condition
from searchkit.query.tree import TEXT_FIELDS, Everything, Not

_MAX_WEIGHT = 100.0
_IN_RANGE = r"""[^\[\]{}()"“”「」『』]*?"""
_RANGE = re.compile(rf"(?P<open>[\[{{])(?P<start>{_IN_RANGE})\bTO\b(?P<end>{_IN_RANGE})(?P<close>[\]}}])")
_NEVER = r"(?P<slop>(?!x)x)?"  # whoosh wants the group; strings have no slop here


def read(text: str, original: str, reading: Reading, fields: Collection[str]) -> Both | None:
    """What a text with operators asks for; None for nothing. Raises NoSenseError.

    `original` is the text before its operators were made narrow, code point for code point: words and strings are
    taken from there.
    """
    parser = _parser(fields)
    tagged = parser.tag(text)
    _check_operands([node for node in tagged if not node.is_ws()])
    return _Walk(original, reading).node(parser.filterize(tagged), Place())


def _check_operands(nodes: Sequence[syntax.SyntaxNode]) -> None:
    """Raise NoSenseError for an operator that has nothing to work on."""
    closing, opening = qparser.GroupPlugin.CloseBracket, qparser.GroupPlugin.OpenBracket
    for before, node, behind in zip([None, *nodes], nodes, [*nodes[1:], None], strict=False):
        if isinstance(node, syntax.InfixOperator | syntax.PrefixOperator):
            has_right = behind is not None and not isinstance(behind, closing | syntax.InfixOperator)
            is_prefix = isinstance(node, syntax.PrefixOperator)
            has_left = before is not None and not isinstance(before, opening | syntax.Operator)
            if not has_right or not (is_prefix or has_left):
                raise NoSenseError(f"{node.text.strip()} without its words")


class _Walk:
    """Whoosh's syntax tree, read node by node."""

    def __init__(self, original: str, reading: Reading) -> None:
        self._original, self._reading = original, reading

    def node(self, node: syntax.SyntaxNode, place: Place) -> Both | None:
        """What a node asks for; None for nothing. Raises NoSenseError."""
        place = place.weighing(min(max(float(getattr(node, "boost", None) or 0), 0.0), _MAX_WEIGHT))
        if isinstance(node, syntax.NotGroup):
            inner = all_of([self.node(child, place.below_not()) for child in node])
            return inner and Both(Not(inner.all), Not(inner.all), is_condition=True)
        if isinstance(node, syntax.GroupNode):
            pairs = [self.node(child, place) for child in node]
            return any_of(pairs) if isinstance(node, syntax.OrGroup) else all_of(pairs)
        if isinstance(node, qparser.EveryPlugin.EveryNode):
            return condition(Everything())
        if isinstance(node, syntax.RangeNode):
            ends = (node.startexcl, node.endexcl)
            return condition(self._reading.range(node.fieldname, node.start, node.end, ends))
        if isinstance(node, syntax.TextNode):
            return self._leaf(node, place)
        raise NoSenseError("an operator without its words")

    def _leaf(self, node: syntax.TextNode, place: Place) -> Both | None:
        name = node.fieldname or "text"
        start = node.textstartchar if isinstance(node, qparser.PhrasePlugin.PhraseNode) else node.startchar
        text = self._original[start : start + len(node.text)]
        if name not in TEXT_FIELDS:
            return condition(self._reading.filter(name, text))
        place = place.in_field(name)
        if isinstance(node, qparser.PhrasePlugin.PhraseNode):
            return self._reading.phrase(text, place)
        if isinstance(node, qparser.PrefixPlugin.PrefixNode):
            return self._reading.prefix(text, place)
        return self._reading.run(text, place)


def _parser(fields: Collection[str]) -> qparser.QueryParser:
    names = "|".join(sorted(map(re.escape, {*fields, *TEXT_FIELDS}), key=len, reverse=True))
    operators = qparser.OperatorsPlugin(
        And=r"(^|(?<=[\s()]))AND(?=[\s()]|$)",
        Or=r"(^|(?<=[\s()]))OR(?=[\s()]|$)|\|",
        Not=r"(^|(?<=[\s()|]))(?:NOT(?=[\s()]|$)|-(?=[^\s-]))",
        AndNot=None,
        AndMaybe=None,
        Require=None,
    )
    plugins = [
        qparser.WhitespacePlugin(),
        qparser.GroupPlugin(),
        *(qparser.PhrasePlugin(f"{a}(?P<text>[^{b}]*){b}{_NEVER}") for a, b in ('""', "“”", "「」", "『』")),
        qparser.FieldsPlugin(rf"(?<!\w)(?P<text>{names}):(?=\S)"),
        qparser.RangePlugin(_RANGE),
        qparser.PrefixPlugin(r"(?P<text>[A-Za-z0-9０-９]+)\*(?=[\s)]|$)"),
        qparser.EveryPlugin(r"\*(:\*)?(?=[\s)]|$)"),
        qparser.BoostPlugin(r"\^(?P<boost>\d+(\.\d+)?)(?=[\s)]|$)"),
        operators,
    ]
    return qparser.QueryParser("text", None, plugins=plugins)
