# SPDX-License-Identifier: MIT
"""The mutants of a header. What is told from tokens alone may not compile: the build finds out.

Left out, because no check could or should notice: static_assert, QT_ASSERT, concepts, and code
that only a seeded fault (`kPolicy.fault == ...`) brings to life.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from quintet.mutation.lexer import Token, closing, tokens_of

_SWAPS: dict[str, tuple[str, ...]] = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "+": ("-",),
    "-": ("+",),
    "+=": ("-=",),
    "-=": ("+=",),
    "&": ("|",),
    "|": ("&",),
    "&=": ("|=",),
    "|=": ("&=",),
    "<<": (">>",),
    ">>": ("<<",),
    "<<=": (">>=",),
    ">>=": ("<<=",),
    "&&": ("||",),
    "||": ("&&",),
}
_WORDS = {"true": "false", "false": "true"}
_TYPES = {"namespace", "class", "struct", "union", "enum"}
_ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
_NOT_EXPRESSIONS = set(
    """return if else for while do switch case default break continue goto using typedef template
    const constexpr static inline virtual explicit friend auto extern mutable public private
    protected operator throw try catch static_assert QT_ASSERT void co_return requires concept
    namespace class struct union enum""".split()
)
_HEADS = ("if", "for", "while", "switch")
STATEMENT, NEGATED = "statement removed", "condition negated"


@dataclass(frozen=True)
class Mutant:
    """`text[start:end]` becomes `replacement`."""

    file: str
    line: int
    column: int
    start: int
    end: int
    replacement: str
    mutation: str
    occurrence: int
    """1 for the first place on its line where the same mutation is possible."""
    source: str
    """The line without the space around it and without a comment at its end."""
    first_line: int
    """Where the statement begins."""

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.mutation}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when the line moves."""
        return (self.file, self.source, self.mutation)

    def applied(self, text: str) -> str:
        return text[: self.start] + self.replacement + text[self.end :]


Change = tuple[int, int, str, str]
"""First and last token, replacement, name."""


def mutants_of(file: str, text: str) -> list[Mutant]:
    """All mutants of `text`, the content of `file`, in its order."""
    tokens = tokens_of(text)
    skipped = _skipped(tokens)
    lines = text.split("\n")
    seen: Counter[tuple[int, str]] = Counter()
    found = []
    for first, last, replacement, mutation in sorted(_changes(tokens, skipped)):
        token = tokens[first]
        seen[(token.line, mutation)] += 1
        found.append(
            Mutant(
                file=file,
                line=token.line,
                column=token.column,
                start=token.start,
                end=tokens[last].end,
                replacement=replacement,
                mutation=mutation,
                occurrence=seen[(token.line, mutation)],
                source=re.sub(r"\s+//.*", "", lines[token.line - 1].strip()),
                first_line=_first_line(tokens, first),
            )
        )
    return found


def _first_line(tokens: list[Token], index: int) -> int:
    while index > 0 and tokens[index - 1].text not in (";", "{", "}"):
        index -= 1
    return tokens[index].line


def _changes(tokens: list[Token], skipped: set[int]) -> Iterator[Change]:
    for index, token in enumerate(tokens):
        if index in skipped:
            continue
        if token.kind == "number" and (more := _one_more(token.text)):
            yield index, index, more, f"{token.text} -> {more}"
        elif token.text in _WORDS:
            yield index, index, _WORDS[token.text], f"{token.text} -> {_WORDS[token.text]}"
        elif token.text in _SWAPS and token.spaced and tokens[index - 1].text != "operator":
            for other in _SWAPS[token.text]:
                yield index, index, other, f"{token.text} -> {other}"
        elif token.text in ("!", "~") and _is_prefix(tokens, index):
            yield index, index, "", f"{token.text} removed"
        elif token.text == "if" and (condition := _condition(tokens, index)):
            first, last = condition
            if first not in skipped and not _negated_elsewhere(tokens, first, last):
                text = "".join(_with_space(tokens, i, first) for i in range(first, last + 1))
                yield first, last, f"!({text})", NEGATED
        if (end := _statement_end(tokens, index)) is not None:
            yield index, end, ";", STATEMENT


def _with_space(tokens: list[Token], index: int, first: int) -> str:
    """The token, with a space before it unless it follows directly."""
    token = tokens[index]
    near = index == first or tokens[index - 1].end == token.start
    return token.text if near else f" {token.text}"


def _one_more(text: str) -> str:
    """An integer literal plus one, in its base and with its suffix; empty for other numbers."""
    body = text.rstrip("uUlLzZ")
    suffix, digits = text[len(body) :], body.replace("'", "")
    try:
        value = int(digits, 0)
    except ValueError:
        return ""
    base = digits[:2].lower()
    form = {"0x": "0x{:X}", "0b": "0b{:b}"}.get(base, "{}")
    return form.format(value + 1) + suffix


def _is_prefix(tokens: list[Token], index: int) -> bool:
    """Whether ! or ~ at `index` is an operator, not part of a destructor's or operator's name."""
    before = tokens[index - 1].text if index else ";"
    if before == "operator":
        return False
    if tokens[index].text == "!":
        return True
    return before not in (
        ";",
        "{",
        "}",
        ":",
        "::",
        ".",
        "->",
    ) and before not in _NOT_EXPRESSIONS - {"return"}


def _condition(tokens: list[Token], index: int) -> tuple[int, int] | None:
    """First and last token of the condition of the `if` at `index`, behind its initialiser."""
    opening = index + 1
    if opening < len(tokens) and tokens[opening].text == "constexpr":
        opening += 1
    if opening >= len(tokens) or tokens[opening].text != "(":
        return None
    last = closing(tokens, opening) - 1
    starts = [i for i in range(opening, last) if tokens[i].text == ";"]
    first = max([opening, *(i for i in starts if tokens[i].inside == opening)]) + 1
    inner = [i for i in range(first, last + 1) if tokens[i].inside == opening]
    declares = any(tokens[i].text == "=" for i in inner)
    return None if declares or first > last else (first, last)


def _negated_elsewhere(tokens: list[Token], first: int, last: int) -> bool:
    """Whether another mutation negates this condition: it is one comparison, or begins with !."""
    if tokens[first].text == "bool" and closing(tokens, first + 1) == last:
        first, last = first + 2, last - 1
    inside = tokens[first].inside
    top = [t.text for t in tokens[first : last + 1] if t.inside == inside and t.spaced]
    if {"&&", "||"} & set(top):
        return False
    return tokens[first].text == "!" or bool({"<", "<=", ">", ">=", "==", "!="} & set(top))


def _statement_end(tokens: list[Token], index: int) -> int | None:
    """The `;` of the expression statement that begins at `index`, if one does."""
    token = tokens[index]
    if index == 0 or token.text in _NOT_EXPRESSIONS or not _in_function(tokens, token.inside):
        return None
    if not (token.kind == "name" or token.text in ("*", "++", "--", "(")):
        return None
    before = tokens[index - 1]
    if before.text not in ("{", "}", ";", "else") and not _closes_head(tokens, index - 1):
        return None
    end = index
    while tokens[end].text != ";" or tokens[end].inside != token.inside:
        if tokens[end].text == "{" and tokens[end].inside == token.inside:
            return None
        end += 1
        if end == len(tokens):
            return None
    body = [i for i in range(index, end) if tokens[i].inside == token.inside]
    return end if _is_expression(tokens, body) else None


def _is_expression(tokens: list[Token], body: list[int]) -> bool:
    """Whether the tokens outside brackets do something and declare nothing."""
    texts = [tokens[i].text for i in body]
    acts = _ASSIGNMENTS & set(texts) or texts[-1] == ")" or {"++", "--"} & set(texts)
    if not acts or set(texts) & (_NOT_EXPRESSIONS - {"template"}) or "default" in texts:
        return False
    for i, following in zip(body, body[1:]):
        one, two = tokens[i], tokens[following]
        if two.kind == "name" and (one.kind == "name" and one.text != "template"):
            return False
        if two.kind == "name" and one.text in (">", "&", "*", "&&") and not one.spaced:
            if i != body[0]:
                return False
    return True


def _closes_head(tokens: list[Token], index: int) -> bool:
    """Whether the token is the `)` of an if, for or while."""
    if tokens[index].text != ")":
        return False
    opening = max(i for i in range(index) if tokens[i].text == "(" and closing(tokens, i) == index)
    words = [tokens[i].text for i in range(max(0, opening - 2), opening)]
    return words[-1:] != [] and (words[-1] in _HEADS or words == ["if", "constexpr"])


def _in_function(tokens: list[Token], opening: int) -> bool:
    """Whether the bracket at `opening` is the brace of a function's body or of a block in one."""
    if opening < 0 or tokens[opening].text != "{":
        return False
    inside = tokens[opening].inside
    start = opening
    while start - 1 > inside and not (
        tokens[start - 1].text in (";", "}") and tokens[start - 1].inside == inside
    ):
        start -= 1
    words, depth = [], 0
    for token in tokens[start:opening]:
        depth += {"<": 1, ">": -1, ">>": -2}.get(token.text, 0)
        if depth <= 0:
            words.append(token.text)
    return not _TYPES & set(words) and words[-1:] != ["="]


def _skipped(tokens: list[Token]) -> set[int]:
    """Indices of tokens that are not mutated."""
    skipped: set[int] = set()
    for index, token in enumerate(tokens):
        following = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.text in ("static_assert", "QT_ASSERT") and following == "(":
            skipped |= set(range(index, closing(tokens, index + 1) + 1))
        elif token.text in ("concept", "requires"):
            skipped |= set(range(index, _end_of_clause(tokens, index)))
        elif token.text == "fault" and tokens[index - 1].text == ".":
            skipped |= set(range(index - 2, index + 5))  # kPolicy.fault == Fault::kName
        elif token.text == "if" and (condition := _condition(tokens, index)):
            skipped |= _only_of_a_fault(tokens, *condition)
    return skipped


def _end_of_clause(tokens: list[Token], index: int) -> int:
    """The end of a concept, or of a requires clause: its `;` or the brace of the body."""
    inside = tokens[index].inside
    for i in range(index, len(tokens)):
        if tokens[i].inside == inside and tokens[i].text in (";", "{"):
            if tokens[i].text == "{" and tokens[index].text == "concept":
                return closing(tokens, i)
            return i
    return len(tokens)


def _only_of_a_fault(tokens: list[Token], first: int, last: int) -> set[int]:
    """The condition and the branch that exist only where a fault is seeded."""
    texts = [tokens[i].text for i in range(first, last + 1)]
    if "fault" not in texts:
        return set()
    if texts[texts.index("fault") + 1] != "==":
        alone = len(texts) == 7  # kPolicy . fault != Fault :: kName
        return set(range(first, last + 1)) if alone else set()
    start = last + 2
    if start < len(tokens) and tokens[start].text == "{":
        return set(range(first, closing(tokens, start) + 1))
    inside = tokens[start].inside
    end = start
    while end < len(tokens) - 1 and (tokens[end].text != ";" or tokens[end].inside != inside):
        end += 1
    return set(range(first, end + 1))
