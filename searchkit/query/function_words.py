"""Function words: words of questions, and particles. They say little about the subject of a query.

The lists come from the parts of speech of jieba's dictionary (jieba 0.42.1, `dict.txt`): question pronouns and numerals
(r, m: 什么, 哪些, 多少), auxiliary words (u and its kinds: 的, 等), modal particles (y: 吗), and the most frequent
conjunctions, prepositions and adverbs (c, p, d). They are committed here, because a search that looked them up would
take longer to start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

QUESTION_FACTOR = 0.2
"""Factor of the score of a word of a question."""
PARTICLE_FACTOR = 0.3
"""Factor of the score of a particle."""

_PARTICLES = frozenset(
    "的 地 得 了 着 过 等 之 等等 的话 似的 来说 来看 们 啊 吗 呢 吧 么 啦 呀 嘛 哇 而已 罢了 也好 "  # noqa: SIM905
    "是 在 和 与 及 或 有 无 不 也 都 就 而 以 为 于 其 这 那 个".split()
)
"""Auxiliary words, modal particles, and the most frequent conjunctions, prepositions, adverbs and pronouns."""
_QUESTION_WORDS = frozenset(
    "什么 甚么 啥 啥子 啥时候 多少 多大 多久 多长 多高 如何 怎 怎么 怎样 怎么样 怎么着 怎么办 咋 咋样 "  # noqa: SIM905
    "哪 哪些 哪几 哪个 哪几个 哪种 哪项 哪家 哪位 哪样 哪国 哪部 哪篇 哪次 哪天 哪年 哪一年 哪一天 哪里 哪儿 哪边 "
    "何 何时 何日 何月 何年 何地 何处 何种 何人 何事 何方 几 几个 几次 几项 几家 几年 几种 谁 谁家 是否 能否 可否 "
    "有没有 是不是 为什么 为何 为啥 缘何 干什么 请问 提到 提及 谈到 对比 vs 时候 历年 近几年 这几年 各省 各地".split()
)
"""Words of questions and of requests, which answers need not contain."""


def word_factors(words: Sequence[str]) -> Iterator[float]:
    """Yield the factor of the score of each word of a run, 1 for content words. `words`: the words in order.

    A word of one character after a question word is its measure word, and belongs to the question: 件 in 多少件.
    """
    for previous, word in zip(("", *words), words, strict=False):
        if word in _QUESTION_WORDS or (previous in _QUESTION_WORDS and len(word) == 1):
            yield QUESTION_FACTOR
        else:
            yield PARTICLE_FACTOR if word in _PARTICLES else 1.0


def content_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct words of a run that are not function words, in order."""
    factors = word_factors(words)
    return tuple(dict.fromkeys(word for word, factor in zip(words, factors, strict=True) if factor == 1))
