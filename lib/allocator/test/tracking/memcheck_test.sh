#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Memcheck reports what memcheck_cases does wrong with blocks of ours, where it is done, and nothing
# of what is right. Arguments: the library that tells it, memcheck_cases.
set -euo pipefail
library=$(realpath "$1")
program=$(realpath "$2")
if ! command -v valgrind >/dev/null; then
  echo 'SKIP: install valgrind'
  exit 0
fi
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
ulimit -c 0

# check STATUS CASE [TEXT...]: what memcheck makes of the case, and says.
check() {
  local status=0 text
  # Memcheck itself must not take the place of our malloc(). Its status is 99 if it finds anything.
  QUINTET_MALLOC_ON_ERROR=report LD_PRELOAD=$library valgrind -q --error-exitcode=99 \
    --soname-synonyms=somalloc=nouserintercepts --leak-check=full --show-leak-kinds=definite \
    --errors-for-leak-kinds=definite --num-callers=30 --log-file=log \
    "$program" "$2" >said 2>&1 || status=$?
  [[ $status == "$1" ]] || fail "status $status, not $1: $2"
  for text in "${@:3}"; do
    grep -qF -- "$text" log || fail "memcheck does not say '$text' of $2"
  done
}
fail() {
  echo "FAILED: $*"
  cat said log
  exit 1
}

check 0 correct
[[ ! -s log ]] || fail 'memcheck reports something in a correct program'
check 99 read_after_free 'Invalid read of size 1' ': read_after_free (' \
  "0 bytes inside a block of size 100 free'd"
check 99 read_long_after_free 'Invalid read of size 1' ': read_long_after_free (' \
  "50 bytes inside a block of size 100 free'd"
check 99 read_large_after_free 'Invalid read of size 1' ': read_large_after_free (' \
  "bytes inside a block of size 3,145,728 free'd"
check 99 read_behind 'Invalid read of size 1' ': read_behind (' \
  "0 bytes after a block of size 100 alloc'd"
check 99 write_before 'Invalid write of size 1' ': write_before ('
check 99 read_behind_shrunk 'Invalid read of size 1' ': read_behind_shrunk (' \
  "0 bytes after a block of size 80 alloc'd"
check 99 read_uninitialised 'depends on uninitialised value' ': read_uninitialised ('
check 99 lose '1,234 bytes in 1 blocks are definitely lost' ': lose ('
check 99 free_twice 'Invalid free()' ': free_twice ('
check 99 free_inside 'Invalid free()' ': free_inside ('
