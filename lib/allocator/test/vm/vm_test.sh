#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots a virtual machine with Debian's kernel, which is older than the one that most tests see: its
# mremap(2) refuses to move a block that lies in several mappings, after it has unmapped the target.
# Arguments: guest program, folder that keeps the kernel.
set -euo pipefail
guest=$1
# shellcheck source=SCRIPTDIR/../../../testing/vm/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/vm/machine.sh" "$2" allocator

fetch_kernel
make_initramfs "$guest" <<'INIT'
uname -r
/bin/*guest
INIT
start_machine test= -machine pc -accel tcg -cpu max -m 768M
wait_for_end 240
tr -d '\r' <"$report"
grep -aq '^all blocks are what they were\.' "$report" || fail 'the guest did not end its checks'
