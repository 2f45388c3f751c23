#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the allocator says, and does, about pointers that are none of its blocks; and its options.
# Arguments: the library, the program made of misuse.cpp.
set -euo pipefail
library=$(realpath "$1")
program=$(realpath "$2")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"

fail() {
  echo "FAILED: $*"
  echo "-- stdout:" && cat said
  echo "-- stderr:" && cat heard
  exit 1
}
# run STATUS CASE [VARIABLE=VALUE...]: leaves stdout in `said` and stderr in `heard`.
run() {
  local status=0
  # A shell of its own, without a voice, says that the program was aborted.
  (
    env "${@:3}" LD_PRELOAD="$library" "$program" "$2" >said 2>heard
    exit $?
  ) 2>/dev/null || status=$?
  [[ $status == "$1" ]] || fail "status $status, not $1: $2 ${*:3}"
}
# hears LINES [TEXT...]: so many lines, and the texts in them.
hears() {
  [[ $(wc -l <heard) == "$1" ]] || fail "$(wc -l <heard) lines on stderr, not $1"
  local text
  for text in "${@:2}"; do
    grep -qF -- "$text" heard || fail "no '$text' on stderr"
  done
}
went_on() {
  grep -qx 'went on' said || fail 'the program did not go on'
}
aborted=134
ulimit -c 0

echo '== pointers that are no blocks'
foreign='pointer that is not from this allocator at'
inside='pointer at which no block in use begins at'
declare -A kinds=(
  [stack]=$foreign [global]=$foreign [mapped]=$foreign [low]=$foreign [high]=$foreign
  [delete_stack]=$foreign [delete_sized_stack]=$foreign [realloc_stack]=$foreign
  [middle]=$inside [unaligned]=$inside [middle_of_large]=$inside [realloc_middle]=$inside
)
for case in "${!kinds[@]}"; do
  run "$aborted" "$case"
  hears 1 "quintet-malloc: ${kinds[$case]} $(head -n 1 said)"
  run "$aborted" "$case" QUINTET_MALLOC_ON_ERROR=abort
  run 0 "$case" QUINTET_MALLOC_ON_ERROR=report
  hears 1 "quintet-malloc: ${kinds[$case]} $(head -n 1 said)"
  went_on
  run 0 "$case" QUINTET_MALLOC_ON_ERROR=ignore
  hears 0
  went_on
done
run 0 usable_size_of_stack
hears 0

echo '== options that are none'
for setting in PURGE_DELAY_MS=soon PURGE_DELAY_MS=-1 PURGE_DELAY_MS=99999999999999999999 \
  RETAIN_MIB=1k RETAIN_MIB=1048577 GUARD_SAMPLE=often GUARD_SAMPLE=1000001 ON_ERROR=explode HUGE_PAGES=yes \
  STATS=2 HELP=2; do
  run 0 free_20_mib "QUINTET_MALLOC_$setting"
  hears 1 "QUINTET_MALLOC_$setting is ignored: use "
  went_on
done
run 0 free_20_mib QUINTET_MALLOC_STAT=1 QUINTET_MALLOC_=x
hears 2 'QUINTET_MALLOC_STAT is unknown: QUINTET_MALLOC_HELP=1 lists' 'QUINTET_MALLOC_ is unknown: '
run "$aborted" stack QUINTET_MALLOC_ON_ERROR=explode # the standard is kept
hears 2 'use abort, report or ignore'
long=$(printf 'abcdefghij%.0s' {1..300})
run 0 free_20_mib QUINTET_MALLOC_STATS="$long" QUINTET_MALLOC_"$long"=1
hears 2 "QUINTET_MALLOC_STATS=${long:0:40}... is ignored: use 0, 1 or json" \
  "QUINTET_MALLOC_${long:0:40}... is unknown: QUINTET_MALLOC_HELP=1 lists"
run 0 free_20_mib QUINTET_MALLOC_STATS=$'1\n2\e[1m\x7f\xc3\xa4' QUINTET_MALLOC_$'\n'=1
hears 2 'QUINTET_MALLOC_STATS=1?2?[1m??? is ignored: use ' 'QUINTET_MALLOC_? is unknown: '

echo '== options'
for option in PURGE_DELAY_MS RETAIN_MIB ON_ERROR GUARD_SAMPLE HUGE_PAGES STATS STATS_FILE \
  HELP NONE; do
  run 0 free_20_mib "QUINTET_MALLOC_$option="
  hears 0
done
run 0 free_20_mib QUINTET_MALLOC_HELP=0
hears 0
run 0 free_20_mib QUINTET_MALLOC_HELP=1 QUINTET_MALLOC_STATS=$'\e'"$long"
hears 9 "[given: ?${long:0:39}...]"
run 0 free_20_mib QUINTET_MALLOC_HELP=1 QUINTET_MALLOC_RETAIN_MIB=7
hears 8 '[given: 7]'
for option in PURGE_DELAY_MS RETAIN_MIB ON_ERROR GUARD_SAMPLE HUGE_PAGES STATS STATS_FILE HELP; do
  grep -q "^QUINTET_MALLOC_$option=<.*>.*: ." heard || fail "no QUINTET_MALLOC_$option in the help"
done
run 0 huge_pages
grep -qx 'huge pages: no' said || fail 'huge pages by themselves'
run 0 huge_pages QUINTET_MALLOC_HUGE_PAGES=1
grep -qx 'huge pages: yes' said || fail 'no huge pages with QUINTET_MALLOC_HUGE_PAGES=1'

echo '== statistics'
run 0 free_20_mib QUINTET_MALLOC_STATS=0
hears 0
run 0 free_20_mib QUINTET_MALLOC_STATS=1
hears "$((1 + $(grep -cE '^quintet-malloc: [a-z_]+ [0-9]+$' heard)))" 'used_bytes' 'misuses 0' \
  'quintet-malloc: pid ' 'quintet-malloc: program preload_misuse'
# statistic NAME CASE [VARIABLE=VALUE...]: leaves it in `value`, from JSON.
statistic() {
  run 0 "$2" QUINTET_MALLOC_STATS=json "${@:3}"
  hears 1
  value=$(python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d.pop("program") == "preload_misuse" and d["pid"] > 1, d
assert all(type(number) is int and number >= 0 for number in d.values()), d
print(d[sys.argv[2]])' heard "$1" 2>said) || fail "no statistic $1 in JSON"
}
mib=$((1 << 20))
statistic used_bytes free_20_mib
((value > 0)) || fail 'nothing is in use'
statistic most_used_bytes free_20_mib
((value >= 20 * mib)) || fail 'the peak is less than 20 MiB'
statistic large free_20_mib
((value == 1)) || fail 'not one large object'
statistic purged_bytes free_20_mib
((value == 0)) || fail '20 MiB are given back, though 32 may be kept'
statistic retained_bytes free_20_mib
((value >= 19 * mib)) || fail '20 MiB are not kept, but for what is in use again'
statistic purged_bytes free_20_mib QUINTET_MALLOC_RETAIN_MIB=1
((value >= 19 * mib)) || fail '20 MiB are not given back with QUINTET_MALLOC_RETAIN_MIB=1'
statistic purged_bytes free_20_mib QUINTET_MALLOC_PURGE_DELAY_MS=0
((value >= 19 * mib)) || fail '20 MiB are not given back with QUINTET_MALLOC_PURGE_DELAY_MS=0'
statistic sampled free_20_mib QUINTET_MALLOC_GUARD_SAMPLE=0
((value == 0)) || fail 'blocks are sampled with QUINTET_MALLOC_GUARD_SAMPLE=0'
statistic sampled free_20_mib QUINTET_MALLOC_GUARD_SAMPLE=1
if [[ $library == *hardened* ]]; then
  ((value >= 2)) || fail 'no blocks are sampled with QUINTET_MALLOC_GUARD_SAMPLE=1'
else
  ((value == 0)) || fail 'this library samples blocks'
fi
statistic misuses middle QUINTET_MALLOC_ON_ERROR=ignore
((value == 1)) || fail 'misuse is not counted'
