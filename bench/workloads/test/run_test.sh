#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every workload, seen from outside: the same line twice, what a bad flag gives, and that those that
# read their blocks back notice a bad allocator. Arguments: the folder of the programs, the library
# careless_malloc, the programs.
set -u
programs=$1 careless=$2
shift 2
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# Runs a workload; `line` is what it prints, which has the form that it should have.
run() {
  line=$("$programs/$1" "${@:2}" 2>"$errors") || fail "$*: exit $?: $(cat "$errors")"
  [[ $line =~ ^$1\ checksum=[0-9a-f]{16}\ operations=[1-9][0-9]*$ ]] || fail "$* printed '$line'"
}

# expect STATUS TEXT COMMAND...: one line on standard error, which contains TEXT.
expect() {
  local status=$1 text=$2 got=0
  shift 2
  "$@" >/dev/null 2>"$errors" || got=$?
  [[ $got == "$status" ]] || fail "$* gave exit $got instead of $status"
  [[ $(wc -l <"$errors") == 1 && $(cat "$errors") == *"$text"* ]] ||
    fail "$* printed '$(cat "$errors")' instead of one line with '$text'"
}

for name; do
  program=$programs/$name
  for threads in 1 4; do
    run "$name" --scale 1 --threads "$threads"
    first=$line
    run "$name" --scale=1 "--threads=$threads"
    [[ $first == "$line" ]] || fail "$name --threads $threads: once '$first', then '$line'"
  done
  run "$name" --scale 3 --threads 4
  [[ $first != "$line" ]] || fail "$name does the same at two scales"
  [[ $("$program" --help) == "usage: $name "* ]] || fail "$name --help shows no usage"
  expect 2 'see --help' "$program" --nonsense
  expect 2 'see --help' "$program" --scales 1
  expect 2 'give a number in 1..256' "$program" --threads 0
  expect 2 'give a number in 1..256' "$program" --threads 257
  expect 2 'give a number in 1..1000' "$program" --scale 1.5
  expect 2 'give a number in 1..1000' "$program" --scale
  expect 2 'give a number in 1..1000' "$program" --scale=-1
done

for name in alloc_test glibc_simple glibc_thread larson larson_sized mstress rptest sh6 sh8 \
  xmalloc_test; do
  expect 1 'does not hold what was written' \
    env LD_PRELOAD="$careless" "$programs/$name" --scale 10 --threads 1
done

[[ $failures == 0 ]]
