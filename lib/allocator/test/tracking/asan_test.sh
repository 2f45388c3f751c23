#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# AddressSanitizer reports what asan_cases does wrong with blocks of ours, where it is done, and
# nothing of what is right. Argument: asan_cases.
set -euo pipefail
program=$(realpath "$1")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
ulimit -c 0
export ASAN_OPTIONS=exitcode=99:detect_leaks=1

expect 0 'went on' "$program" correct
if grep -q Sanitizer "$folder/out"; then
  echo 'FAILED: AddressSanitizer reports something in a correct program:'
  cat "$folder/out"
  exit 1
fi
for case in write_after_free_of_resource write_after_free_of_process write_after_reallocation \
  write_large_after_free write_after_reset write_after_heap write_behind write_behind_shrunk; do
  expect 99 'AddressSanitizer: use-after-poison' "$program" "$case"
  if ! grep -qE "in .*$case" "$folder/out"; then
    echo "FAILED: AddressSanitizer does not name $case:"
    cat "$folder/out"
    exit 1
  fi
done
expect 134 'quintet-malloc: double free of the block at' "$program" free_twice
