#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs a build, then builds and runs a consumer with find_package and with pkg-config.
# Arguments: build folder, compiler, build type.
set -euo pipefail
build=$1 compiler=$2 build_type=$3
source=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}
configure() { # configure NAME [cmake argument...]
  local name=$1
  shift
  cmake -S "$source" -B "$folder/$name" -G Ninja -D CMAKE_CXX_COMPILER="$compiler" \
    -D CMAKE_BUILD_TYPE="$build_type" -D CMAKE_PREFIX_PATH="$folder/prefix" "$@" 2>&1
}

cmake --install "$build" --prefix "$folder/prefix" >/dev/null

echo '== find_package'
configure cmake
cmake --build "$folder/cmake"
"$folder/cmake/consumer" | grep '^consumer: ' || fail 'the consumer printed nothing'
QUINTET_MALLOC_STATS=1 "$folder/cmake/consumer_allocator" >"$folder/said" 2>"$folder/heard"
grep -qx 'consumer: malloc is another' "$folder/said" || fail "the allocator: $(cat "$folder/said")"
grep -q 'quintet-malloc: program consumer_alloc' "$folder/heard" ||
  fail "no statistics of a program with the allocator: $(cat "$folder/heard")"
"$folder/cmake/consumer_malloc" | grep -x "consumer: malloc is quintet's" ||
  fail 'malloc is not that of quintet::malloc'

echo '== find_package with a component that does not exist'
if configure none -D COMPONENTS=nonsense >"$folder/none.log"; then
  fail 'an unknown component was found'
fi
grep -q 'no component .nonsense' "$folder/none.log" || fail "unclear: $(cat "$folder/none.log")"

echo '== pkg-config, after moving the installation'
mv "$folder/prefix" "$folder/moved"
pc=$(find "$folder/moved" -name quintet.pc)
export PKG_CONFIG_PATH=${pc%/*}
read -ra flags <<<"$(pkg-config --cflags --libs quintet)"
"$compiler" -std=c++23 "$source/main.cpp" -o "$folder/consumer" "${flags[@]}"
"$folder/consumer" | grep '^consumer: ' || fail 'the consumer printed nothing'
"$compiler" -std=c++23 "$source/allocator.cpp" -o "$folder/consumer_allocator" "${flags[@]}"
"$folder/consumer_allocator" | grep -x 'consumer: malloc is another' || fail 'no allocator'
if "$compiler" -std=c++23 -D QT_MALLOC_HARDENING=2 "$source/allocator.cpp" -o "$folder/other" \
  "${flags[@]}" >"$folder/other.log" 2>&1; then
  fail 'a program with another level of hardening than the library was linked'
fi
grep -q 'undefined reference.*library_with_hardening_2_and_tracking_0' "$folder/other.log" ||
  fail "unclear: $(cat "$folder/other.log")"

echo '== one component alone'
cmake --install "$build" --prefix "$folder/base" --component base >/dev/null
[[ -e $folder/base/include/quintet/base/result.hpp ]] || fail 'base has no headers'
[[ ! -e $folder/base/include/quintet/platform ]] || fail 'base brought platform along'
echo 'all as expected'
