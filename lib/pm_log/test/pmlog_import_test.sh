#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What pmlog says of libpmemlog pools, and how it takes their content along.
# Arguments: pmlog; pmemlog_sample, which makes such a pool.
# shellcheck disable=SC2016 # its answers have backquotes
set -euo pipefail
pmlog=$(realpath "$1") sample=$(realpath "$2")
# shellcheck source=SCRIPTDIR/../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../testing/expect.sh"
cd "$folder"

fail() {
  echo "FAILED: $*"
  exit 1
}
"$sample" old </dev/null >/dev/null
cp old before
for i in {0..999}; do echo "entry $i"; done >entries

for command in info verify cat; do
  expect 1 'old is a libpmemlog pool, not one of pmlog: take its content along with' \
    "$pmlog" $command old
done
expect 1 '`pmlog import-pmemlog old NEW_PATH`' "$pmlog" append old x
for flag in '' --fast; do
  rm -f new
  # shellcheck disable=SC2086 # no flag is no argument
  expect 0 'new: imported 9890 bytes from old' "$pmlog" import-pmemlog old new $flag
  "$pmlog" cat new | cmp - entries || fail 'the content is another'
  expect 0 'no damage' "$pmlog" verify new
  expect 0 '2088960' "$pmlog" info new # the capacity of the old one
done
cmp old before || fail 'the old pool was changed'
expect 1 'new exists' "$pmlog" import-pmemlog old new
"$pmlog" cat new | cmp - entries || fail 'a refused import changed its target'
expect 1 'new does not start with PMEMLOG' "$pmlog" import-pmemlog new other
expect 1 'missing does not exist' "$pmlog" import-pmemlog missing other

head -c 1000000 old >short
expect 1 'short has 1000000 bytes, but the libpmemlog pool in it needs 2097152' \
  "$pmlog" import-pmemlog short other
printf 'x' | dd of=short bs=1 seek=100 conv=notrunc status=none
expect 1 'has checksum' "$pmlog" import-pmemlog short other
[[ ! -e other ]] || fail 'a refused import left a file'

mkfifo input
rm old
"$sample" old <input >made &
exec 3>input
for _ in {1..100}; do
  [[ -s made ]] && break
  sleep 0.05
done
expect 1 'old is busy' "$pmlog" import-pmemlog old other
exec 3>&-
wait
expect 0 'imported' "$pmlog" import-pmemlog old other
echo 'all as expected'
