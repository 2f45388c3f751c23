#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a benchmark binary prints, writes and returns, seen from outside. Argument: sample_bench.
set -u
bench=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# expect STATUS TEXT ARGUMENT...: runs the binary; its output must contain TEXT.
expect() {
  local status=$1 text=$2 got=0 output
  shift 2
  output=$("$bench" "$@" 2>&1) || got=$?
  if [[ $got != "$status" ]]; then
    fail "$* gave exit $got instead of $status: $output"
  elif [[ $output != *"$text"* ]]; then
    fail "$* did not print '$text': $output"
  fi
}
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
one_line() {
  local lines
  lines=$("$bench" "$@" 2>&1 | wc -l)
  [[ $lines == 1 ]] || fail "$* printed $lines lines instead of 1"
}
no_leftovers() {
  local left
  left=$(find "$folder" -name '*.tmp.*')
  [[ -z $left ]] || fail "$1 left $left"
}

expect 0 'usage: sample_bench' --help
expect 0 'sample/work/quintet' --benchmark_list_tests
expect 0 'sample/work/quintet' '--benchmark_filter=^sample/work/quintet$'
expect 0 'ns_per_op=' --benchmark_filter=work --quick
expect 0 'mops=' --benchmark_filter=team --team_ms=5
expect 0 'sample/null/harness' '--benchmark_filter=-work|zero|team|skip|fail|throw|nan|inf|sleep'
expect 1 'it went wrong' --benchmark_filter=fail
expect 1 'it threw this' --benchmark_filter=throw
expect 1 'counter bad is nan' --benchmark_filter=nan
expect 1 'counter bad is inf' --benchmark_filter=inf
expect 1 'sample/work' '--benchmark_filter=work|fail'
expect 2 'unknown flag --nonsense' --nonsense
expect 2 'unknown flag --benchmark_nonsense' --benchmark_nonsense=1
expect 2 'outside 10..1M' --pages=5
expect 2 'is no folder' --folder=/dev/null
expect 2 'needs a value' --folder
expect 2 'without a unit' --benchmark_min_time=1s
expect 2 'cannot write' --benchmark_out=/dev/null/x.json --benchmark_filter=work
expect 3 'see --benchmark_list_tests' --benchmark_filter=nomatch
expect 3 'see --benchmark_list_tests' --benchmark_list_tests --benchmark_filter=nomatch
expect 77 'SKIP: install librival-dev' --benchmark_filter=skip
expect 0 'SKIP: install librival-dev' '--benchmark_filter=skip|work'
one_line --nonsense
one_line --pages=5
one_line --benchmark_filter=nomatch

"$bench" --benchmark_filter=work 2>&1 | grep -q DEBUG && fail 'the debug-library warning is shown'

# The file: JSON with our context, finite also for aggregates, whole also when a case failed.
out=$folder/out.json
"$bench" '--benchmark_filter=work|zero|fail|skip' --benchmark_repetitions=3 --pages=20K \
  "--benchmark_out=$out" >/dev/null 2>&1
[[ $? == 1 ]] || fail 'a failing case with an output file must give exit 1'
/usr/bin/python3 - "$out" <<'PYTHON' || fail 'the JSON file is not as it should be'
import json, sys

def no_constant(text):
    raise ValueError(f"not JSON: {text}")

data = json.load(open(sys.argv[1]), parse_constant=no_constant)
context, rows = data["context"], data["benchmarks"]
keys = """compiler compiler_flags build_type git_sha cpu_model cores threads_per_core numa_nodes
    l1d_kib l2_kib l3_kib ram_mib thp governor turbo smt mitigations kernel hypervisor pages
    flag_pages flag_quick flag_seed pkg_benchmark pkg_hwloc""".split()
missing = [key for key in keys if not context.get("qt_" + key)]
assert not missing, f"missing: {missing}"
assert context["qt_sample_fact"] == "there" and "qt_flag_folder" not in context
assert not [key for key, v in context.items() if key.startswith("qt_pkg_") and not v]
assert all(isinstance(v, str) for k, v in context.items() if k.startswith("qt_"))
assert context["qt_pages"] == context["qt_flag_pages"] == "20000"
work = [r for r in rows if r["name"].startswith("sample/work") and r["run_type"] == "iteration"]
assert len(work) == 3 and all(r["ns_per_op"] == 50 for r in work), work
errors = {r["name"].split("/")[1]: r["error_message"] for r in rows if r.get("error_occurred")}
assert errors == {"fail": "it went wrong", "skip": "SKIP: install librival-dev"}, errors
PYTHON

# A list and an empty match leave no file, a kill neither, and an old file stays.
"$bench" --benchmark_list_tests "--benchmark_out=$folder/list.json" >/dev/null 2>&1
"$bench" --benchmark_filter=nomatch "--benchmark_out=$folder/none.json" >/dev/null 2>&1
echo old >"$folder/kill.json"
"$bench" --benchmark_filter=sleep "--benchmark_out=$folder/kill.json" >/dev/null 2>&1 &
victim=$!
for _ in $(seq 100); do
  [[ -e $folder/kill.json.tmp.$victim ]] && break
  sleep 0.1
done
[[ -e $folder/kill.json.tmp.$victim ]] || fail 'the temporary file did not appear'
kill -TERM "$victim"
wait "$victim"
[[ ! -e $folder/list.json && ! -e $folder/none.json ]] || fail 'a run without rows left a file'
[[ $(cat "$folder/kill.json") == old ]] || fail 'a killed run changed the file'
no_leftovers 'a killed run'

if [[ $failures != 0 ]]; then
  echo "$failures failed"
  exit 1
fi
echo 'all as expected'
