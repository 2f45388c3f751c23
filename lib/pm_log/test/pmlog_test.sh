#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The program pmlog seen from outside: what each command prints, returns, and leaves in files.
# Argument: the program.
# shellcheck disable=SC2016 # its answers have backquotes
set -euo pipefail
pmlog=$(realpath "$1")
# shellcheck source=SCRIPTDIR/../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../testing/expect.sh"
cd "$folder"

fail() {
  echo "FAILED: $*"
  exit 1
}
# one_line STATUS TEXT COMMAND...: expect, and nothing but that line.
one_line() {
  expect "$@"
  [[ $(wc -l <"$folder/out") == 1 ]] || fail "more than one line for: ${*:3}: $(cat "$folder/out")"
}
# json PYTHON COMMAND...: the output is JSON, and the expression about it, `d`, is true.
json() {
  "${@:2}" >"$folder/latest.json" 2>"$folder/out" || [[ $? == 1 ]] || fail "no JSON from: ${*:2}"
  python3 -m json.tool "$folder/latest.json" >/dev/null || fail "no JSON: $(cat "$folder/latest.json")"
  python3 -c "import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not ($1))" \
    "$folder/latest.json" || fail "$1 is not so in: $(cat "$folder/latest.json")"
}
# put_byte FILE OFFSET OCTAL
put_byte() {
  # shellcheck disable=SC2059 # the format is the byte
  printf "\\$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
# same TEXT COMMAND...: the output is exactly this text and a newline.
same() {
  [[ $("${@:2}") == "$1" ]] || fail "not '$1' from: ${*:2}"
}
unsynced=(env PMEM_IS_PMEM_FORCE=1) # as on persistent memory: no msync, which takes its time
background=()
trap 'kill "${background[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

echo '== usage'
expect 0 'Exit status: 0 done, 1 refused' "$pmlog" --help
expect 0 '--until-idle' "$pmlog" follow --help
expect 0 '.' "$pmlog" --version
expect 2 'subcommand is required' "$pmlog"
expect 2 'path is required' "$pmlog" info
expect 2 '--nonsense' "$pmlog" info a --nonsense

echo '== create'
one_line 0 'a pool of 2 logs' "$pmlog" create a --size 1MiB --log orders:64KiB --log audit --records
one_line 1 'a exists: choose another name, or remove it first' "$pmlog" create a --size 1MiB
one_line 1 '100 bytes are too few for these logs: give it at least 20480' \
  "$pmlog" create b --size 100
one_line 1 'give it at least 1077248' "$pmlog" create b --size 1MiB --log x:1MiB --log y:4K
one_line 1 'no room for a file of that size' "$pmlog" create b --size 1000000TiB
one_line 2 '--size is missing' "$pmlog" create b
one_line 2 "--size '64Q' is no size" "$pmlog" create b --size 64Q
one_line 2 "'no' is no capacity" "$pmlog" create b --size 1MiB --log x:no
one_line 2 'a name has 1 to 64 bytes' "$pmlog" create b --size 1MiB --log "$(printf '%065d' 1)"
one_line 2 'the same name' "$pmlog" create b --size 1MiB --log x --log x
one_line 2 'is no UUID' "$pmlog" create b --size 1MiB --id 1234
one_line 1 'no/b does not exist' "$pmlog" create no/b --size 1MiB
logs=()
for i in {1..65}; do logs+=(--log "l$i"); done
one_line 1 'a pool has 1 to 64 logs, not 65' "$pmlog" create b --size 1MiB "${logs[@]}"
[[ $(echo b*) == 'b*' ]] || fail "a refused create left $(echo b*)"
id=01234567-89ab-cdef-fedc-ba9876543210
one_line 0 "$id" "$pmlog" create plain --size 256KiB --id $id --fast
json 'd["protocol"] == "strict" and len(d["logs"]) == 1' \
  "$pmlog" create plain --size 128KiB --force --json
json 'd["bytes"] == 131072 and d["id"] != "'$id'"' "$pmlog" info plain --json
touch empty
expect 0 'a pool of 1 log' "$pmlog" create empty --size 64KiB --force
one_line 1 'is a folder' "$pmlog" create . --size 64KiB --force
[[ -z $(compgen -G '*draft*') ]] || fail 'create --force left its draft'

echo '== append, cat'
expect 0 'appended 2 records of 10 bytes' "$pmlog" append a --log orders hello world
expect 0 'at positions 26 to 36' "$pmlog" append a --log 0 -- -3
same $'hello\nworld\n-3' "$pmlog" cat a --log orders --lines
seq 1 1000 >numbers
"$pmlog" append a --log audit --lines --batch 64 <numbers >/dev/null
"$pmlog" cat a --log audit --lines | cmp - numbers || fail 'cat is not what was appended'
same $'2\n3' "$pmlog" cat a --log audit --lines --from 9 --count 2
same 'helloworld' "$pmlog" cat a --log orders --count 2
[[ $("$pmlog" cat a --log orders --raw | wc -c) == 36 ]] || fail 'raw is not 36 bytes'
same $'0\n3' bash -c "'$pmlog' append empty -v one two | head -2"
printf 'from the input' | "$pmlog" append empty --json >json
json 'd["bytes"] == 14 and d["position"] == 6 and d["tail"] == 20' cat json
same 'onetwofrom the input' "$pmlog" cat empty
expect 0 'of 0 bytes' "$pmlog" append empty --lines </dev/null
one_line 2 'a has 2 logs: say which with --log: '\''orders'\'' (0), '\''audit'\'' (1)' "$pmlog" cat a
one_line 2 "a has no log 'nope': it has 'orders' (0), 'audit' (1)" "$pmlog" append a --log nope x
one_line 1 'no whole record at position 3' "$pmlog" cat a --log orders --from 3
one_line 1 'beyond the tail' "$pmlog" cat a --log orders --from 37
one_line 2 'is no position' "$pmlog" cat a --log orders --from three
one_line 2 'leave it or the payload out' "$pmlog" append a --log orders --lines x
one_line 1 'cannot write the output' bash -c "'$pmlog' cat a --log audit >/dev/full"

"$pmlog" create void --size 64KiB --records >/dev/null
expect 0 'appended 2 records of 1 byte ' "$pmlog" append void '' x
same $'\nx' "$pmlog" cat void --lines
expect 0 '2 whole records' "$pmlog" verify void

echo '== full logs'
"$pmlog" create ring --size 64KiB --log r:4096 --records >/dev/null
one_line 1 'has room for 4096 bytes, not for 5008' "$pmlog" append ring "$(printf '%05000d' 0)"
expect 1 'before it are in the log' "$pmlog" append ring --lines <numbers
expect 0 'dropped' "${unsynced[@]}" "$pmlog" append ring --lines --make-room <numbers
same '1000' bash -c "'$pmlog' cat ring --lines | tail -1"
one_line 1 'has room for' "$pmlog" append ring --make-room "$(printf '%05000d' 0)"
expect 0 'no damage' "$pmlog" verify ring
"$pmlog" create raw --size 64KiB --log r:4096 >/dev/null
"$pmlog" append raw --lines --make-room --batch 10 <numbers >/dev/null
same '1000' bash -c "'$pmlog' cat raw --from 3000 | tail -1"

echo '== drop'
one_line 0 'the head is at 13' "$pmlog" drop a --log orders --records 1
one_line 1 'no record starts at position 20: use 13 or 26' "$pmlog" drop a --log orders --to 20
one_line 1 'has 2 records, not 3' "$pmlog" drop a --log orders --records 3
one_line 1 'only moves forward' "$pmlog" drop a --log orders --to 0
one_line 1 'the head can move to 36 at most' "$pmlog" drop a --log orders --to 37
one_line 1 'before the head' "$pmlog" cat a --log orders --from 0
one_line 1 'holds plain bytes' "$pmlog" drop empty --records 1
json 'd["head"] == 26 and d["dropped_bytes"] == 13' "$pmlog" drop a --log orders --to 26 --json
expect 2 '' "$pmlog" drop a --log orders
same '-3' "$pmlog" cat a --log orders

echo '== info, dump'
expect 0 'msync: not persistent memory' env -u PMEM_IS_PMEM_FORCE "$pmlog" info a
expect 0 'flush: PMEM_IS_PMEM_FORCE=1' env PMEM_IS_PMEM_FORCE=1 "$pmlog" info a
json 'd["logs"][1]["name"] == "audit" and d["logs"][0]["head"] == 26 and d["logs"][1]["records"]' \
  "$pmlog" info a --json
expect 0 '6f 6e 65 74 77 6f 66 72  6f 6d 20' "$pmlog" dump empty
expect 0 '0x0000000000000006  66 72 6f 6d  ' "$pmlog" dump empty --from 0x6 --count 4
json 'd["hex"] == "66726f6d" and d["position"] == 6' "$pmlog" dump empty --from 6 --count 4 --json
expect 0 '[OK]' "$pmlog" dump a --metadata
grep -q BAD out && fail 'BAD metadata in a good pool'
json 'len(d) == 11 and all(row["state"] == "OK" for row in d)' "$pmlog" dump a --metadata --json

echo '== what is no pool'
one_line 1 'missing does not exist: check the name' "$pmlog" info missing
one_line 1 'is a folder, not a log' "$pmlog" info .
: >nothing
one_line 1 'nothing is empty, not a log: make one with' "$pmlog" info nothing
head -c 100000 /dev/zero >zeros
one_line 1 'zeros is not a log: no superblock in its 100000 bytes' "$pmlog" info zeros
for size in 300 5000 300000; do
  head -c $size a >short
  one_line 1 "short has $size bytes, but was made with 1048576: it was cut off" "$pmlog" info short
  one_line 1 'was cut off' "$pmlog" append short --log orders x
  expect 1 'was cut off' "$pmlog" verify short
done
cp a long
echo more >>long
one_line 1 'something was added to it; if that may go, `truncate -s 1048576 long`' \
  "$pmlog" info long
one_line 1 'is it a regular file' "$pmlog" info /dev/null

echo '== verify'
one_line 0 'a: no damage: 2 logs' "$pmlog" verify a
cp a damaged
audit_at=$((0x5000 + 65536)) # behind the 64 KiB of the other log
put_byte damaged $((audit_at + 9 + 4)) 0 # the payload of the record at position 9
put_byte damaged 9 7                     # superblock A
cp damaged before
expect 1 "error: log 'audit' (1), record at position 9, offset 0x15009: expected a whole record" \
  "$pmlog" verify damaged
expect 1 'error: superblock at offset 0x0: expected checksum' "$pmlog" verify damaged
expect 1 'damaged: 2 errors' "$pmlog" verify damaged
expect 1 'is damaged, and still opens' "$pmlog" verify damaged
cmp damaged before || fail 'verify changed the file'
json 'd["errors"] == 2 and d["opens"] and d["findings"][1]["position"] == 9 and
  d["findings"][1]["log_name"] == "audit" and d["whole_records"] == [1, 999]' \
  "$pmlog" verify damaged --json
expect 0 'the superblock at the start is damaged, its copy served' "$pmlog" info damaged
expect 1 "no whole record at position 9 of log 'audit'" "$pmlog" cat damaged --log audit
put_byte damaged $((0x1000)) 377 # the commit word
expect 1 'error: commit word at offset 0x1000' "$pmlog" verify damaged
one_line 1 'the commit word at offset 0x1000 is not what was written; `pmlog verify damaged`' \
  "$pmlog" info damaged
expect 0 '[BAD]' "$pmlog" dump damaged --metadata
json '[r["what"] for r in d if r["state"] == "BAD"] == ["superblock A", "commit word"]' \
  "$pmlog" dump damaged --metadata --json

echo '== one writer'
mkfifo input
"$pmlog" append a --log orders --lines <input >appended &
background+=($!)
exec 3>input
echo 'while it is open' >&3
for _ in {1..100}; do
  "$pmlog" cat a --log orders | grep -q 'while it is open' && break
  sleep 0.05
done
one_line 1 'a is busy: another process has it open for writing' "$pmlog" append a --log orders x
one_line 1 'a is busy' "$pmlog" verify a
one_line 1 'a is busy' "$pmlog" drop a --log orders --records 1
one_line 1 'a is busy' "$pmlog" create a --size 1MiB --force
expect 0 'while it is open' "$pmlog" cat a --log orders
exec 3>&-
wait "${background[0]}"
expect 0 'no damage' "$pmlog" verify a

echo '== follow'
"$pmlog" follow a --log orders --lines --interval-ms 20 --until-idle 2000 >followed &
background+=($!)
for i in {1..20}; do "$pmlog" append a --log orders "new $i" >/dev/null; done
wait "${background[1]}"
cmp followed <("$pmlog" cat a --log orders --lines) || fail 'follow is not what was appended'
"$pmlog" follow ring --lines --interval-ms 20 >followed 2>followed.err &
background+=($!)
for _ in {1..100}; do
  grep -q '^1000$' followed && break
  sleep 0.05
done
kill -STOP "${background[2]}" # so that it falls behind
"${unsynced[@]}" "$pmlog" append ring --lines --make-room --batch 50 <numbers >/dev/null
kill -CONT "${background[2]}"
for _ in {1..100}; do
  grep -q 'were dropped before they were read' followed.err && break
  sleep 0.05
done
sleep 0.5
kill -INT "${background[2]}"
wait "${background[2]}" || fail 'follow does not end well when it is interrupted'
grep -q 'were dropped before they were read' followed.err || fail 'follow did not say what it missed'
same '1000' tail -1 followed
one_line 1 'beyond the tail' "$pmlog" follow ring --from 999999 --until-idle 1
"$pmlog" follow raw --until-idle 1 --interval-ms 1 | cmp - <("$pmlog" cat raw) ||
  fail 'follow of bytes is not what cat says'

echo 'all as expected'
