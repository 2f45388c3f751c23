#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main program of a collection of obligations: main_test.sh SAMPLE_PROOF
# shellcheck disable=SC2016 # the program's own backticks
set -euo pipefail
sample=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect STATUS TEXT [argument...]: the exit status, and a text somewhere in the output.
expect() {
  local status=0
  "$sample" "${@:3}" >"$folder/out" 2>&1 || status=$?
  [[ $status == "$1" ]] && grep -qF -- "$2" "$folder/out" && return
  echo "FAILED: status $status (wanted $1) or no '$2' for: ${*:3}"
  cat "$folder/out"
  exit 1
}

expect 0 '1 of 1 obligations proved, 1 of 1 seeded faults refuted' --only good/
expect 0 '1 of 1 obligations proved, in' --only good/ --no-faults
expect 0 'byte = 0xff' --only good/ --faults --explain
expect 0 'bad/survives  (must be refuted)' --list
expect 0 'Exit status' --help
expect 1 'MUST BE PROVED: goal `at most 254` fails' --only bad/fails
expect 1 'MUST BE PROVED: no execution reaches the goal `never`' --only vacuous
expect 1 'MUST BE REFUTED' --only survives
expect 1 '1 of 3 obligations proved, 1 of 2 seeded faults refuted'
expect 1 'in 0.' --stop-at-first --jobs 1
expect 0 'smt kB' --only good/ --smt-bytes --query-seconds 5
expect 2 'unknown argument `--olny`' --olny good
expect 2 'no obligation matches' --only nothing
expect 2 '`(` is not a regular expression' --only '('
expect 2 '--only needs a value' --only
expect 2 '`0` is not a number from 1' --jobs 0
expect 2 'nothing left' --faults --no-faults
expect 2 'cannot write' --output "$folder/none/table.txt"
expect 0 'good/holds' --only good/ --output "$folder/table.txt"
cmp "$folder/out" "$folder/table.txt"
echo 'all as expected'
