# SPDX-License-Identifier: MIT
"""The benchmark families. A new family is one row here and one module in `figures/`."""

from collections.abc import Sequence
from dataclasses import dataclass

from quintet.errors import UsageError

HIGHER_IS_BETTER = ("mops", "kops", "mib_per_s", "items_per_second", "bytes_per_second")
"""Metrics where more is better; every other counter is a cost."""
OR = " or "
"""Between several metrics, where each operation is compared by its own."""


OURS = "quintet"


@dataclass(frozen=True)
class Family:
    """What the tools must know about one benchmark binary."""

    name: str
    title: str
    figure: int
    binary: str
    metric: str
    """The counter that cases are compared by, and `metrics` where an operation has another one."""
    baseline: str = ""
    """The rival that every ratio in a figure refers to; empty without rivals."""
    rivals: tuple[str, ...] = ()
    """Columns of the ratio table, in order."""
    best_of: tuple[str, ...] = ()
    """Rivals whose better one (per operation) is a further column."""
    ours: str = OURS
    """Which implementation the geometric mean over the family is of."""
    pages: bool = False
    """Whether --pages is a size of its cases."""
    shared_folder: tuple[str, ...] = ()
    """Flags, the first one a folder: every process of a run is given the same new folder below it,
    for the files whose pages all implementations must have in common."""
    full_flags: tuple[str, ...] = ()
    """The sizes of --full, the leading one first. Those of --quick are the binary's."""
    once: tuple[str, ...] = ()
    """Operations whose cases say the same in every process: measured in the first one only."""
    metrics: tuple[tuple[str, str], ...] = ()
    """Operation and counter."""
    counterparts: tuple[tuple[str, str, str], ...] = ()
    """One of ours, a rival, and the form of the rival that does the same: the ratio is to that."""
    mean_over: tuple[str, ...] = ()
    """Operations that geometric means are over; empty: all. A mean of times and sizes says little."""
    obligations: bool = False
    """Cases are obligations (obligations.py): a list instead of ratios, and no chart. They take
    minutes and race nobody, so they are measured only where the family is named."""

    def metric_of(self, operation: str) -> str:
        """The counter that cases of `operation` are compared by."""
        return dict(self.metrics).get(operation, self.metric)

    @property
    def all_metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.metric, *(metric for _, metric in self.metrics))))

    @property
    def mean_metrics(self) -> tuple[str, ...]:
        """What the operations of the geometric mean are compared by."""
        if not self.mean_over:
            return self.all_metrics
        return tuple(dict.fromkeys(self.metric_of(operation) for operation in self.mean_over))

    def counterpart(self, implementation: str, rival: str) -> str:
        """The form of `rival` that `implementation` is held against."""
        forms = {(ours, name): form for ours, name, form in self.counterparts}
        return forms.get((implementation, rival), rival)

    @property
    def heading(self) -> str:
        """What a column of values is called."""
        return self.metric if len(self.all_metrics) == 1 else "value"

    def is_in_mean(self, operation: str) -> bool:
        return not self.mean_over or operation in self.mean_over


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="page_table",
            title="Page table",
            figure=11,
            binary="page_table_bench",
            baseline="nros",
            rivals=("nros", "verified", "verified_noreclaim"),
            best_of=("nros", "verified"),
            metric="ns_per_op",
            pages=True,
            full_flags=("--pages=100000000", "--random_pages=16777216"),
        ),
        Family(
            name="node_replication",
            title="Node replication",
            figure=10,
            binary="node_replication_bench",
            baseline="std_mutex",
            rivals=("std_mutex", "std_shared_mutex", "upstream", "verified"),
            best_of=("upstream", "verified"),
            metric="ns_per_op",
            full_flags=("--team_ms=1000",),
            once=("simulated_mix",),
        ),
        Family(
            name="pm_log",
            title="Persistent-memory log",
            figure=13,
            binary="pm_log_bench",
            baseline="libpmemlog",
            rivals=("libpmemlog", "initial"),
            metric="ns_per_op",
            ours="quintet_strict",
            shared_folder=("--pm_dir=/dev/shm", "--keep_pool"),
            full_flags=("--exact",),
        ),
        Family(
            name="allocator",
            title="Allocator",
            figure=12,
            binary="allocator_bench",
            baseline="mimalloc",
            rivals=("mimalloc", "glibc", "jemalloc", "tcmalloc"),
            best_of=("mimalloc", "glibc", "jemalloc", "tcmalloc"),
            metric="ns_per_op",
            metrics=(
                ("suite", "cpu_seconds"),
                ("startup", "rss_mib"),
                ("fragmentation", "rss_over_live"),
            ),
            mean_over=("suite",),
            shared_folder=("--work_dir=/tmp", "--keep_outputs"),
            full_flags=("--scale=100", "--micro_ms=1000", "--fragmentation_mib=512"),
        ),
        Family(
            name="ironkv",
            title="IronKV",
            figure=9,
            binary="ironkv_bench",
            baseline="redis",
            rivals=("redis", "memcached", "echo", "ironfleet"),
            best_of=("redis", "memcached", "ironfleet"),
            metric="kops",
            metrics=(
                *((host, "ns_per_op") for host in ("host_get", "host_set", "host_move")),
                *((map_, "ns_per_op") for map_ in ("map_owner", "map_set")),
                ("null", "ns_per_op"),
                ("open_loop", "p99_us"),
            ),
            counterparts=(
                ("quintet_busy", "redis", "redis_busy"),
                ("quintet_library_busy", "redis", "redis_busy"),
                ("quintet_periodic", "redis", "redis_everysec"),
                ("quintet_always", "redis", "redis_always"),
            ),
            mean_over=("get", "set"),
            full_flags=("--load_ms=10000",),
        ),
        Family(
            name="verification",
            title="Verification",
            figure=8,
            binary="verification_bench",
            metric="real_time",
            obligations=True,
        ),
    )
}


def family_named(name: str) -> Family:
    """The family called `name`, or a usage error that lists the known ones."""
    if name not in FAMILIES:
        raise UsageError(f"unknown family '{name}'", f"known families: {', '.join(FAMILIES)}")
    return FAMILIES[name]


def direction(metrics: Sequence[str]) -> bool | None:
    """True if more of all of them is better, False if less is, None if that differs."""
    ways = {metric in HIGHER_IS_BETTER for metric in metrics}
    return ways.pop() if len(ways) == 1 else None


def how_to_read(metrics: Sequence[str]) -> str:
    """Which ratios of `metrics` are good: `below 1 is faster`, or one such part for each way."""
    if (higher := direction(metrics)) is not None:
        return f"{'above' if higher else 'below'} 1 is faster"
    more = [metric for metric in metrics if metric in HIGHER_IS_BETTER]
    less = [metric for metric in metrics if metric not in HIGHER_IS_BETTER]
    return f"of {_listed(more)} above 1 is better, of {_listed(less)} below 1"


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def is_measured(family: str, operation: str, process: int) -> bool:
    """Whether the plan of a run has a case of `operation` in round `process`."""
    once = FAMILIES[family].once if family in FAMILIES else ()
    return process == 0 or operation not in once


def is_ours(implementation: str) -> bool:
    """Ours is `quintet`; its ablations are `quintet_<what>`."""
    return implementation == OURS or implementation.startswith(OURS + "_")
