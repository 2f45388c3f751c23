#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Durable servers seen from outside: killed in the middle, nothing that was answered is lost.
# Arguments: ironkv-server and ironkv.
set -euo pipefail
server=$(realpath "$1") ironkv=$(realpath "$2")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
pid=0
trap 'kill -9 $pid 2>/dev/null || true; rm -rf "$folder"' EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}
# start DURABILITY [ARGUMENT...]: three servers that keep what they have in ./data.
start() {
  for _ in {1..20}; do
    port=${port:-$((20000 + RANDOM % 10000))}
    "$server" --cluster 3 --port "$port" --durability "$1" --data data "${@:2}" >server.out \
      2>server.err &
    pid=$!
    for _ in {1..300}; do
      grep -qxF '[[READY]]' server.out && return
      kill -0 $pid 2>/dev/null || break
      sleep 0.1
    done
    grep -q 'the port is in use' server.err || fail "$(cat server.err)"
    port=
  done
  fail 'no free ports'
}
kv() { "$ironkv" --servers "127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))" "$@"; }
killed() {
  kill -9 $pid
  wait $pid 2>/dev/null || true
}

echo '== killed again and again'
start always
for round in 1 2 3; do
  for key in {1..10}; do kv set "$key" "value-$round-$key" >/dev/null; done
  kv del "$round" >/dev/null
  killed
  start always
  grep -q 'server 1: 9 keys of .*records since' server.out || fail "nothing was recovered: $(cat server.out)"
  for key in {1..10}; do
    [[ $key == "$round" ]] && continue
    [[ $(kv get "$key") == "value-$round-$key" ]] || fail "round $round lost key $key"
  done
  expect 1 'is absent' "$ironkv" --servers "127.0.0.1:$port" get "$round"
done

echo '== killed after ranges have moved'
kv reshard 3 7 2 | grep -qx "3 keys from 127.0.0.1:$port to 127.0.0.1:$((port + 1))" || fail reshard
kv reshard 9 end "127.0.0.1:$((port + 2))" >/dev/null
killed
start always
kv where 6 | grep -q "is with server 2, 127.0.0.1:$((port + 1)), which has keys 3 to 6" || fail where
kv where 9 | grep -q 'which has keys 9 to the end' || fail where
for key in {1..10}; do
  [[ $key == 3 ]] && continue
  [[ $(kv get "$key") == "value-3-$key" ]] || fail "key $key was lost when it moved"
done
kv balance | grep -qx "127.0.0.1:$port has 3 keys" || fail "balance: $(kv balance)"
kv stats | grep -qx 'ironkv_keys 3' || fail 'stats'
expect 2 'is no server of this service' "$ironkv" --servers "127.0.0.1:$port" reshard 1 2 7
expect 2 'no key lies from 5 to before 4' "$ironkv" --servers "127.0.0.1:$port" reshard 5 4 1
expect 0 'nothing to move' "$ironkv" --servers "127.0.0.1:$port" reshard 1 2 1

echo '== killed while it is set'
(
  for number in {1..400}; do
    kv set 77 "$number" >/dev/null 2>&1 && echo "$number" >answered
  done
) &
writer=$!
sleep 1
killed
kill $writer 2>/dev/null || true
wait $writer 2>/dev/null || true
start always
[[ $(kv get 77) -ge $(cat answered) ]] || fail "$(kv get 77) is older than $(cat answered)"

echo '== ended in order'
kill -TERM $pid
wait $pid || fail "ended with $?"
start periodic
[[ $(kv get 10) == value-3-10 ]] || fail 'periodic does not read what always wrote'
kv set 10 later >/dev/null
kill -TERM $pid
wait $pid || fail "ended with $?"
start always
[[ $(kv get 10) == later ]] || fail 'an orderly end lost what was not synced yet'

echo '== refused'
expect 2 'is busy' "$server" --cluster 3 --port $((port + 10)) --durability always --data data
expect 2 'add --data FOLDER' "$server" --cluster 3 --durability always
expect 2 'without --durability' "$server" --cluster 3 --data data
expect 2 '--durability' "$server" --cluster 3 --durability sometimes --data data
echo 'as expected'
