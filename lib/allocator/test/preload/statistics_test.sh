#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Where the statistics of a program's end go, whatever it has done with its files: to stderr as it
# was, to a file, and never into a file of the program's own.
# Arguments: the library, the program made of misuse.cpp.
set -euo pipefail
library=$(realpath "$1")
program=$(realpath "$2")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"

fail() {
  echo "FAILED: $*"
  echo "-- stderr:" && cat heard
  exit 1
}
# run CASE [VARIABLE=VALUE...]: leaves stderr in `heard`. The program must end as it should.
run() {
  timeout 60 env "${@:2}" LD_PRELOAD="$library" "$program" "$1" >said 2>heard || fail "status $?: $*"
}
# objects N FILE [NAME]: so many JSON objects, a line each, of processes of their own, with that name.
objects() {
  python3 - "$@" 2>error <<'PY' || fail "not $1 objects in $2: $(cat "$2" error)"
import json, sys
found = [json.loads(line) for line in open(sys.argv[2])]
assert len(found) == int(sys.argv[1]) == len({one["pid"] for one in found})
assert all(one["program"] == (sys.argv[3:] or ["preload_misuse"])[0] for one in found)
assert all(one["used_bytes"] > 0 for one in found)
PY
}
json=QUINTET_MALLOC_STATS=json

echo '== stderr'
for case in free_20_mib close_stderr close_others own_stderr; do
  run $case $json
  objects 1 heard
done
[[ -e own && ! -s own ]] || fail "statistics in the program's file: $(cat own)"
run fork $json
objects 2 heard
(
  ulimit -n 50 # no number of 100 and more
  run free_20_mib $json
)
objects 1 heard
for command in ls sort; do
  env $json LD_PRELOAD="$library" $command </dev/null >said 2>heard || fail "$command: status $?"
  objects 1 heard $command
done
cp "$program" 'a "b\c'$'\n''d'
env $json LD_PRELOAD="$library" './a "b\c'$'\n''d' free_20_mib >said 2>heard
objects 1 heard 'a "b\c?d'

echo '== nowhere'
rm -f own
run own_files $json
[[ -e own && ! -s own ]] || fail "statistics in the program's file: $(cat own)"
[[ ! -s heard ]] || fail 'statistics, though stderr is gone'
env $json LD_PRELOAD="$library" "$program" own_stderr >said 2>&-
[[ ! -s own ]] || fail "there was no stderr, and statistics are in the program's file"
# A pipe that nobody reads any more ends no program: its reader has gone before the writer begins.
mkfifo pipe
: <pipe &
exec {end}>pipe
wait $!
status=0
env $json LD_PRELOAD="$library" "$program" free_20_mib >said 2>&$end || status=$?
exec {end}>&-
[[ $status == 0 ]] || fail "status $status with a pipe that nobody reads"

echo '== a file'
run close_stderr $json "QUINTET_MALLOC_STATS_FILE=$folder/all"
run own_files $json QUINTET_MALLOC_STATS_FILE=all
objects 2 all
[[ ! -s heard && ! -s own ]] || fail 'statistics not only in the file'
run fork $json QUINTET_MALLOC_STATS_FILE=one.%p.%p.%
[[ $(find . -name 'one.*' | wc -l) == 2 ]] || fail "not a file for each process: $(ls)"
for file in one.*; do
  objects 1 "$file"
  pid=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["pid"])' "$file")
  [[ $file == "one.$pid.$pid.%" ]] || fail "process $pid has the file $file"
done
run free_20_mib QUINTET_MALLOC_STATS_FILE=text
grep -qx 'quintet-malloc: program preload_misuse' text || fail "no text: $(cat text)"
run free_20_mib QUINTET_MALLOC_STATS=0 QUINTET_MALLOC_STATS_FILE=none
[[ ! -e none && ! -s heard ]] || fail 'statistics with QUINTET_MALLOC_STATS=0'

echo '== files that cannot be written'
# refused PATH TEXT: the one line about it.
refused() {
  run free_20_mib "QUINTET_MALLOC_STATS_FILE=$1"
  [[ $(wc -l <heard) == 1 ]] || fail 'not one line'
  grep -qF -- "$2" heard || fail "no '$2' on stderr"
}
refused none/of/these 'no statistics in QUINTET_MALLOC_STATS_FILE=none/of/these: no such folder'
refused "$folder" "=$folder: it is a folder"
refused text/file '=text/file: a file where a folder should be'
refused /dev/full '=/dev/full: no space left'
refused pipe '=pipe: a pipe that nobody reads'
refused "$(printf '%%p%.0s' {1..500})" ': the path is too long'
if (($$ >= 100)); then # shorter ids make no longer path
  refused "$(printf '%%p%%p%%p%%p%%p%%p%%p/%.0s' {1..66})" ': the path is too long'
fi
refused "$(printf '/%.0s' {1..1001})" ' is ignored: use path of up to 1000 bytes'
rm -f own
run own_files QUINTET_MALLOC_STATS_FILE=none/of/these
[[ ! -s own && ! -s heard ]] || fail "the program's file has what is said of another: $(cat own)"
