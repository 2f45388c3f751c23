# SPDX-License-Identifier: MIT
"""The command line behind ./quintet: one function per command.

Exit status: 0 ok, 1 something failed, 2 the command line is wrong, 130 interrupted.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from quintet.arguments import parse
from quintet.errors import FAILED, INTERRUPTED, OK, ToolError, UsageError
from quintet.files import read_json, shown
from quintet.precheck import check_run

if TYPE_CHECKING:
    from types import ModuleType

    from quintet.families import Family
    from quintet.load import Run

# Each command imports what it needs: --help and errors must not wait for pandas and matplotlib.


def command_run(args: argparse.Namespace) -> int:
    """Measures, then prints the table and draws."""
    families = check_run(args)
    if args.only_check_arguments:  # and say what to build, if that is not everything
        if args.family and not any(family.obligations for family in families):
            print("\n".join(family.binary for family in families))
        return OK
    from quintet.campaign import Settings, new_folder, newest_unfinished, open_campaign
    from quintet.machine import describe
    from quintet.profiles import DEFAULT, PROFILES, profile_flags
    from quintet.resume import resume_command
    from quintet.run import measure, only_run

    if args.list:
        return _list_cases(families, args)
    pages = [f"--pages={args.pages}"] if args.pages else []
    extra = {f.name: [*args.passthrough, *(pages if f.pages else [])] for f in families}
    profile = "full" if args.full else "quick" if args.quick else DEFAULT
    settings = Settings(
        profile=profile,
        processes=args.processes or PROFILES[profile].processes,
        reps=args.reps or PROFILES[profile].reps,
        filter=args.filter,
        timeout=args.timeout,
        flags={
            f.name: (*profile_flags(profile, f, extra[f.name]), *extra[f.name]) for f in families
        },
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
                f"\ninterrupted: {shown(folder)} holds whole files; "
                f"finish it with: {resume_command(folder, campaign.info)}",
                file=sys.stderr,
            )
            return INTERRUPTED
    status = _present(folder, campaign.failures, args.wide)
    if status == OK and args.curate:
        _curate(folder)
    return status


def _warn_if_incomplete(*runs: "Run") -> None:
    """One line for each run that lacks samples."""
    from quintet.resume import incomplete

    for run in runs:
        if line := incomplete(run):
            print(f"warning: {line}", file=sys.stderr)


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


def _print_tables(run: "Run", wide: bool) -> None:
    """What was measured, family by family."""
    from quintet.families import FAMILIES
    from quintet.obligations import read
    from quintet.obligations_text import list_text
    from quintet.summary import geomean_line, summarise, what_values_are
    from quintet.table import ratio_table, terminal_width

    for name in run.families:
        family = FAMILIES[name]
        if family.obligations:
            print(f"\n{family.title}: medians over processes\n\n{list_text(read(run))}")
            continue
        frame = summarise(run, family)
        print(f"\n{family.title}: {what_values_are(frame, family)}\n")
        print(ratio_table(frame, family, None if wide else terminal_width()))
        if family.baseline:
            print(f"\n{geomean_line(frame, family)}")


def _print_figures(run: "Run", folder: Path) -> None:
    """Draws the figures of the run's families, and says where they are."""
    from quintet.figure import known_figures, write

    for number, module in known_figures().items():
        if module.FAMILY not in run.families:
            continue
        try:
            for path in write({number: module}, [run], folder):
                print(f"figure {number}: {shown(path)}")
        except ToolError as error:
            print(f"figure {number}: not drawn: {error}", file=sys.stderr)


def _present(folder: Path, failures: dict[str, str], wide: bool) -> int:
    """Table, figures and report of a finished measurement; failures are named last."""
    from quintet.load import load_run
    from quintet.profiles import profile_name
    from quintet.report import write_report
    from quintet.resume import resume_command

    run = load_run(folder) if any(folder.glob("*.*.json")) else None
    if run is not None:
        _print_tables(run, wide)
        if profile_name(run.info["settings"]) == "quick":
            print("\nmeasured with --quick: every case works; the numbers mean nothing")
        for case, message in run.skipped.items():
            print(f"skipped {case}: {message}")
        print()
        _print_figures(run, folder)
        print(f"report:    {shown(write_report([run], folder / 'report.html'))}")
        print(f"run:       {shown(folder)}")
    for case, message in failures.items():
        print(f"quintet: {case} failed: {message}", file=sys.stderr)
    if run is not None:
        _warn_if_incomplete(run)
    elif failures:
        info = read_json(folder / "run.json")
        print(f"fix it, then: {resume_command(folder, info)}", file=sys.stderr)
    return FAILED if failures else OK


def _curate(folder: Path) -> None:
    from quintet.curate import curate

    print(f"curated:   {shown(curate(folder))}")


def command_curate(args: argparse.Namespace) -> int:
    """Copies a finished run into results/ and renews the index there."""
    from quintet.curate import write_index

    if args.run is not None:
        _curate(args.run)
    print(f"index:     {shown(write_index())}")
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


def command_mutate(args: argparse.Namespace) -> int:
    """Mutates a system's headers and lets its checks judge."""
    from quintet.mutation.command import mutate

    return mutate(args)


def command_lines(args: argparse.Namespace) -> int:
    """Prints lines of code by folder and class."""
    from quintet.lines import as_json, as_text, count_tree
    from quintet.lines_header import write_header

    if args.header:
        write_header(args.header)
        return OK
    print((as_json if args.json else as_text)(*count_tree()))
    return OK


def command_check(args: argparse.Namespace) -> int:
    """Prints the problems: one line each, equal ones together."""
    from quintet.check import as_text, find_files, problems

    files = find_files(args.path)
    found = list(problems(files))
    print(as_text(found, args.all) if found else f"{len(files)} files, no problem")
    return FAILED if found else OK


def command_compare(args: argparse.Namespace) -> int:
    """Compares two runs; with --fail-below a slower case is an error."""
    from quintet.compare import compare
    from quintet.compare_text import as_json, as_markdown, as_text
    from quintet.lists import capped
    from quintet.load import UNKNOWN, load_run
    from quintet.noise import floor_from, store_floor

    first, second = load_run(args.a), load_run(args.b)
    for run in (first, second):
        if args.aa and run.machine_id == UNKNOWN:
            raise UsageError(
                f"--aa: {run.path} does not say which machine it is from",
                "give folders that ./quintet run wrote",
            )
    comparison = compare(first, second, args.metric, args.baseline)
    _warn_if_incomplete(first, second)
    if args.json:
        print(json.dumps(as_json(comparison), indent=2, allow_nan=False))
    else:
        print((as_markdown if args.md else as_text)(comparison, args.all))
    if args.aa:
        if first.machine_id != second.machine_id or args.baseline:
            raise UsageError("--aa takes two plain runs of one machine", "drop --baseline")
        runs = (first.run_id, second.run_id)
        path = store_floor(first.machine_id, comparison.verdict, runs, comparison.metric)
        floor = floor_from(comparison.verdict)
        print(f"noise floor {floor:.1%} kept in {shown(path)}", file=sys.stderr)
    if args.fail_below is not None:
        slow = comparison.below(args.fail_below)
        lines = [
            f"{case.case} runs at {comparison.speed(case):.3f} of A's speed, "
            f"below {args.fail_below:g}"
            for case in slow
        ]
        for line in capped(lines, args.all):
            print(f"quintet: {line}", file=sys.stderr)
        return FAILED if slow else OK
    return OK


def command_figure(args: argparse.Namespace) -> int:
    """Draws figures of the named runs, or each of the newest run that has cases of it."""
    from quintet.artifact import artifact_files
    from quintet.figure import chosen_figures, write
    from quintet.files import make_folder, write_text
    from quintet.load import load_runs

    modules = chosen_figures(args.which)
    every = args.which == "all"
    plan = [(modules, load_runs(args.run))] if args.run else _newest_runs(modules)
    artifact: dict[Path, str] = {}
    if args.artifact:
        artifact = {args.artifact / name: text for name, text in artifact_files(plan).items()}
    paths = [p for m, runs in plan for p in write(m, runs, args.output, args.paper, every)]
    runs = list({run.path: run for _, runs in plan for run in runs}.values())
    for path, text in artifact.items():
        make_folder(path.parent)
        write_text(path, text)
    for path in paths:
        if path.suffix == ".txt":
            print(f"\n{path.read_text(encoding='utf-8')}")
    for path in (*paths, *artifact):
        print(shown(path))
    _warn_if_incomplete(*runs)
    return OK


def _newest_runs(
    modules: "dict[int, ModuleType]",
) -> "list[tuple[dict[int, ModuleType], list[Run]]]":
    """The run of each figure, where the user has named none; says which."""
    from quintet.figure import newest_with_cases

    found = newest_with_cases(modules)
    for number in modules.keys() - found.keys():
        what = f"no finished run has its cases: ./quintet run {modules[number].FAMILY}"
        print(f"figure {number}: not drawn: {what}", file=sys.stderr)
    for number, run in found.items():
        print(f"figure {number}: run {shown(run.path)}")
    return [({number: modules[number]}, [run]) for number, run in found.items()]


def command_report(args: argparse.Namespace) -> int:
    """Writes the HTML page of the named runs, or of the newest."""
    from quintet.load import load_runs
    from quintet.report import write_report

    runs = load_runs(args.run)
    if not args.run:
        print(f"run:       {shown(runs[0].path)}")
    print(shown(write_report(runs, args.output)))
    _warn_if_incomplete(*runs)
    return OK


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": command_run,
    "machine": command_machine,
    "check": command_check,
    "compare": command_compare,
    "figure": command_figure,
    "report": command_report,
    "mutate": command_mutate,
    "lines": command_lines,
    "curate": command_curate,
}


def _terminate(signum: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; every expected failure is one line on stderr."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        args = parse(sys.argv[1:] if arguments is None else arguments)
        return COMMANDS[args.command](args)
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
