#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Kills a virtual machine that writes to logs on emulated persistent memory, boots it again with
# the same memory, and has it verify that nothing acknowledged is lost or bad. Its kernel is
# Debian's, fetched and unpacked, never installed; part of its memory is /dev/pmem0 (memmap=), a
# file of the host keeps all of it. It tests DAX, MAP_SYNC, ext4 and memory errors. It does not
# test ordering: the emulated device has no cache that could be lost.
# Arguments: guest program, folder that keeps the kernel.
set -euo pipefail
guest=$1 cache=$2
readonly kills=3 least_changes=4000  # acknowledged before each kill
readonly time_limit=280           # seconds: CTest's limit leaves nobody to clean up
readonly memory=512M pmem_size=128M pmem_at=256M
readonly modules=(crc32c_generic crc32c-intel libcrc32c crc16 mbcache jbd2 ext4
  libnvdimm nd_btt nd_pmem device_dax dax_pmem nd_e820 nfit)
export PATH=$PATH:/usr/sbin:/sbin # mkfs.ext4, for users

skip() {
  echo "SKIP: install $*"
  exit 0
}
for need in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio \
  mkfs.ext4:e2fsprogs apt-get:apt dpkg-deb:dpkg; do
  command -v "${need%:*}" >/dev/null || skip "${need#*:}"
done

folder=$(mktemp -d)
boot=0 qemu=
kill_machine() {
  kill -KILL "$qemu" 2>/dev/null || true
  wait "$qemu" 2>/dev/null || true
  qemu=
}
finish() {
  local status=$?
  [[ -z $qemu ]] || kill_machine
  if [[ $status != 0 ]]; then
    mkdir -p "$cache/logs"
    cp "$folder"/console.* "$folder"/report.* "$cache/logs" 2>/dev/null || true
    echo "consoles and reports of all boots: $cache/logs"
  fi
  rm -rf "$folder"
}
trap finish EXIT

fail() {
  echo "FAILED: $*"
  exit 1
}

# --- what is booted ---------------------------------------------------------------------------

fetch_kernel() { # sets $kernel: a folder with vmlinuz and modules
  local package deb module patterns=()
  package=$(apt-cache depends linux-image-amd64 2>/dev/null |
    awk '$1 == "Depends:" && !n++ { print $2 }') || true
  [[ -n $package ]] || skip 'package lists (apt-get update): none names linux-image-amd64'
  kernel=$cache/$package
  [[ ! -e $kernel ]] || return 0
  mkdir -p "$folder/deb" "$folder/tree" "$cache"
  (cd "$folder/deb" && timeout 120 apt-get -qq download "$package" 2>"$folder/download.log") ||
    skip "network access: apt-get download $package failed: $(tail -n 1 "$folder/download.log")"
  deb=$(echo "$folder"/deb/*.deb)
  for module in "${modules[@]}"; do patterns+=("*/$module.ko"); done
  # Some may be built in, and tar complains about patterns without a match.
  dpkg-deb --fsys-tarfile "$deb" |
    tar -x -C "$folder/tree" --wildcards './boot/vmlinuz-*' "${patterns[@]}" || true
  mkdir "$folder/kernel"
  cp "$folder"/tree/boot/vmlinuz-* "$folder/kernel/vmlinuz"
  find "$folder/tree" -name '*.ko' -exec cp -t "$folder/kernel" {} +
  rm -rf "$folder/deb" "$folder/tree"
  mv "$folder/kernel" "$kernel"
}

copy_program() { # copy_program PROGRAM ROOT: with the libraries that it is linked with
  local library
  cp "$1" "$2/bin"
  { ldd "$1" 2>/dev/null || true; } | sed -n 's|^[^/]*\(/[^ ]*\).*|\1|p' | while read -r library; do
    mkdir -p "$2/${library%/*}"
    cp -L "$library" "$2/$library"
  done
}

make_initramfs() {
  local root=$folder/root number=10 module
  mkdir -p "$root"/{bin,proc,sys,dev,tmp,pm,modules}
  copy_program "$(command -v busybox)" "$root"
  copy_program "$guest" "$root"
  for module in "${modules[@]}"; do
    [[ ! -e $kernel/$module.ko ]] || cp "$kernel/$module.ko" "$root/modules/$((number++)).ko"
  done
  cat >"$root/init" <<'INIT'
#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmp /tmp
for module in /modules/*; do busybox insmod "$module"; done
exec </dev/ttyS1 >/dev/ttyS1
busybox stty raw -echo
mode=$(busybox sed 's/.*guest=\([a-z]*\).*/\1/' /proc/cmdline)
if busybox mount -t ext4 -o dax=always /dev/pmem0 /pm; then
  /bin/"$(busybox basename /bin/*guest)" "$mode" /pm
  [ "$mode" != verify ] || /bin/*guest poison /tmp
  busybox umount /pm
else
  echo 'bad: /dev/pmem0 cannot be mounted with DAX.'
fi
busybox poweroff -f
INIT
  chmod +x "$root/init"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$folder/initramfs"
}

make_memory() {
  rm -f "$folder/memory"
  truncate -s "$memory" "$folder/memory"
  # The default on a device this small is blocks of 1 KiB, which DAX refuses.
  mkfs.ext4 -q -F -b 4096 -E offset=$((${pmem_at%M} << 20)) "$folder/memory" "$pmem_size"
}

# --- boots ------------------------------------------------------------------------------------

start_machine() { # start_machine write|verify
  local processor=max
  [[ $accelerator == tcg ]] || processor=host,-arch-capabilities
  boot=$((boot + 1))
  : >"$folder/report.$boot"
  qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none \
    -machine "pc,accel=$accelerator,memory-backend=memory" -cpu "$processor" -smp 1 -m "$memory" \
    -object "memory-backend-file,id=memory,share=on,mem-path=$folder/memory,size=$memory" \
    -kernel "$kernel/vmlinuz" -initrd "$folder/initramfs" \
    -append "console=ttyS0 panic=-1 nokaslr memmap=$pmem_size!$pmem_at guest=$1" \
    -serial "file:$folder/console.$boot" -serial "file:$folder/report.$boot" \
    >"$folder/console.qemu.$boot" 2>&1 &
  qemu=$!
}

last() { # last WORD: the numbers of this boot's last whole line that starts with it
  sed -n "s/^$1 \([0-9 ]*\)\.\r*$/\1/p" "$folder/report.$boot" | tail -n 1
}

# wait_for SECONDS COMMAND...: false if time is up, for this or for the whole test, or if the
# machine has gone.
wait_for() {
  local end=$((SECONDS + $1)) gone=
  shift
  until "$@"; do
    [[ -z $gone ]] || return 1
    [[ $SECONDS -lt $end && $SECONDS -lt $time_limit ]] || return 1
    kill -0 "$qemu" 2>/dev/null || gone=1 # and look once more
    sleep 0.1
  done
}
has_found() { [[ -n $(last found) ]] || grep '^bad:' "$folder/report.$boot"; }
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
  ! grep -a '^bad:' "$folder/report.$boot" || fail "boot $boot"
  read -ra found <<<"$(last found)"
  [[ ${#found[@]} == "${#expected[@]}" ]] || fail "boot $boot tells ${#found[@]} pools"
  for i in "${!expected[@]}"; do
    echo "boot $boot, pool $i: acknowledged ${expected[i]}, found ${found[i]}"
    ((found[i] >= expected[i])) || lost=$((lost + expected[i] - found[i]))
  done
  [[ $lost == 0 ]] || fail "lost: $lost"
}

fetch_kernel
make_initramfs
make_memory
# Where KVM is itself emulated, kernels are known to hang: then without it.
accelerator=kvm
if [[ -r /dev/kvm && -w /dev/kvm ]]; then
  start_machine write
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
  start_machine write
fi

for ((killed = 0; killed < kills; ++killed)); do
  [[ -n $qemu ]] || start_machine write
  wait_for 120 has_found || fail "boot $boot: the guest says nothing in 120 s"
  verify_boot
  wait_for 60 has_written "$least_changes" || fail "boot $boot: it hardly writes"
  sleep "$((RANDOM % 3)).$((RANDOM % 10))$((RANDOM % 10))"
  kill_machine
  ! grep -a '^bad:' "$folder/report.$boot" || fail "boot $boot"
  read -ra expected <<<"$(last acknowledged)"
done

start_machine verify
has_ended() { ! kill -0 "$qemu" 2>/dev/null; }
wait_for 120 has_ended || fail "boot $boot: the guest does not end"
qemu=
verify_boot
grep -aq '^poison is an error\.' "$folder/report.$boot" || fail 'the guest did not end its test of poison'
echo "boots: $boot, kills: $kills, acknowledged changes: $(sum "${expected[@]}"), lost: $lost," \
  "bad: 0 ($accelerator, $SECONDS s)"
