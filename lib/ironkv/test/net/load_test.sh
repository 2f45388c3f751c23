#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The program ironkv-load seen from outside, and the configuration files of the programs.
# Arguments: ironkv-server, ironkv, ironkv-certs, ironkv-load.
set -euo pipefail
server=$(realpath "$1") ironkv=$(realpath "$2") certs=$(realpath "$3") load=$(realpath "$4")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
background=()
trap 'kill -9 "${background[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}
# one_line STATUS TEXT COMMAND...: expect, and nothing but that line.
one_line() {
  expect "$@"
  [[ $(wc -l <out) == 1 ]] || fail "more than one line for: ${*:3}: $(cat out)"
}
# start NAME ARGUMENT...: a server, once it is ready. Returns 1 if it ended instead.
start() {
  : >"$1.out"
  "$server" "${@:2}" >"$1.out" 2>"$1.err" &
  local pid=$!
  for _ in {1..300}; do
    grep -qxF '[[READY]]' "$1.out" && background+=("$pid") && return
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.1
  done
  fail "not ready: $*"
}
# with_ports COMMAND...: runs it with a port from which on some are free, in $port.
with_ports() {
  for _ in {1..20}; do
    port=$((20000 + RANDOM % 10000))
    "$@" && return
    grep -q 'the port is in use' ./*.err || fail "$(cat ./*.err)"
  done
  fail 'no free ports'
}
# field FILE PYTHON: an expression about the JSON `d` of a file.
field() {
  python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print($2)" "$1"
}
# holds FILE PYTHON: that it is true.
holds() {
  [[ $(field "$1" "$2") == True ]] || fail "not so: $2: $(cat "$1")"
}
# in_background ARGUMENT...: ironkv-load, once it works; its output is in text and progress.
in_background() {
  : >progress
  "$load" --servers "$servers" --report-every 0.1 "$@" >text 2>progress &
  pid=$!
  for _ in {1..300}; do
    grep -q 'failed so far' progress && return
    sleep 0.05
  done
  fail "no progress: $(cat progress)"
}
# status_of PID: of a job of ours that ends.
status_of() {
  local status=0
  wait "$1" || status=$?
  echo "$status" >status
}
short=(--duration 1 --warmup 0.1)

echo '== usage'
expect 0 'Examples' "$load" --help
expect 0 '.' "$load" --version
one_line 2 'use --service FILE or --servers HOST:PORT' "$load"
one_line 2 "'here' is no server" "$load" --servers here
one_line 2 'none.txt' "$load" none.txt nthreads=1
one_line 2 'no setting: there are nthreads' "$load" --servers a:1 threads=1
one_line 2 'a number from 1 to 10000' "$load" --servers a:1 nthreads=0
one_line 2 'each loop needs a client' "$load" --servers a:1 --loops 11
one_line 2 'at least 32 bytes' "$load" --servers a:1 --check --value-bytes 8
one_line 2 'name at least two' "$load" --servers a:1 workload=f
one_line 2 'no/such.json: No such file or directory: name a file' "$load" --servers a:1 --json no/such.json

echo '== a closed loop'
try_cluster() { start cluster --cluster 3 --port "$port"; }
with_ports try_cluster
servers=127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))
run=("$load" --servers "$servers" "${short[@]}")
expect 0 'errors      none' "${run[@]}" --workload mix --reads 30 --order random --loops 2 --check \
  --depth 4 --report-every 0.2 --json all.json
grep -q 'of gets' out || fail 'no latencies of gets'
grep -q '0 failed so far' out || fail 'no progress'
holds all.json 'd["requests"] > 0 and d["requests_per_second"] > 0'
holds all.json 'd["read_latency_us"]["count"] > 0 and d["write_latency_us"]["count"] > 0'
holds all.json 'd["latency_us"]["p50"] <= d["latency_us"]["p999"] <= d["latency_us"]["max"]'
holds all.json 'd["settings"]["depth"] == 4 and d["settings"]["reads"] == 30'
holds all.json 'not any(v for k, v in d["errors"].items())'
"${run[@]}" --busy-poll-us 50 --json - >only.json 2>text
grep -q throughput text || fail 'no report on the standard error'
holds only.json 'd["absent"] == 0 and d["settings"]["workload"] == "get"'

echo '== values'
"$ironkv" --servers "$servers" set 5 junk
expect 0 'errors      none' "${run[@]}" --no-preload
expect 1 'key 5 was answered with a value that was not written there' "${run[@]}" --no-preload --check
"$ironkv" --servers "$servers" del 5
expect 0 'gets of keys without a value' "${run[@]}" --no-preload --check
# That of another key.
"$load" --servers "$servers" --duration 0.1 >/dev/null
"$ironkv" --servers "$servers" get 6 | head -c 128 | "$ironkv" --servers "$servers" set 7 - 2>/dev/null
expect 1 'key 7 was answered' "${run[@]}" --no-preload --check

echo '== what others have stored'
"$ironkv" --servers "$servers" set 1500 precious
one_line 2 'key 1500 has a value that ironkv-load does not know as its own' "${run[@]}" --keys 600 \
  --first-key 1000
[[ $("$ironkv" --servers "$servers" get 1500) == precious ]] || fail 'overwritten'
one_line 1 'key 1000 is absent' "$ironkv" --servers "$servers" get 1000
expect 0 'errors      none' "${run[@]}" --first-key 1501 --keys 50 --check
expect 0 'errors      none' "${run[@]}" --first-key 1501 --keys 60 --value-bytes 8 --overwrite
expect 0 'errors      none' "${run[@]}" --first-key 1501 --keys 60 --value-bytes 8
expect 0 'errors      none' "${run[@]}" --first-key 1000 --keys 501 --overwrite
one_line 2 'there is no key above 18446744073709551615' "${run[@]}" --first-key 18446744073709551000

echo '== an open loop'
# While the server stands still for half a second, requests fall due; all of them are sent, and their
# time counts from then. So far more than a tenth of them have waited: what has waited for less than
# 0.05 s was due outside of 0.5 s of at most 3 s.
in_background --clients 1 --depth 1 --rate 500 --warmup 0 --duration 3 --json open.json
kill -STOP "${background[0]}"
sleep 0.7
kill -CONT "${background[0]}"
status_of "$pid"
[[ $(cat status) == 0 ]] || fail "$(cat text progress)"
holds open.json 'd["latency_us"]["count"] == 1500 and d["offered_per_second"] == 500'
holds open.json 'd["latency_us"]["p90"] > 50000'
grep -q 'offered     500' text || fail "$(cat text)"

echo '== as the reference'
"$load" --servers "$servers" nthreads=3 duration=1 workload=g numkeys=100 valuesize=128 >lines
[[ $(grep -v '^#req' lines) == $'[[READY]]\n[[SETUP COMPLETE]]\n[[DONE]]' ]] || fail "$(grep -v '^#req' lines)"
grep -qE '^#req 2 1 [0-9]+\.[0-9]+$' lines || fail 'no line of thread 2'
[[ $(grep -cvE '^#req [0-2] [0-9]+ [0-9]+\.[0-9]+$' lines) == 3 ]] || fail 'lines of another form'
for thread in 0 1 2; do # numbered from 1 without a hole
  awk -v t="$thread" '$1 == "#req" && $2 == t && $3 != ++n { exit 1 }' lines || fail "a hole in $thread"
done
for _ in 1 2; do # once it moves keys, once they are there
  "$load" --servers "$servers" workload=f >lines
  [[ $(cat lines) == $'[[READY]]\n[[SETUP COMPLETE]]\nSuccessfully received reply\n[[DONE]]' ]] || fail "$(cat lines)"
done
expect 0 'key 150 is with server 2' "$ironkv" --servers "$servers" where 150
expect 0 'errors      none' "${run[@]}" --check # over two servers now
expect 1 'is not in the list' "$load" --servers "127.0.0.1:$port" "${short[@]}" --no-preload

echo '== signals'
in_background --duration 0 --warmup 0 --json signal.json
kill -TERM "$pid"
status_of "$pid"
[[ $(cat status) == 0 ]] || fail "ended with $(cat status)"
grep -q throughput text || fail 'no report'
holds signal.json 'd["ended_by_signal"] and d["seconds"] > 0 and d["requests"] > 0'

echo '== a server that dies, and one that is not there'
in_background --duration 2 --timeout-ms 500 --json dead.json
kill -9 "${background[0]}"
wait "${background[0]}" 2>/dev/null || true
status_of "$pid"
background=()
[[ $(cat status) == 1 ]] || fail "ended with $(cat status)"
grep -q 'timed out' text || fail "$(cat text)"
holds dead.json 'd["errors"]["timed_out"] > 0 and "refused" in d["errors"]["first"]'
one_line 1 "127.0.0.1:$port: Connection refused" "$load" --servers "$servers" --timeout-ms 300
one_line 1 "127.0.0.1:$port: Connection refused" "$load" --servers "$servers" --timeout-ms 300 \
  --no-preload
expect 1 'Connection refused' "$load" --servers "$servers" --timeout-ms 300 nthreads=1 duration=1

echo '== configuration files'
# refused TEXT LINE...: a file of these lines is refused by the server with one line that names it.
refused() {
  printf '%s\n' "${@:2}" >wrong.cfg
  one_line 2 "wrong.cfg: $1" "$server" --config wrong.cfg
}
refused 'ports: no such key' 'cluster = 3' 'ports = 4001'
refused 'port: ' 'port = 70000'
refused 'drain-ms: ' 'drain-ms = soon'
refused 'durability: ' 'durability = sometimes'
refused 'port: given twice' 'port = 4001' 'drain-ms = 1' 'port = 4002'
refused 'listen: more than one value' 'listen = a b'
refused 'data: the quote has no end' 'data = "/tmp/a#b"'
refused 'server: there are no sections' '[server]' 'port = 4001'
refused 'config: no such key' 'config = other.cfg'
one_line 2 'none.cfg: cannot be read' "$server" --config none.cfg
one_line 2 '.: is a folder' "$server" --config .
printf 'durability = always\n' >wrong.cfg
one_line 2 'add --data FOLDER (with the settings of wrong.cfg)' "$server" --config wrong.cfg --cluster 1
cluster_of_file() {
  printf '# a cluster\ncluster = 2\nport = 1 # not that\nbusy-poll-us = 7\nplain-anywhere = true\n' >good.cfg
  start configured --config good.cfg --port "$port"
}
with_ports cluster_of_file
servers=127.0.0.1:$port,127.0.0.1:$((port + 1))
"$server" --config good.cfg --drain-ms 9 --print-config >printed.cfg
for line in cluster=2 port=1 busy-poll-us=7 plain-anywhere=true drain-ms=9 'durability="none"'; do
  grep -qxF "$line" printed.cfg || fail "no $line: $(cat printed.cfg)"
done
for options in '--config printed.cfg' '--cluster 3 --sync-ms 7' '--durability always --data kv'; do
  # shellcheck disable=SC2086 # several options
  "$server" $options --print-config >again.cfg
  "$server" --config again.cfg --print-config | cmp - again.cfg || fail "not read as printed: $options"
done
printf 'servers = "%s"\nduration = 60\nwarmup = 0\nclients = 3\npreload = false\n' "$servers" >load.cfg
"$load" --config load.cfg --duration 0.2 --json conf.json >/dev/null
holds conf.json 's["clients"] == 3 and s["duration"] == 0.2 and not s["preload"] if (s := d["settings"]) else 0'
"$load" --config load.cfg --print-config >printed.cfg
"$load" --config printed.cfg --print-config | cmp - printed.cfg || fail 'not read as printed'
printf 'servers = "%s"\nservice = a\n' "$servers" >wrong.cfg
one_line 2 'wrong.cfg: service and servers: give one of them' "$load" --config wrong.cfg
one_line 2 'none.txt' "$load" --config load.cfg --service none.txt # which overrides `servers`
printf 'cliens = 3\n' >wrong.cfg
one_line 2 'wrong.cfg: cliens: no such key' "$load" --config wrong.cfg

echo '== TLS'
service() {
  rm -rf shop
  "$certs" --bits 2048 --output shop --name shop --server "127.0.0.1:$port" >/dev/null
  file=shop/shop.IronSHT.service.txt
  start secure "$file" shop/shop.IronSHT.server1.private.txt
}
with_ports service
expect 0 'errors      none' "$load" --service "$file" "${short[@]}" --clients 3 --check --json tls.json
holds tls.json 'd["settings"]["tls"] and d["requests"] > 0'
"$load" "$file" nthreads=2 duration=2 workload=s valuesize=512 >lines
[[ $(grep -c '^#req' lines) -gt 0 && $(tail -n 1 lines) == '[[DONE]]' ]] || fail "$(tail lines)"
echo 'all well'
