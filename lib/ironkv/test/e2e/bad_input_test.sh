#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What people get wrong, with real servers: each time one line that names it, and the right status.
# What programs_test.sh and durable_test.sh check already is not here.
# Arguments: ironkv-server, ironkv and ironkv-certs.
set -euo pipefail
server=$(realpath "$1") ironkv=$(realpath "$2") certs=$(realpath "$3")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
pid=0
trap 'kill -9 $pid 2>/dev/null || true; rm -rf "$folder"' EXIT

# one_line STATUS TEXT COMMAND...: expect, and nothing but that line.
one_line() {
  expect "$@"
  [[ $(wc -l <out) == 1 ]] && return
  echo "FAILED: more than one line for: ${*:3}"
  cat out
  exit 1
}
# start ARGUMENT...: a server on $port, once it is ready. Returns 1 if the port is in use.
start() {
  "$server" "$@" >server.out 2>server.err &
  pid=$!
  for _ in {1..300}; do
    grep -qxF '[[READY]]' server.out && return
    kill -0 $pid 2>/dev/null || break
    sleep 0.1
  done
  grep -q 'the port is in use' server.err && return 1
  echo "FAILED: $(cat server.err)"
  exit 1
}
ended() {
  kill -9 $pid
  wait $pid 2>/dev/null || true
}
with_ports() {
  for _ in {1..20}; do
    port=$((20000 + RANDOM % 10000))
    "$@" && return
  done
  echo 'FAILED: no free ports'
  exit 1
}

echo '== a plain service'
plain() { start --cluster 2 --port "$port"; }
with_ports plain
servers=127.0.0.1:$port,127.0.0.1:$((port + 1))
kv=("$ironkv" --servers "$servers")
one_line 2 'is no server of this service: use a number from 1 to 2' "${kv[@]}" reshard 0 9 3
one_line 2 "'127.0.0.1:1' is no server of this service" "${kv[@]}" reshard 0 9 127.0.0.1:1
head -c 1024 /dev/zero >long
one_line 2 'longer than 1023 bytes' bash -c '"$@" set 7 - <long' bash "${kv[@]}"
head -c 1023 /dev/zero | tr '\0' x | "${kv[@]}" set 7 -
[[ $("${kv[@]}" get 7 | wc -c) == 1024 ]] || { echo 'FAILED: not 1023 bytes'; exit 1; }
# TLS to who does not speak it, and the other way round.
"$certs" --bits 2048 --output tls --name tls --server "127.0.0.1:$port" \
  --server "127.0.0.1:$((port + 1))" >/dev/null
service=tls/tls.IronSHT.service.txt
one_line 3 'handshake' "$ironkv" --service $service --timeout-ms 1000 get 7

echo '== gone in the middle of a request'
kill -STOP $pid
"${kv[@]}" --timeout-ms 3000 set 8 late >late.out 2>&1 &
waiting=$!
sleep 0.5
ended
status=0
wait $waiting 2>/dev/null || status=$?
if [[ $status != 3 ]] || ! grep -q "127.0.0.1:$port: Connection refused" late.out; then
  echo "FAILED: status $status: $(cat late.out)"
  exit 1
fi

echo '== files of TLS'
tls() {
  rm -rf tls
  "$certs" --bits 2048 --output tls --name tls --server "127.0.0.1:$port" >/dev/null
  start $service tls/tls.IronSHT.server1.private.txt
}
with_ports tls
# The same service, made again: other keys.
"$certs" --bits 2048 --output again --name tls --server "127.0.0.1:$port" >/dev/null
one_line 3 'another key than the service file' \
  "$ironkv" --service again/tls.IronSHT.service.txt --timeout-ms 2000 get 7
one_line 2 'its key is not in' "$server" $service again/tls.IronSHT.server1.private.txt
sed 's/"Pkcs12": *"...../&AAAA/' tls/tls.IronSHT.server1.private.txt >broken
one_line 2 'broken' "$server" $service broken
one_line 2 "$service" "$server" $service $service
head -c 300 $service >half
one_line 2 'half' "$ironkv" --service half get 7
ended
echo 'as expected'
