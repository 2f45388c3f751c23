#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program that runs with other rights than its caller does not take options from it.
# Argument: the program made of misuse.cpp, with our malloc linked in.
set -euo pipefail
program=$(realpath "$1")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
ulimit -c 0
chmod 755 "$folder"
setuid=$folder/setuid
cp "$program" "$setuid"
[[ $(id -u) != 0 ]] || chown nobody "$setuid"
chmod 4755 "$setuid"
# The loader says nothing in such a program either.
if LD_SHOW_AUXV=1 "$setuid" usable_size_of_stack | grep -q '^AT_SECURE'; then
  echo 'SKIP: no setuid program can be made here: run the test as root, on a file system with setuid'
  exit 0
fi

expect 0 'QUINTET_MALLOC_ON_ERROR=<' env QUINTET_MALLOC_HELP=1 "$program" usable_size_of_stack
expect 0 'pointer that is not from' env QUINTET_MALLOC_ON_ERROR=report "$program" stack
expect 134 'pointer that is not from' env QUINTET_MALLOC_ON_ERROR=report "$setuid" stack
QUINTET_MALLOC_HELP=1 QUINTET_MALLOC_STATS=1 QUINTET_MALLOC_NONE=1 \
  "$setuid" usable_size_of_stack 2>"$folder/heard" >/dev/null
if [[ -s $folder/heard ]]; then
  echo 'FAILED: a setuid program reads options:'
  cat "$folder/heard"
  exit 1
fi
