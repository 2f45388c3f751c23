# SPDX-License-Identifier: MIT
"""`mutate`: the seeded faults first, then one small change of a header after the other."""

import argparse
import os
import random
import re
import sys
from pathlib import Path

from quintet import ROOT
from quintet.errors import FAILED, INTERRUPTED, OK, ToolError, UsageError
from quintet.files import shown
from quintet.lists import capped
from quintet.mutation import campaign as work
from quintet.mutation.config import Config, load
from quintet.mutation.operators import Mutant, mutants_of
from quintet.mutation.process import Runner
from quintet.mutation.recipe import read_recipe
from quintet.mutation.text import as_text, listed
from quintet.progress import Progress

BUILD = Path("build") / "dev"


def mutate(args: argparse.Namespace) -> int:
    """Runs the command; the status is 1 if a mutant survives without a reason."""
    config = load(args.system)
    everything = all_mutants(config)
    mutants = chosen(config, everything, args)
    if args.print_targets:
        print("" if args.list else "\n".join(config.targets()))
        return OK
    if args.list:
        print(listed(mutants))
        print(f"\n{len(mutants)} of {len(everything)} mutants")
        return OK
    with work.only_one(config):
        status = FAILED if args.faults and not _faults(config) else OK
        return max(status, _judge(config, everything, mutants, args))


def all_mutants(config: Config) -> list[Mutant]:
    """The mutants of all headers, in their order."""
    found: list[Mutant] = []
    for name in config.headers:
        found += mutants_of(name, config.header(name).read_text(encoding="utf-8"))
    return found


def chosen(config: Config, mutants: list[Mutant], args: argparse.Namespace) -> list[Mutant]:
    """Those that --only and --sample leave. A sample stays in the order in which it was drawn, and
    a larger one of the same seed begins with it: an interrupted sample is a smaller sample."""
    mutants = list(mutants)
    if args.only:
        name, _, line = args.only.partition(":")
        if name not in config.headers:
            known = ", ".join(config.headers)
            raise UsageError(f"--only: '{name}' is not among the headers", f"they are: {known}")
        if line and not re.fullmatch(r"[1-9]\d*", line):
            raise UsageError(f"--only: '{line}' is no line number", "write FILE or FILE:LINE")
        mutants = [m for m in mutants if m.file == name and line in ("", str(m.line))]
        if not mutants:
            raise ToolError(f"{args.only}: holds nothing to mutate", "see --list")
    if args.sample:
        random.Random(args.seed).shuffle(mutants)
        mutants = mutants[: args.sample]
    return mutants


def _faults(config: Config) -> bool:
    """Passes on the matrix of seeded faults; False if the checks do not refute them all."""
    check = config.faults
    if check is None:
        return True
    recipe = read_recipe(ROOT / BUILD, check.target)
    program = recipe.folder / recipe.link[recipe.link.index("-o") + 1]
    print(f"seeded faults: {' '.join(check.command)}\n", flush=True)
    runner = Runner()
    try:
        ended = runner.run(check.command_of(program), check.timeout, ROOT)
    except BaseException:
        runner.stop()
        raise
    print(ended.output.rstrip() + "\n", flush=True)
    if ended.code != 0:
        why = "its time was up" if ended.code is None else f"status {ended.code}"
        print(f"quintet: the seeded faults are not all refuted ({why})", file=sys.stderr)
    return ended.code == 0


def _judge(
    config: Config, everything: list[Mutant], mutants: list[Mutant], args: argparse.Namespace
) -> int:
    campaign = work.Campaign(config, ROOT / BUILD, args.jobs or os.cpu_count() or 1)
    fingerprint = work.fingerprint_of(config, campaign.builder)
    ledger = work.Ledger(config, fingerprint, args.resume)
    todo = [m for m in mutants if ledger.known(m) is None]
    recorded = [] if args.check_equivalents else [m for m in todo if config.reason(m)]
    mutants = [m for m in mutants if m not in recorded]
    progress = Progress([m.name for m in todo if m not in recorded])
    try:
        if todo:
            files = list(dict.fromkeys(m.file for m in mutants))
            campaign.prepare(files, progress)
        results = campaign.judge_all(mutants, ledger, progress)
    except KeyboardInterrupt:
        progress.clear()
        print(
            f"\ninterrupted: {shown(ledger.path)} holds what is known; "
            "the same command with --resume goes on",
            file=sys.stderr,
        )
        return INTERRUPTED
    progress.clear()
    skipped = [work.Result(m, work.EQUIVALENT, work.RECORDED, config.reason(m)) for m in recorded]
    order = {m.name: i for i, m in enumerate(everything)}
    results = sorted([*results, *skipped], key=lambda result: order[result.mutant.name])
    return _present(config, everything, results, args)


def _present(
    config: Config, everything: list[Mutant], results: list[work.Result], args: argparse.Namespace
) -> int:
    """Tables, the JSON file, and what is wrong."""
    wrong = work.contradictions(config, results)
    results = work.with_reasons(config, results)
    choice = {"of": len(everything), "only": args.only, "sample": args.sample, "seed": args.seed}
    checks = ", ".join(check.name for check in config.checks)
    print(f"{config.system}: {len(results)} of {len(everything)} mutants before {checks}\n")
    print(as_text(results, args.all))
    print(f"results: {shown(work.write_results(config, results, choice))}")
    unused = [e.name for e in config.equivalents if not any(e.covers(m) for m in everything)]
    for name in capped(unused, args.all):
        print(f"warning: {shown(config.path)}: no mutant is {name}; remove it", file=sys.stderr)
    for result in wrong:
        what = f"{result.mutant.name} is recorded as equivalent, but {result.by} kills it"
        print(f"quintet: {what}; remove the record", file=sys.stderr)
    survived = sum(result.outcome == work.SURVIVED for result in results)
    if survived:
        words = "1 mutant survives" if survived == 1 else f"{survived} mutants survive"
        remedy = f"add a check, or a reason to {shown(config.path)}"
        print(f"quintet: {words}; {remedy}", file=sys.stderr)
    return FAILED if survived or wrong else OK
