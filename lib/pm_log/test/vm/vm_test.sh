#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Kills a virtual machine that writes to logs on emulated persistent memory, boots it again with
# the same memory, and has it verify that nothing acknowledged is lost or bad. Its kernel is
# Debian's, fetched and unpacked, never installed; part of its memory is /dev/pmem0 (memmap=), a
# file of the host keeps all of it. It tests DAX, MAP_SYNC, ext4 and memory errors. It does not
# test ordering: the emulated device has no cache that could be lost.
# Arguments: guest program, folder that keeps the kernel.
set -euo pipefail
guest=$1
# shellcheck source=SCRIPTDIR/../../../testing/vm/machine.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/vm/machine.sh" "$2" pm_log
need mkfs.ext4:e2fsprogs
readonly kills=3 least_changes=4000 # acknowledged before each kill
readonly memory=512M pmem_size=128M pmem_at=256M

make_memory() {
  rm -f "$folder/memory"
  truncate -s "$memory" "$folder/memory"
  # The default on a device this small is blocks of 1 KiB, which DAX refuses.
  mkfs.ext4 -q -F -b 4096 -E offset=$((${pmem_at%M} << 20)) "$folder/memory" "$pmem_size"
}

# --- boots ------------------------------------------------------------------------------------

start() { # start write|verify
  local processor=max
  [[ $accelerator == tcg ]] || processor=host,-arch-capabilities
  start_machine "memmap=$pmem_size!$pmem_at test=$1" \
    -machine "pc,accel=$accelerator,memory-backend=memory" -cpu "$processor" -smp 1 -m "$memory" \
    -object "memory-backend-file,id=memory,share=on,mem-path=$folder/memory,size=$memory"
}

last() { # last WORD: the numbers of this boot's last whole line that starts with it
  sed -n "s/^$1 \([0-9 ]*\)\.\r*$/\1/p" "$report" | tail -n 1
}

has_found() { [[ -n $(last found) ]] || grep '^bad:' "$report"; }
sum() {
  local all=0 number
  for number in "$@"; do all=$((all + number)); done
  echo "$all"
}
has_written() { # has_written COUNT: more than was found
  local found acknowledged
  read -ra found <<<"$(last found)"
  read -ra acknowledged <<<"$(last acknowledged)"
  (($(sum "${acknowledged[@]}") >= $(sum "${found[@]}") + $1))
}

expected=(0 0 0 0) # changes that were acknowledged, by pool
lost=0
verify_boot() {
  local found i
  ! grep -a '^bad:' "$report" || fail "boot $boot"
  read -ra found <<<"$(last found)"
  [[ ${#found[@]} == "${#expected[@]}" ]] || fail "boot $boot tells ${#found[@]} pools"
  for i in "${!expected[@]}"; do
    echo "boot $boot, pool $i: acknowledged ${expected[i]}, found ${found[i]}"
    ((found[i] >= expected[i])) || lost=$((lost + expected[i] - found[i]))
  done
  [[ $lost == 0 ]] || fail "lost: $lost"
}

fetch_kernel
make_initramfs "$guest" "${vm_modules[@]}" <<'INIT'
if busybox mount -t ext4 -o dax=always /dev/pmem0 /mnt; then
  /bin/*guest "$words" /mnt
  [ "$words" != verify ] || /bin/*guest poison /tmp
  busybox umount /mnt
else
  echo 'bad: /dev/pmem0 cannot be mounted with DAX.'
fi
INIT
make_memory
# Where KVM is itself emulated, kernels are known to hang: then without it.
accelerator=kvm
if [[ -r /dev/kvm && -w /dev/kvm ]]; then
  start write
  wait_for 25 has_found || {
    echo "KVM is no use here: the kernel says nothing in 25 s"
    kill_machine
    accelerator=tcg
  }
else
  accelerator=tcg
fi
if [[ -z $qemu ]]; then
  boot=0
  make_memory
  start write
fi

for ((killed = 0; killed < kills; ++killed)); do
  [[ -n $qemu ]] || start write
  wait_for 120 has_found || fail "boot $boot: the guest says nothing in 120 s"
  verify_boot
  wait_for 60 has_written "$least_changes" || fail "boot $boot: it hardly writes"
  sleep "$((RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
  kill_machine
  ! grep -a '^bad:' "$report" || fail "boot $boot"
  read -ra expected <<<"$(last acknowledged)"
done

start verify
wait_for_end 120
verify_boot
grep -aq '^poison is an error\.' "$report" || fail 'the guest did not end its test of poison'
echo "boots: $boot, kills: $kills, acknowledged changes: $(sum "${expected[@]}"), lost: $lost," \
  "bad: 0 ($accelerator, $SECONDS s)"
