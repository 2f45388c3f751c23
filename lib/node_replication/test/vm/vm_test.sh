#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots a virtual machine of four NUMA nodes with two processors each, in which a program places
# replicas and asks the kernel where they are. QEMU emulates what the firmware tells of the nodes
# and no difference in speed.
# Arguments: guest program, folder that keeps the kernel.
set -euo pipefail
guest=$1
# shellcheck source=SCRIPTDIR/../../../testing/vm/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/vm/machine.sh" "$2" node_replication
readonly nodes=4 megabytes=160 # of each node

machine=(-machine pc -accel "tcg,thread=multi" -cpu max -smp "$((2 * nodes)),sockets=$nodes,cores=2"
  -m "$((nodes * megabytes))M")
for ((i = 0; i < nodes; ++i)); do
  machine+=(-object "memory-backend-ram,id=memory$i,size=${megabytes}M"
    -numa "node,nodeid=$i,cpus=$((2 * i))-$((2 * i + 1)),memdev=memory$i")
done
for ((i = 0; i < nodes; ++i)); do
  for ((j = i + 1; j < nodes; ++j)); do machine+=(-numa "dist,src=$i,dst=$j,val=21"); done
done

fetch_kernel
make_initramfs "$guest" <<'INIT'
/bin/*guest
INIT
start_machine test= "${machine[@]}"
wait_for_end 240
tr -d '\r' <"$report"
! grep -aq '^bad:' "$report" || fail 'a check in the guest'
grep -aq '^all is in its place\.' "$report" || fail 'the guest did not end its checks'
echo "$nodes nodes, $((2 * nodes)) processors (tcg, $SECONDS s)"
