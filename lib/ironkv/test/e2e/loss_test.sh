#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Servers and clients on a network that loses packets: a network namespace of this test, whose
# loopback interface drops some of those to and from servers. Nothing outside of it is touched, and
# it is gone, with all its processes, when the test is.
# Arguments: ironkv-e2e-history, ironkv-server. QT_IRONKV_E2E_LOSS: percent of packets (3).
set -euo pipefail

if [[ ${1-} != --inside ]]; then
  for program in unshare ip nft; do
    command -v $program >/dev/null && continue
    declare -A package=([unshare]=util-linux [ip]=iproute2 [nft]=nftables)
    echo "SKIP: install ${package[$program]}"
    exit 77
  done
  history=$(realpath "$1") server=$(realpath "$2")
  if ! unshare --net true 2>/dev/null; then
    echo 'SKIP: a network namespace is needed, so root is'
    exit 77
  fi
  exec unshare --net --pid --fork --kill-child bash "${BASH_SOURCE[0]}" --inside "$history" "$server"
fi

ip link set lo up
# Where ironkv-e2e-history has its servers listen.
if ! nft -f - <<RULES; then
table ip loss {
  counter lost {}
  chain input {
    type filter hook input priority 0
    tcp dport 10000-19999 numgen random mod 100 < ${QT_IRONKV_E2E_LOSS:-3} counter name lost drop
    tcp sport 10000-19999 numgen random mod 100 < ${QT_IRONKV_E2E_LOSS:-3} counter name lost drop
  }
}
RULES
  echo 'SKIP: this kernel has no nf_tables with numgen'
  exit 77
fi
"$2" "$3" --calls 600 --seconds "${QT_IRONKV_E2E_SECONDS:-12}"
lost=$(nft list counter ip loss lost | sed -n 's/.*packets \([0-9]*\).*/\1/p')
echo "lost: $lost packets"
[[ $lost -gt 0 ]] || { echo 'FAILED: no packet was lost'; exit 1; }
