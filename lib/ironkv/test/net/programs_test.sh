#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The programs ironkv-server and ironkv seen from outside, without files and with those of
# ironkv-certs. Arguments: the three programs, in this order.
set -euo pipefail
server=$(realpath "$1") ironkv=$(realpath "$2") certs=$(realpath "$3")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
background=()
trap 'kill "${background[@]}" 2>/dev/null || true; rm -rf "$folder"' EXIT

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
# ended STATUS SIGNAL: all servers end with it when told to.
ended() {
  kill "-$2" "${background[@]}"
  local pid status
  for pid in "${background[@]}"; do
    status=0
    wait "$pid" || status=$?
    [[ $status == "$1" ]] || fail "a server ended with $status"
  done
  background=()
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

echo '== usage'
expect 0 'Exit status: 0 done, 1 the key is absent' "$ironkv" --help
expect 0 '[[READY]]' "$server" --help
expect 0 '.' "$ironkv" --version
expect 2 'subcommand is required' "$ironkv"
one_line 2 "'gte' is no command: see ironkv --help" "$ironkv" gte 5
expect 2 'key is required' "$ironkv" get
one_line 2 'use --service FILE or --servers HOST:PORT' "$ironkv" get 7
one_line 2 "'7x' is no key" "$ironkv" get 7x
one_line 2 "'18446744073709551616' is no key" "$ironkv" get 18446744073709551616
one_line 2 "'here' is no server" "$ironkv" --servers here get 7
one_line 2 'in the list twice' "$ironkv" --servers here:1,here:1 get 7
one_line 2 'none.txt' "$ironkv" --service none.txt get 7
one_line 2 'or --cluster 3 to try it without' "$server"
one_line 2 'leave out a' "$server" --cluster 3 a
one_line 2 'no port above 65535' "$server" --cluster 3 --port 65534

echo '== a cluster to try'
try_cluster() { start cluster --cluster 3 --port "$port"; }
with_ports try_cluster
servers=127.0.0.1:$port,127.0.0.1:$((port + 1)),127.0.0.1:$((port + 2))
grep -qF "ironkv --servers $servers get 7" cluster.out || fail "$(cat cluster.out)"
grep -qE "^server 2 listens on 127.0.0.1:$((port + 1)), plain, with (io_uring|epoll)\$" cluster.out ||
  fail "$(cat cluster.out)"
run=("$ironkv" --servers "$servers")
one_line 1 'key 7 is absent' "${run[@]}" get 7
"${run[@]}" set 7 hello
[[ $("${run[@]}" get 7) == hello ]] || fail 'not hello'
printf 'two\nlines' | "${run[@]}" set 0xffffffffffffffff -
[[ $("${run[@]}" get 18446744073709551615) == $'two\nlines' ]] || fail 'not two lines'
[[ $("${run[@]}" get --raw 18446744073709551615 | wc -c) == 9 ]] || fail 'not nine bytes'
"${run[@]}" reshard 0 8 2 | grep -qx "1 key from 127.0.0.1:$port to 127.0.0.1:$((port + 1))" ||
  fail 'one key'
other=127.0.0.1:$((port + 2)),127.0.0.1:$port,127.0.0.1:$((port + 1))  # another order, one truth
expect 0 "key 7 is with server 3, 127.0.0.1:$((port + 1))," "$ironkv" --servers "$other" where 7
expect 2 'name all of them' "$ironkv" --servers "127.0.0.1:$port" where 7
"${run[@]}" set 8 ''
[[ $("${run[@]}" get 8 | wc -c) == 1 ]] || fail 'not empty'
one_line 2 'longer than 1023 bytes' "${run[@]}" set 7 "$(printf '%01024d' 1)"
"${run[@]}" del 7
one_line 1 'key 7 is absent' "${run[@]}" get 7
expect 0 "127.0.0.1:$((port + 2)) answers in" "${run[@]}" ping
one_line 2 "127.0.0.1:$port: the port is in use" "$server" --cluster 1 --port "$port"
ended 0 TERM
one_line 3 "127.0.0.1:$port: Connection refused" "${run[@]}" --timeout-ms 2000 get 7
expect 3 "127.0.0.1:$((port + 1)): Connection refused" "${run[@]}" --timeout-ms 1000 ping

# service NAME [OPTION]: files of two servers, and the servers. Ends with 1 if a port is in use.
service() {
  rm -rf "$1"
  "$certs" --bits 2048 --output "$1" --name "$1" "${@:2}" --server "127.0.0.1:$port" \
    --server "127.0.0.1:$((port + 1))" >/dev/null
  file=$1/$1.IronSHT.service.txt
  start first "$file" "$1/$1.IronSHT.server1.private.txt" || return 1
  start second "$file" "$1/$1.IronSHT.server2.private.txt" verbose=true && return
  kill "${background[@]}"
  background=()
  return 1
}

echo '== a service over TLS'
with_ports service shop
run=("$ironkv" --service "$file")
"${run[@]}" set 7 secret
[[ $("${run[@]}" get 7) == secret ]] || fail 'not secret'
expect 0 "127.0.0.1:$((port + 1)) answers in" "${run[@]}" ping
one_line 3 "no answer within 500 ms (127.0.0.1:$port: " "$ironkv" --servers "127.0.0.1:$port" \
  --timeout-ms 500 get 7
"$certs" --bits 2048 --output other --name other --server "127.0.0.1:$port" >/dev/null
one_line 3 'another key than the service file)' \
  "$ironkv" --service other/other.IronSHT.service.txt --timeout-ms 2000 get 7
one_line 2 'its key is not in' "$server" "$file" other/other.IronSHT.server1.private.txt
one_line 2 "'port=0': a port is a number" "$server" "$file" shop/shop.IronSHT.server1.private.txt port=0
one_line 2 'the port is in use' "$server" "$file" shop/shop.IronSHT.server1.private.txt
ended 0 TERM

echo '== a service without TLS'
with_ports service plain --plain
run=("$ironkv" --service "$file")
"${run[@]}" set 7 open
[[ $("${run[@]}" get 7) == open ]] || fail 'not open'
one_line 2 'they stay on the loopback interface' \
  "$server" "$file" plain/plain.IronSHT.server1.private.txt addr=0.0.0.0 port=$((port + 2))

echo '== one of two that dies and returns with nothing'
"${run[@]}" reshard 0 10 2 >/dev/null
kill -9 "${background[1]}"
wait "${background[1]}" 2>/dev/null || true
unset 'background[1]'
one_line 3 "127.0.0.1:$((port + 1)) has taken nothing for 300 ms" "${run[@]}" --timeout-ms 300 \
  reshard 10 20 2
private=plain/plain.IronSHT.server2.private.txt
expect 1 "server 1 (127.0.0.1:$port) knows this server" "$server" "$file" "$private"
one_line 3 'what it has of these keys, if any, has not moved' "${run[@]}" --timeout-ms 300 \
  reshard 0 10 1
one_line 1 'key 70 is absent' "${run[@]}" get 70
ended 0 INT

echo '== one of two that waits for the other'
start second "$file" "$private"
sleep 1.5
grep -q "waits for server 1 (127.0.0.1:$port) before it serves: start it" second.err ||
  fail "not told: $(cat second.err)"
expect 3 "127.0.0.1:$((port + 1)): it does not serve yet: it waits for server 1" \
  "${run[@]}" --timeout-ms 1500 ping
for command in 'get 5' 'set 5 x' 'del 5' 'where 5'; do
  # shellcheck disable=SC2086
  one_line 3 'it does not serve yet: it waits for server 1' "${run[@]}" --timeout-ms 1500 $command
done
ended 0 TERM

echo '== whose a key is, past a server that is gone'
three_servers() { # of one service, without each other's answers
  rm -rf three
  "$certs" --bits 2048 --output three --name three --plain --server "127.0.0.1:$port" \
    --server "127.0.0.1:$((port + 1))" --server "127.0.0.1:$((port + 2))" >/dev/null
  file=three/three.IronSHT.service.txt
  local i
  for i in 1 2 3; do
    start "three$i" "$file" "three/three.IronSHT.server$i.private.txt" && continue
    kill "${background[@]}"
    background=()
    return 1
  done
}
with_ports three_servers
run=("$ironkv" --service "$file" --timeout-ms 1500)
"${run[@]}" reshard 0 10 2 >/dev/null
kill -9 "${background[0]}"
wait "${background[0]}" 2>/dev/null || true
unset 'background[0]'
expect 0 'key 5 is with server 2' "${run[@]}" where 5
expect 3 '127.0.0.1' "${run[@]}" reshard 0 10 3
expect 0 'key 5 is with server 3' "${run[@]}" where 5
ended 0 TERM
echo 'all well'
