# SPDX-License-Identifier: MIT
"""The command line behind ./quintet: run, machine, check, compare, figure, report, curate.

Exit status: 0 ok, 1 something failed, 2 the command line is wrong, 130 interrupted.
"""

import argparse
import json
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from quintet import ROOT
from quintet.errors import FAILED, INTERRUPTED, OK, ToolError, UsageError

if TYPE_CHECKING:
    from quintet.families import Family

# Each command imports what it needs: --help and errors must not wait for pandas and matplotlib.


class Parser(argparse.ArgumentParser):
    """argparse with errors on one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}", f"see {self.prog} --help")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _regex(text: str) -> str:
    try:
        re.compile(text.removeprefix("-"))
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a regular expression: {error}") from None
    return text


def _show(path: Path) -> str:
    from quintet.figure import shown

    return shown(path)


def command_run(args: argparse.Namespace) -> int:
    """Measures, then prints the table and draws."""
    from quintet.campaign import Settings, new_folder, newest_unfinished, open_campaign
    from quintet.families import FAMILIES, family_named
    from quintet.machine import describe
    from quintet.run import measure, only_run

    families = [family_named(name) for name in dict.fromkeys(args.family)] or [*FAMILIES.values()]
    if args.list:
        return _list_cases(families, args)
    extra = [*args.passthrough, *([f"--pages={args.pages}"] if args.pages else [])]
    settings = Settings(
        profile="full" if args.full else "quick",
        processes=args.processes or (10 if args.full else 5),
        reps=args.reps or (3 if args.full else 1),
        filter=args.filter,
        timeout=args.timeout,
        flags={f.name: (*(f.full_flags if args.full else f.quick_flags), *extra) for f in families},
    )
    with only_run():
        folder = args.output
        if folder is None:
            machine_id = describe()["machine_id"]
            folder = newest_unfinished(machine_id) if args.resume else new_folder(machine_id)
        campaign = open_campaign(folder, families, settings, args.seed)
        _warn_if_busy(campaign.info["load_at_start"])
        try:
            measure(campaign)
        except KeyboardInterrupt:
            print(
                f"\ninterrupted: {_show(folder)} holds whole files; "
                f"continue with the same command and -o {_show(folder)}",
                file=sys.stderr,
            )
            return INTERRUPTED
    status = _present(folder, campaign.failures)
    if status == OK and args.curate:
        _curate(folder)
    return status


def _list_cases(families: "list[Family]", args: argparse.Namespace) -> int:
    from quintet.bench import open_binary
    from quintet.cases import matches

    for family in families:
        for name in open_binary(family, tuple(args.passthrough)).raw_names:
            if matches(args.filter, name):
                print(name)
    return OK


def _warn_if_busy(load: list[float]) -> None:
    import os

    processors = os.cpu_count() or 1
    if load[0] > 0.5 * processors:
        print(
            f"warning: load {load[0]} on {processors} CPUs: other work disturbs the numbers",
            file=sys.stderr,
        )


def _present(folder: Path, failures: dict[str, str]) -> int:
    """Table, figures and report of a finished measurement; failures are named last."""
    from quintet.families import FAMILIES
    from quintet.figure import known_figures, write
    from quintet.load import load_run
    from quintet.report import write_report
    from quintet.summary import geomean_line, ratio_table, summarise

    if any(folder.glob("*.*.json")):
        run = load_run(folder)
        for name in run.families:
            family = FAMILIES[name]
            frame = summarise(run, family)
            print(f"\n{family.title}: ratios of medians, below 1 is faster; paired by round\n")
            print(ratio_table(frame, family))
            print(f"\n{geomean_line(frame, family)}")
        for case, message in run.skipped.items():
            print(f"skipped {case}: {message}")
        print()
        for number, module in known_figures().items():
            if module.FAMILY not in run.families:
                continue
            try:
                for path in write({number: module}, [run], folder):
                    print(f"figure {number}: {_show(path)}")
            except ToolError as error:
                print(f"figure {number}: not drawn: {error}", file=sys.stderr)
        print(f"report:    {_show(write_report([run], folder / 'report.html'))}")
        print(f"run:       {_show(folder)}")
    for case, message in failures.items():
        print(f"quintet: {case} failed: {message}", file=sys.stderr)
    if failures:
        print(f"fix it, then ./quintet run ... -o {_show(folder)} fills the gap", file=sys.stderr)
    return FAILED if failures else OK


def _curate(folder: Path) -> None:
    from quintet.curate import curate

    print(f"curated:   {_show(curate(folder))}")


def command_curate(args: argparse.Namespace) -> int:
    """Copies a finished run into results/ and renews the index there."""
    from quintet.curate import write_index

    if args.run is not None:
        _curate(args.run)
    print(f"index:     {_show(write_index())}")
    return OK


def command_machine(args: argparse.Namespace) -> int:
    """Prints what this machine is."""
    from quintet.files import write_json
    from quintet.machine import as_text, describe

    facts = describe()
    if args.output:
        write_json(args.output, facts)
    print(json.dumps(facts, indent=2) if args.json else as_text(facts))
    return OK


def command_check(args: argparse.Namespace) -> int:
    """Prints one line per problem."""
    from quintet.check import find_files, problems

    files = find_files(args.path)
    count = 0
    for problem in problems(files):
        print(problem)
        count += 1
    if count == 0:
        print(f"{len(files)} files, no problem")
    return FAILED if count else OK


def command_compare(args: argparse.Namespace) -> int:
    """Compares two runs; with --fail-below a slower case is an error."""
    from quintet.compare import as_json, as_markdown, as_text, compare
    from quintet.load import load_run
    from quintet.noise import floor_from, store_floor

    first, second = load_run(args.a), load_run(args.b)
    comparison = compare(first, second, args.metric, args.baseline)
    if args.json:
        print(json.dumps(as_json(comparison), indent=2, allow_nan=False))
    else:
        print((as_markdown if args.md else as_text)(comparison))
    if args.aa:
        if first.machine_id != second.machine_id or args.baseline:
            raise UsageError("--aa takes two plain runs of one machine", "drop --baseline")
        runs = (first.run_id, second.run_id)
        path = store_floor(first.machine_id, comparison.verdict, runs, comparison.metric)
        floor = floor_from(comparison.verdict)
        print(f"noise floor {floor:.1%} kept in {_show(path)}", file=sys.stderr)
    if args.fail_below is not None:
        slow = comparison.below(args.fail_below)
        for case in slow:
            speed = comparison.speed(case)
            print(
                f"quintet: {case.case} runs at {speed:.3f} of A's speed, "
                f"below {args.fail_below:g}",
                file=sys.stderr,
            )
        return FAILED if slow else OK
    return OK


def command_figure(args: argparse.Namespace) -> int:
    """Draws figures of the named runs, or of the newest."""
    from quintet.figure import chosen_figures, write
    from quintet.load import load_runs

    modules = chosen_figures(args.which)
    runs = load_runs(args.run)
    if not args.run:
        print(f"run:       {_show(runs[0].path)}")
    for path in write(modules, runs, args.output, args.paper):
        print(_show(path))
    return OK


def command_report(args: argparse.Namespace) -> int:
    """Writes the HTML page of the named runs, or of the newest."""
    from quintet.load import load_runs
    from quintet.report import write_report

    runs = load_runs(args.run)
    if not args.run:
        print(f"run:       {_show(runs[0].path)}")
    print(_show(write_report(runs, args.output)))
    return OK


def _add_run(commands: "argparse._SubParsersAction[Parser]") -> None:
    parser = commands.add_parser(
        "run",
        help="measure, print ratios, draw figures and report",
        description="Runs every case in fresh processes, implementations interleaved, and keeps "
        "the JSON. Flags of the benchmark binary go after --, for example -- --pages=1M.",
    )
    add = parser.add_argument
    add("family", nargs="*", help="families to measure (default: all)")
    profile = parser.add_mutually_exclusive_group()
    profile.add_argument("--quick", action="store_true", help="5 processes x 1 (default)")
    profile.add_argument("--full", action="store_true", help="10 processes x 3, the paper's sizes")
    add("--processes", type=_positive, metavar="N", help="fresh processes per case")
    add("--reps", type=_positive, metavar="N", help="repetitions in each process")
    add("-f", "--filter", type=_regex, metavar="REGEX", help="only cases that match; -REGEX: not")
    add("--pages", metavar="N", help="pages per case (page_table), for example 100M")
    add("-o", "--output", type=Path, metavar="DIR", help="run folder (default: below build/runs)")
    add("--resume", action="store_true", help="continue the newest unfinished run")
    add("--curate", action="store_true", help="copy the finished run to results/")
    add("--seed", type=int, metavar="N", help="seed of the random order (default: random, kept)")
    add("--timeout", type=float, default=1800, metavar="S", help="seconds per process (1800)")
    add("--list", action="store_true", help="print the cases and stop")
    parser.set_defaults(command=command_run)


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
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--md", action="store_true", help="as Markdown")


def _add_figure(parser: Parser) -> None:
    add = parser.add_argument
    add("which", metavar="FIGURE", help="a number such as 11, or all")
    add("run", type=Path, nargs="*", help="run folders (default: the newest)")
    folder = ROOT / "build" / "figures"
    add("-o", "--output", type=Path, default=folder, help="folder (default: build/figures)")
    add("--paper", action=argparse.BooleanOptionalAction, default=True, help="the paper's points")


def _parser() -> Parser:
    parser = Parser(
        prog="./quintet", description="Measures, compares and draws. See docs/measuring.md."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    _add_run(commands)

    def command(name: str, function: Callable[[argparse.Namespace], int], text: str) -> Parser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    machine = command("machine", command_machine, "print this machine's facts and id")
    machine.add_argument("--json", action="store_true", help="as JSON")
    machine.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="also write JSON to FILE"
    )

    check = command("check", command_check, "check result files: schema, finite, complete")
    check.add_argument("path", type=Path, nargs="+", help="run folder or JSON file")

    _add_compare(command("compare", command_compare, "say which cases differ between two runs"))
    _add_figure(command("figure", command_figure, "draw figures as PDF, SVG and PNG"))

    report = command("report", command_report, "write one self-contained HTML page")
    report.add_argument("run", type=Path, nargs="*", help="run folders (default: the newest)")
    page = ROOT / "build" / "report.html"
    report.add_argument(
        "-o", "--output", type=Path, default=page, help="default: build/report.html"
    )

    curate = command("curate", command_curate, "keep a run in results/ and renew its index")
    curate.add_argument("run", type=Path, nargs="?", help="run folder; none: only the index")
    return parser


def _terminate(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; every expected failure is one line on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    cut = words.index("--") if "--" in words else len(words)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        args = _parser().parse_args(words[:cut])
        args.passthrough = words[cut + 1 :]
        if args.passthrough and args.command is not command_run:
            raise UsageError("only run takes flags after --", "drop them")
        return int(args.command(args))
    except ToolError as error:
        print(f"quintet: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        print("\nquintet: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except OSError as error:
        print(f"quintet: {error.filename or 'system'}: {error.strerror}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
