"""Parsing of queries with operators, with `whoosh.qparser` and its plug-ins.

A run is text without white space, quotes and operators: 行政处罚. A `ClausePair` is a clause in two forms. The strict
form requires every part of the clause. The relaxed form requires one word, prefix or string of it, and its filters and
negations (`builder.ClausePair`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from whoosh import qparser
from whoosh.qparser import syntax

from searchkit.query.builder import (
    ClauseContext,
    ClausePair,
    QueryBuilder,
    QuerySyntaxError,
    conjunction,
    disjunction,
    required,
)
from searchkit.query.tree import PASSAGE, TEXT_FIELDS, Everything, Not

_MAX_BOOST = 100.0
"""Maximum boost. A greater one is reduced to it."""
_RANGE_END = r"""[^\[\]{}()"“”「」『』]*?"""
"""Pattern of an end of a range: any text without brackets and quotes, or none."""
# [2021 TO 2023]. A square bracket includes the end of the range, a curly one excludes it.
_RANGE = re.compile(rf"(?P<open>[\[{{])(?P<start>{_RANGE_END})\bTO\b(?P<end>{_RANGE_END})(?P<close>[\]}}])")
_NO_SLOP = r"(?P<slop>(?!x)x)?"
"""Pattern that never matches. Whoosh requires a group for the slop of a phrase ("…"~2), which this language lacks."""

# The patterns of the operators; None disables an operator. AND, OR and NOT must be words by themselves: ORIGIN and 甲OR
# contain no operator. No blank may follow `-`: 甲 -乙.
_OPERATORS = {
    "And": r"(^|(?<=[\s()]))AND(?=[\s()]|$)",
    "Or": r"(^|(?<=[\s()]))OR(?=[\s()]|$)|\|",
    "Not": r"(^|(?<=[\s()|]))(?:NOT(?=[\s()]|$)|-(?=[^\s-]))",
    "AndNot": None,
    "AndMaybe": None,
    "Require": None,
}


def parse_operators(text: str, original: str, builder: QueryBuilder, fields: Collection[str]) -> ClausePair | None:
    """Return the strict and the relaxed form of a query with operators, or None if the query has no clauses.

    `text` has half-width operators. `original` is the text before this conversion, with the same length. The texts of
    runs, prefixes, quoted strings and filters are taken from `original`.

    Raises QuerySyntaxError if the syntax is invalid.
    """
    parser = _create_parser(fields)
    tagged = parser.tag(text)
    _check_operands([node for node in tagged if not node.is_ws()])
    return _SyntaxTreeConverter(original, builder).convert(parser.filterize(tagged), ClauseContext())


def _check_operands(nodes: Sequence[syntax.SyntaxNode]) -> None:
    """Raise QuerySyntaxError if an operator lacks an operand."""
    closing, opening = qparser.GroupPlugin.CloseBracket, qparser.GroupPlugin.OpenBracket
    for previous, node, following in zip([None, *nodes], nodes, [*nodes[1:], None], strict=False):
        if isinstance(node, syntax.InfixOperator | syntax.PrefixOperator):
            has_right = following is not None and not isinstance(following, closing | syntax.InfixOperator)
            is_prefix = isinstance(node, syntax.PrefixOperator)
            has_left = previous is not None and not isinstance(previous, opening | syntax.Operator)
            if not has_right or not (is_prefix or has_left):
                raise QuerySyntaxError(f"{node.text.strip()} without its words")


class _SyntaxTreeConverter:
    """Converts Whoosh's syntax tree to a clause in its strict and its relaxed form."""

    def __init__(self, original: str, builder: QueryBuilder) -> None:
        """`original` is the text of the query before its operators were converted to half width."""
        self._original, self._builder = original, builder

    def convert(self, node: syntax.SyntaxNode, context: ClauseContext) -> ClausePair | None:
        """Return both forms of the clause of a node with its children, or None if the node has no clauses.

        Raises QuerySyntaxError if an operator lacks an operand or a filter is invalid.
        """
        # Nodes without an attribute `boost`, such as *, do not score.
        context = context.boosted(min(max(float(getattr(node, "boost", None) or 0), 0.0), _MAX_BOOST))
        if isinstance(node, syntax.NotGroup):
            inner = conjunction([self.convert(child, context.negated()) for child in node])
            return inner and ClausePair(Not(inner.all), Not(inner.all), is_required=True)
        if isinstance(node, syntax.GroupNode):
            if isinstance(node, syntax.OrGroup):
                return disjunction([self.convert(child, context.alternative()) for child in node])
            return conjunction([self.convert(child, context) for child in node])
        if isinstance(node, qparser.EveryPlugin.EveryNode):
            return required(Everything())
        if isinstance(node, syntax.RangeNode):
            excluded = (node.startexcl, node.endexcl)
            return required(self._builder.create_range(node.fieldname, node.start, node.end, excluded, context))
        if isinstance(node, syntax.TextNode):
            return self._convert_leaf(node, context)
        raise QuerySyntaxError("an operator without its words")

    def _convert_leaf(self, node: syntax.TextNode, context: ClauseContext) -> ClausePair | None:
        """Return both forms of the clause of a run, prefix, quoted string or filter.

        Raises QuerySyntaxError if the value of a facet of years is neither a year nor a range of years.
        """
        name = node.fieldname or PASSAGE
        start = node.textstartchar if isinstance(node, qparser.PhrasePlugin.PhraseNode) else node.startchar
        text = self._original[start : start + len(node.text)]
        if name not in {PASSAGE, *TEXT_FIELDS}:
            return required(self._builder.create_filter(name, text, context))
        context = context.with_field(name)
        if isinstance(node, qparser.PhrasePlugin.PhraseNode):
            return self._builder.create_phrase(text, context)
        if isinstance(node, qparser.PrefixPlugin.PrefixNode):
            return self._builder.create_prefix(text, context)
        return self._builder.create_run(text, context)


def _create_parser(fields: Collection[str]) -> qparser.QueryParser:
    """Return a parser that accepts the text fields and `fields` before a colon."""
    names = "|".join(sorted(map(re.escape, {*fields, *TEXT_FIELDS}), key=len, reverse=True))
    plugins = [
        qparser.WhitespacePlugin(),
        qparser.GroupPlugin(),
        *(
            qparser.PhrasePlugin(f"{opening}(?P<text>[^{closing}]*){closing}{_NO_SLOP}")
            for opening, closing in ('""', "“”", "「」", "『』")
        ),
        # A field or facet, a colon and a value: title:处罚, year:2023. A colon after any other word is part of the run:
        # 时间:今年.
        qparser.FieldsPlugin(rf"(?<!\w)(?P<text>{names}):(?=\S)"),
        qparser.RangePlugin(_RANGE),
        # c9* matches tokens that begin with c9. Only letters and digits form a prefix. Chinese text needs none, because
        # the run 处罚 also matches inside longer words. The * of 处罚* is a separate clause, which matches everything.
        qparser.PrefixPlugin(r"(?P<text>[A-Za-z0-9０-９]+)\*(?=[\s)]|$)"),
        qparser.EveryPlugin(r"\*(:\*)?(?=[\s)]|$)"),  # * or *:*
        qparser.BoostPlugin(r"\^(?P<boost>\d+(\.\d+)?)(?=[\s)]|$)"),  # ^2 or ^0.5
        qparser.OperatorsPlugin(**_OPERATORS),
    ]
    return qparser.QueryParser("text", None, plugins=plugins)
