#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Stands for a benchmark binary in tests: Google Benchmark's flags, made-up numbers.

Behaviour comes from the environment, so that a test changes it without changing the file:
FAKE_SECONDS (time per process), FAKE_SIGMA (noise), FAKE_SEED, FAKE_SLOW=case:factor,
FAKE_CRASH, FAKE_FAIL, FAKE_SKIP, FAKE_TRUNCATE, FAKE_HANG (a case each), FAKE_CASES (a list),
FAKE_ARGUMENTS (a file that gets a line of arguments per process).
"""

import json
import os
import random
import re
import signal
import sys
import time

SUFFIX = "/iterations:1/manual_time"
COST = {"map": 24.0, "unmap": 5.0, "resolve": 8.0, "map_random": 40.0, "map_range": 1.3}
FACTOR = {
    "nros": 1.0,
    "verified": 1.1,
    "verified_noreclaim": 0.7,
    "quintet": 0.25,
    "quintet_noreclaim": 0.22,
}
CASES = [
    f"page_table/{operation}/{implementation}"
    for operation in ("map", "unmap", "resolve")
    for implementation in FACTOR
    if not (implementation == "verified_noreclaim" and operation != "unmap")
] + [
    "page_table/map_random/nros",
    "page_table/map_random/quintet",
    "page_table/map_random/quintet/batch:16",
    "page_table/map_range/nros/pages:512",
    "page_table/map_range/quintet/pages:512",
    "page_table/null/harness",
]

SIZES = (128, 4096, 262144)
LOG_FACTOR = {
    "libpmemlog": 1.0,
    "initial": 2.0,
    "quintet_strict": 0.8,
    "quintet_fast": 0.5,
    "limit_stream": 0.25,
}
PM_LOG = [
    f"pm_log/append/{implementation}/size:{size}" for implementation in LOG_FACTOR for size in SIZES
] + ["pm_log/advance_head/quintet", "pm_log/null/harness"]

# Thousand operations a second; and cases that are compared by a time.
KV_KOPS = {
    "ironfleet": 50.0,
    "redis": 100.0,
    "memcached": 110.0,
    "quintet_tls": 90.0,
    "quintet_library": 120.0,
    "quintet": 130.0,
    "echo": 150.0,
}
KV_DURABLE = {
    **{"quintet": 120.0, "quintet_periodic": 100.0, "quintet_always": 40.0},
    **{"redis": 100.0, "redis_everysec": 80.0, "redis_always": 20.0},
}
IRONKV_HOST = [
    f"ironkv/{operation}/quintet/value:{value}"
    for operation in ("host_get", "host_set")
    for value in SIZES[:2]
] + ["ironkv/null/harness"]
IRONKV = (
    [
        f"ironkv/{operation}/{name}/value:{value}/clients:10"
        for operation in ("get", "set")
        for value in (128, 256, 512)
        for name in KV_KOPS
    ]
    + [f"ironkv/durable_set/{name}/value:128/clients:10" for name in KV_DURABLE]
    + [f"ironkv/open_loop/{name}/rate:1000" for name in ("quintet", "redis")]
    + ["ironkv/reshard/quintet/keys:1000", *IRONKV_HOST]
)

# Million operations a second of one thread, and how another one changes that.
NODE_MOPS = {
    "quintet": (20.0, 1.5),
    "quintet_batch32": (60.0, 1.2),
    "upstream": (10.0, 1.1),
    "verified": (8.0, 1.1),
    "std_mutex": (16.0, 0.5),
    "lockfree": (25.0, 2.0),
}
SIMULATED_THREADS = (4, 48, 96, 192)
NODE = (
    [
        f"node_replication/mix/{name}/structure:{structure}/writes:{writes}/replicas:{r}/threads:{t}"
        for structure in ("vspace", "counter")
        for writes in (0, 10, 100)
        for r, t in ((1, 1), (1, 2), (2, 2))
        for name in NODE_MOPS
        if r == 1 or name not in ("std_mutex", "lockfree")
    ]
    + [
        f"node_replication/simulated_mix/{name}/writes:{writes}/threads:{threads}"
        for name in ("upstream", "verified", "ironsync", "quintet")
        for writes in (0, 10, 100)
        for threads in SIMULATED_THREADS
    ]
    + ["node_replication/handoff/quintet/replicas:1", "node_replication/null/harness/threads:1"]
)

# CPU time and memory of a program, of mimalloc's.
MALLOC_FACTOR = {
    "quintet": (0.8, 0.7),
    "quintet_hardened": (1.0, 0.8),
    "glibc": (1.6, 0.6),
    "mimalloc": (1.0, 1.0),
    "jemalloc": (1.25, 0.9),
    "mine": (2.0, 2.0),
}
PAPER_WORKLOADS = ("larson_sized", "sh6", "xmalloc_test", "cache_scratch", "glibc_thread")
ALLOCATOR = [
    f"allocator/suite/{name}/workload:{workload}/threads:{threads}"
    for workload, counts in (
        *(("cfrac", (1,)), ("glibc_simple", (1,)), ("espresso", (1,)), ("larson", (1, 2, 8))),
        *((workload, (1, 2, 8)) for workload in PAPER_WORKLOADS),
    )
    for threads in counts
    for name in MALLOC_FACTOR
] + [
    f"allocator/{case}"
    for name in MALLOC_FACTOR
    for case in (f"pair/{name}/size:64", f"startup/{name}", f"fragmentation/{name}")
]
ALLOCATOR += ["allocator/plt_floor/limit", "allocator/null/harness"]

OBLIGATIONS = {
    "map_4k": ("proved:unbounded", {"queries": 386, "paths": 12, "smt_bytes": 2e6}, 10.6),
    "unmap": ("proved:unbounded", {"queries": 130, "paths": 9, "smt_bytes": 1e6}, 1.2),
    "readers": ("held:bounded(3 threads,1 op,views)", {"queries": 0, "paths": 8088}, 0.3),
    "long_runs": ("sampled", {"paths": 1000}, 0.00002),
    "all": ("", {"queries": 516, "smt_bytes": 3e6}, 12.1),
    "faults": ("", {"killed": 15, "seeded": 16}, 4.0),
}
LINES = {"trusted_lines": 75, "check_lines": 95, "exec_lines": 44}
VERIFICATION = [
    f"verification/page_table/{name}/cores:{cores}"
    for name in OBLIGATIONS
    for cores in ((1, 2) if name == "all" else (1,))
]


def obligation(case: str, rng: random.Random) -> dict:
    """Label, counters and times of a verification case."""
    _, _, name, cores = case.split("/")
    label, counters, seconds = OBLIGATIONS[name]
    label = os.environ.get("FAKE_LABEL", label) if name == "unmap" else label
    seconds *= rng.lognormvariate(0, 0.01) / (1.9 if cores == "cores:2" else 1)
    times = {"real_time": seconds * 1e3, "cpu_time": seconds * 1e3, "time_unit": "ms"}
    return {**times, **({"label": label} if label else {}), **counters, **LINES}


def allocator_counters(case: str, rng: random.Random) -> dict:
    """What a case of that family counts."""
    _, operation, name, *_ = case.split("/")
    noise = rng.lognormvariate(0, float(os.environ.get("FAKE_SIGMA", "0.01")))
    cpu, memory = MALLOC_FACTOR.get(name, (0.5, 0.5))
    if operation == "suite":
        cost = {"seconds": cpu * noise, "cpu_seconds": 2 * cpu * noise}
        return {**cost, "rss_mib": 10 * memory, "faults": 100.0}
    if operation == "startup":
        return {"rss_mib": 2 * memory * noise, "ns_per_op": 1e6}
    if operation == "fragmentation":
        phases = {f"rss_{phase:02}": 64 * memory * (1 + phase / 16) for phase in range(16)}
        return {**phases, "live_mib": 64.0, "rss_over_live": memory * noise, "rss_mib": 64 * memory}
    return {"ns_per_op": 10 * cpu * noise, "rss_mib": 2.0}


def kv_counters(case: str, rng: random.Random) -> dict:
    """What a case of the store counts."""
    _, operation, name, *_ = case.split("/")
    noise = rng.lognormvariate(0, float(os.environ.get("FAKE_SIGMA", "0.01")))
    if operation in ("null", "host_get", "host_set"):
        return {"ns_per_op": (0.8 if operation == "null" else 90.0) * noise}
    kops = (KV_DURABLE if operation == "durable_set" else KV_KOPS).get(name, 10.0) * noise
    return {"kops": kops, "p50_us": 9e3 / kops, "p99_us": 2e4 / kops, "p999_us": 4e4 / kops}


def log_cost(case: str) -> float:
    _, operation, implementation, *params = case.split("/")
    if operation != "append":
        return 250.0
    return (400 + int(params[0].partition(":")[2]) / 20) * LOG_FACTOR[implementation]


def node_mops(case: str, rng: random.Random) -> float:
    """Of a mix, or of a simulated one, which has no noise."""
    _, operation, name, *params = case.split("/")
    values = dict(part.split(":") for part in params)
    threads = int(values.get("threads", "1"))
    if operation == "simulated_mix":
        return (0.2 if name == "quintet" else 0.05) * threads
    one, more = NODE_MOPS.get(name, (100.0, 1.0))
    return one * more ** (threads - 1) * rng.lognormvariate(0, 0.01)


def cost(case: str, rng: random.Random) -> float:
    if case.endswith("/null/harness"):
        return 0.8
    if case.startswith("pm_log/"):
        return log_cost(case) * rng.lognormvariate(0, float(os.environ.get("FAKE_SIGMA", "0.01")))
    _, operation, implementation, *params = case.split("/")
    value = COST[operation] * FACTOR[implementation]
    value *= 60 if case == "page_table/unmap/verified" else 1
    value *= 0.5 if "batch:16" in params else 1
    slow, _, factor = os.environ.get("FAKE_SLOW", "").partition(":=")
    value *= float(factor) if slow == case else 1
    return value * rng.lognormvariate(0, float(os.environ.get("FAKE_SIGMA", "0.01")))


def rows(case: str, reps: int, rng: random.Random) -> list:
    common = {"name": case + SUFFIX, "run_name": case + SUFFIX, "family_index": 0}
    common |= {"per_family_instance_index": 0, "repetitions": reps, "threads": 1, "iterations": 1}
    message = {"FAKE_FAIL": "table is wrong", "FAKE_SKIP": "SKIP: install libfake-dev"}
    for name, text in message.items():
        if os.environ.get(name) == case:
            error = {"error_occurred": True, "error_message": text, "real_time": 0.0}
            return [{**common, "run_type": "iteration", "repetition_index": 0, **error}]
    result = []
    for rep in range(reps):
        if case.startswith("verification/"):
            row = {**common, "run_type": "iteration", "repetition_index": rep}
            result.append({**row, **obligation(case, rng)})
            continue
        if case.startswith("ironkv/"):
            times = {"real_time": 1e3, "cpu_time": 1e3, "time_unit": "ms"}
            row = {**common, "run_type": "iteration", "repetition_index": rep, **times}
            result.append({**row, **kv_counters(case, rng)})
            continue
        if case.startswith("allocator/"):
            times = {"real_time": 1.0, "cpu_time": 1.0, "time_unit": "ms"}
            row = {**common, "run_type": "iteration", "repetition_index": rep, **times}
            result.append({**row, **allocator_counters(case, rng)})
            continue
        if case.startswith("node_replication/"):
            mops = node_mops(case, rng)
            times = {"real_time": 200.0, "cpu_time": 1.0, "time_unit": "ms", "mops": mops}
            times |= {"ns_per_op": 1e3 / mops}
            result.append({**common, "run_type": "iteration", "repetition_index": rep, **times})
            continue
        value = cost(case, rng)
        times = {"real_time": value * 1e4, "cpu_time": 1e3, "time_unit": "ns", "ns_per_op": value}
        result.append({**common, "run_type": "iteration", "repetition_index": rep, **times})
    aggregate = {"run_type": "aggregate", "aggregate_name": "mean", "real_time": 1.0}
    return result + ([{**common, **aggregate}] if reps > 1 else [])


def main() -> int:
    flags = dict(arg.lstrip("-").partition("=")[::2] for arg in sys.argv[1:])
    cases = os.environ.get("FAKE_CASES", "").split() or CASES
    cases = VERIFICATION if sys.argv[0].endswith("verification_bench") else cases
    cases = NODE if sys.argv[0].endswith("node_replication_bench") else cases
    cases = PM_LOG if sys.argv[0].endswith("pm_log_bench") else cases
    cases = IRONKV if sys.argv[0].endswith("ironkv_bench") else cases
    cases = ALLOCATOR if sys.argv[0].endswith("allocator_bench") else cases
    own = ("pm_dir", "keep_pool") if cases is PM_LOG else ("pages", "random_pages", "team_ms")
    own = ("work_dir", "keep_outputs") if cases is ALLOCATOR else own
    for name in flags:
        if not name.startswith("benchmark_") and name not in (*own, "quick"):
            print(f"fake_bench: unknown flag --{name}", file=sys.stderr)
            return 2
    if "benchmark_list_tests" in flags:
        print("\n".join(case + SUFFIX for case in cases))
        return 0
    if "FAKE_ARGUMENTS" in os.environ:
        with open(os.environ["FAKE_ARGUMENTS"], "a", encoding="utf-8") as log:
            log.write(" ".join(sys.argv[1:]) + "\n")
    chosen = [c for c in cases if re.search(flags.get("benchmark_filter", "."), c + SUFFIX)]
    if not chosen:
        return 3
    (case,) = chosen
    time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
    if os.environ.get("FAKE_CRASH") == case:
        os.kill(os.getpid(), signal.SIGSEGV)
    if os.environ.get("FAKE_HANG") == case:
        time.sleep(600)
    seed = os.environ.get("FAKE_SEED")
    rng = random.Random(f"{seed}/{case}/{time.time_ns()}" if seed is None else f"{seed}/{case}")
    reps = int(flags.get("benchmark_repetitions", "1"))
    context = {"date": "2024-11-04", "host_name": "secret-host", "executable": sys.argv[0]}
    context |= {"qt_compiler": "g++ 12.2.0", "qt_git_sha": "0123456789", "load_avg": [0.1]}
    context["qt_pages"] = flags.get("pages", "10000000")
    measured = rows(case, reps, rng)
    text = json.dumps({"context": context, "benchmarks": measured})
    with open(flags["benchmark_out"], "w", encoding="utf-8") as out:
        out.write(text[: len(text) // 2] if os.environ.get("FAKE_TRUNCATE") == case else text)
    message = str(measured[0].get("error_message", ""))
    return 77 if message.startswith("SKIP:") else 1 if message else 0


if __name__ == "__main__":
    sys.exit(main())
