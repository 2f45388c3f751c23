#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main program of a collection of obligations: main_test.sh SAMPLE_PROOF
# shellcheck disable=SC2016 # the program's own backticks
set -euo pipefail
sample=$1
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"

expect 0 '1 of 1 obligations proved, 1 of 1 seeded faults refuted' "$sample" --only good/
expect 0 '1 of 1 obligations proved, in' "$sample" --only good/ --no-faults
expect 0 'byte = 0xff' "$sample" --only good/ --faults --explain
expect 0 'bad/survives  (must be refuted)' "$sample" --list
expect 0 'Exit status' "$sample" --help
expect 1 'MUST BE PROVED: goal `at most 254` fails' "$sample" --only bad/fails
expect 1 'MUST BE PROVED: no execution reaches the goal `never`' "$sample" --only vacuous
expect 1 'a path with more than 500 decisions' "$sample" --only endless
expect 1 'a path with more than 9 decisions' "$sample" --only endless --decisions 9
expect 1 'MUST BE REFUTED: every goal holds all the same' "$sample" --only survives
expect 1 '1 of 4 obligations proved, 1 of 2 seeded faults refuted' "$sample"
expect 1 'in 0.' "$sample" --stop-at-first --jobs 1
expect 0 'smt kB' "$sample" --only good/ --smt-bytes --query-seconds 5
expect 2 'unknown argument `--olny`' "$sample" --olny good
expect 2 'sample_proof: no obligation matches `nothing`' "$sample" --only nothing
expect 2 'no seeded fault (must_refute) matches `vacuous`' "$sample" --only vacuous --faults
expect 2 '`(` is not a regular expression' "$sample" --only '('
expect 2 '--only needs a value' "$sample" --only
expect 2 '`0` is not a number from 1' "$sample" --jobs 0
expect 2 'nothing left' "$sample" --faults --no-faults
expect 2 'cannot write' "$sample" --output "$folder/none/table.txt"
expect 0 'good/holds' "$sample" --only good/ --output "$folder/table.txt"
cmp "$folder/out" "$folder/table.txt"
echo 'all as expected'
