# SPDX-License-Identifier: MIT
"""C++ as tokens: enough to find operators. Comments and preprocessor lines are left out."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|//[^\n]*|/\*.*?\*/|\#(?:\\\n|[^\n])*)
    |(?P<string>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]*)\(.*?\)(?P=mark)"
      |(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
    |(?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
    |(?P<number>0[xX][\da-fA-F']+[uUlLzZ]*|\.?\d(?:[eE][+-]|'?[\w.])*)
    |(?P<name>[A-Za-z_]\w*)
    |(?P<punct><=>|<<=|>>=|->\*|\.\.\.|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Token:
    """A token and its place; `inside` is the index of the bracket around it, or -1."""

    kind: str
    text: str
    start: int
    line: int
    column: int
    spaced: bool
    """White space on both sides: the format sets binary operators apart, and nothing else."""
    inside: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokens_of(text: str) -> list[Token]:
    """The tokens of a file in order."""
    found: list[Token] = []
    stack: list[int] = []
    line, line_start = 1, 0
    for match in _TOKEN.finditer(text):
        word = match.group()
        if not match.group("skip"):
            kind = next(k for k in ("string", "char", "number", "name", "punct") if match.group(k))
            if word in _OPEN.values() and stack:
                stack.pop()
            around = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
            spaced = len(around) == 2 and around.isspace()
            place = (line, match.start() - line_start + 1)
            found.append(
                Token(kind, word, match.start(), *place, spaced, stack[-1] if stack else -1)
            )
            if word in _OPEN:
                stack.append(len(found) - 1)
        if breaks := word.count("\n"):
            line += breaks
            line_start = match.start() + word.rindex("\n") + 1
    return found


def closing(tokens: list[Token], opening: int) -> int:
    """The index of the bracket that closes the one at `opening`; the last token if none does."""
    wanted = _OPEN[tokens[opening].text]
    for index in range(opening + 1, len(tokens)):
        if tokens[index].text == wanted and tokens[index].inside == tokens[opening].inside:
            return index
    return len(tokens) - 1
