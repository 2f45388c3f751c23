# SPDX-License-Identifier: MIT
"""The arguments of every command. Imports nothing slow: --help and errors must not wait."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from quintet import ROOT
from quintet.errors import UsageError


class Parser(argparse.ArgumentParser):
    """argparse with errors on one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", f"see {self.prog} --help")


def _positive(text: str) -> int:
    if not re.fullmatch(r"\d+", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return int(text)


def _count(text: str) -> str:
    """A number as the benchmark binaries read it."""
    if not re.fullmatch(r"0*[1-9]\d*[KMG]?", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number such as 500, 10K, 10M or 1G")
    return text


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number of seconds")
    return float(text)


def _regex(text: str) -> str:
    try:
        re.compile(text.removeprefix("-"))
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a regular expression: {error}") from None
    return text


def _add_run(parser: Parser) -> None:
    parser.description = (
        "Runs every case in fresh processes, implementations interleaved, and keeps "
        "the JSON. Flags of the benchmark binary go after --, for example -- --pages=1M."
    )
    add = parser.add_argument
    add("family", nargs="*", help="families to measure (default: all but verification)")
    profile = parser.add_mutually_exclusive_group()
    text = "3 processes x 1, the binary's --quick: shows that all works, measures nothing"
    profile.add_argument("--quick", action="store_true", help=text)
    profile.add_argument("--full", action="store_true", help="10 processes x 3, the paper's sizes")
    add("--processes", type=_positive, metavar="N", help="fresh processes per case (default 5)")
    add("--reps", type=_positive, metavar="N", help="repetitions in each process (default 1)")
    add(
        "-f",
        "--filter",
        type=_regex,
        metavar="REGEX",
        help="only cases that match; --filter=-REGEX: not",
    )
    add("--pages", type=_count, metavar="N", help="pages per case, in random order in proportion")
    add("-o", "--output", type=Path, metavar="DIR", help="run folder (default: below build/runs)")
    add("--resume", action="store_true", help="continue the newest unfinished run")
    add("--curate", action="store_true", help="copy the finished run to results/")
    add("--seed", type=int, metavar="N", help="seed of the random order (default: random, kept)")
    add("--timeout", type=_seconds, default=1800, metavar="S", help="seconds per process (1800)")
    add("--wide", action="store_true", help="every column of the table, however wide")
    add("--list", action="store_true", help="print the cases and stop")
    # For ./quintet, before it builds.
    add("--only-check-arguments", action="store_true", help=argparse.SUPPRESS)


def _add_compare(parser: Parser) -> None:
    add = parser.add_argument
    add("a", type=Path, metavar="A", help="run folder or benchmark JSON")
    add("b", type=Path, metavar="B", help="the same, held against A")
    add("--metric", help="counter to compare (default: the family's)")
    add("--baseline", metavar="IMPL", help="divide by this implementation first")
    text = "exit 1 if a case called different runs below R of A's speed"
    add("--fail-below", type=float, metavar="R", help=text)
    text = "A and B are the same binary: keep the noise floor"
    add("--aa", action="store_true", help=text)
    add("--all", action="store_true", help="every case, not the most telling few")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON, with every case")
    form.add_argument("--md", action="store_true", help="as Markdown")


def _add_figure(parser: Parser) -> None:
    add = parser.add_argument
    add("which", metavar="FIGURE", nargs="?", help="a number such as 11, or all")
    text = "run folders (default: the newest that has cases of the figure)"
    add("run", type=Path, nargs="*", help=text)
    folder = ROOT / "build" / "figures"
    add("-o", "--output", type=Path, default=folder, help="folder (default: build/figures)")
    add("--paper", action=argparse.BooleanOptionalAction, default=True, help="the paper's points")
    text = "also write the data of figures 9 and 13 to DIR, as the paper's artifact has them"
    add("--artifact", type=Path, metavar="DIR", help=text)


def _add_machine(parser: Parser) -> None:
    add = parser.add_argument
    add("--json", action="store_true", help="as JSON")
    add("-o", "--output", type=Path, metavar="FILE", help="also write JSON to FILE")


def _add_check(parser: Parser) -> None:
    parser.add_argument("path", type=Path, nargs="+", help="run folder or JSON file")
    parser.add_argument("--all", action="store_true", help="every problem, not the first few")


def _add_report(parser: Parser) -> None:
    add = parser.add_argument
    add("run", type=Path, nargs="*", help="run folders (default: the newest)")
    page = ROOT / "build" / "report.html"
    add("-o", "--output", type=Path, default=page, help="default: build/report.html")


def _add_curate(parser: Parser) -> None:
    parser.add_argument("run", type=Path, nargs="?", help="run folder; none: only the index")


def _add_lines(parser: Parser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--header", type=Path, metavar="FILE", help="as C++, written to FILE")


def _add_mutate(parser: Parser) -> None:
    parser.description = (
        "Changes one operator of a header at a time, builds the checks with it, and says which "
        "changes no check notices. Needs lib/<system>/test/mutants.toml; see docs/mutation.md."
    )
    add = parser.add_argument
    files = sorted((ROOT / "lib").glob("*/test/mutants.toml"))
    known = ", ".join(path.parents[1].name for path in files)
    add("system", help=f"a folder of lib/ that has that file, now: {known}")
    add("--list", action="store_true", help="print the mutants and stop")
    add("--sample", type=_positive, metavar="N", help="only N mutants, drawn at random")
    add("--seed", type=int, default=1, metavar="S", help="seed of the sample (1)")
    add("--only", metavar="FILE[:LINE]", help="only mutants of a header, or of a line of it")
    add("--jobs", type=_positive, metavar="J", help="mutants at a time (default: one per CPU)")
    add("--resume", action="store_true", help="keep the results of an interrupted run")
    add("--all", action="store_true", help="also list what was killed or did not compile")
    text = "also try the mutants that are recorded as equivalent"
    add("--check-equivalents", action="store_true", help=text)
    text = "the seeded faults first, where the system has a command for them"
    add("--faults", action=argparse.BooleanOptionalAction, default=True, help=text)
    # For ./quintet, before it builds.
    add("--print-targets", action="store_true", help=argparse.SUPPRESS)


COMMANDS: dict[str, tuple[str, Callable[[Parser], None]]] = {
    "run": ("measure, print ratios, draw figures and report", _add_run),
    "machine": ("print this machine's facts and id", _add_machine),
    "check": ("check result files: schema, finite, complete", _add_check),
    "compare": ("say which cases differ between two runs", _add_compare),
    "figure": ("draw figures as PDF, SVG and PNG", _add_figure),
    "report": ("write one self-contained HTML page", _add_report),
    "mutate": ("say which small changes of the code no check notices", _add_mutate),
    "lines": ("count lines of code by what they are for", _add_lines),
    "curate": ("keep a run in results/ and renew its index", _add_curate),
}


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The command's name as `command`, its arguments, and what follows `--` as `passthrough`."""
    parser = Parser(
        prog="./quintet", description="Measures, compares and draws. See docs/measuring.md."
    )
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=Parser
    )
    parsers: dict[str, Parser] = {}
    for name, (text, add_arguments) in COMMANDS.items():
        parsers[name] = commands.add_parser(name, help=text, description=text)
        add_arguments(parsers[name])
    cut = words.index("--") if "--" in words else len(words)
    name, *rest = words[:cut] or [""]
    if name in parsers:  # by itself, so that options may stand between its arguments
        args = parsers[name].parse_intermixed_args(rest)
        args.command = name
    else:
        args = parser.parse_args(words[:cut])
    args.passthrough = list(words[cut + 1 :])
    if args.passthrough and args.command != "run":
        raise UsageError("only run takes flags after --", "drop them")
    return args
