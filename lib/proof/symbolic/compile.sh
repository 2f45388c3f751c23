#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes a prover of a file of obligations outside the tree: compile.sh FILE.cpp BUILD PROGRAM, where
# BUILD is a build folder of the project in which quintet_symbolic_main is built.
set -euo pipefail
lib=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
file=$1 kit=$2/lib/proof/symbolic program=$3
read -ra z3 <<<"$(pkg-config --libs z3)"
# The kit's main whole: a `main` in the file is an error then, and does not silently take its place.
g++ -std=c++23 -O1 -g -Wall -Wextra -I "$lib" "$file" \
  -Wl,--whole-archive "$kit/libquintet_symbolic_main.a" -Wl,--no-whole-archive \
  "$kit/libquintet_symbolic.a" "${z3[@]}" -o "$program"
