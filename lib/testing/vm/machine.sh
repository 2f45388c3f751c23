# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For test scripts that boot a virtual machine: QEMU with Debian's kernel, fetched and unpacked but
# never installed, and with a test program and its libraries in memory.
#   source machine.sh CACHE NAME          CACHE keeps the kernel and, in logs/NAME, what failed
#   need PROGRAM:PACKAGE...               what else the test needs; says SKIP if it is not there
#   fetch_kernel
#   make_initramfs PROGRAM MODULE... <<<'commands'
#   start_machine 'words for the kernel' QEMU-ARGUMENT...
#   wait_for SECONDS COMMAND...           then look at $report, what the commands have printed
# One machine at a time. It is killed, and $folder goes away, with the script.
vm_cache=$1 vm_name=$2
readonly time_limit=280 # seconds: CTest's limit leaves nobody to clean up
# All modules that some test loads, so that the kernel is unpacked once for all.
readonly vm_modules=(crc32c_generic crc32c-intel libcrc32c crc16 mbcache jbd2 ext4
  libnvdimm nd_btt nd_pmem device_dax dax_pmem nd_e820 nfit)
export PATH=$PATH:/usr/sbin:/sbin # mkfs.ext4, for users

folder=$(mktemp -d)
boot=0 qemu='' report=''

skip() {
  echo "SKIP: install $*"
  exit 0
}
fail() {
  echo "FAILED: $*"
  exit 1
}
need() {
  local each
  for each in "$@"; do
    command -v "${each%:*}" >/dev/null || skip "${each#*:}"
  done
}

kill_machine() {
  kill -KILL "$qemu" 2>/dev/null || true
  wait "$qemu" 2>/dev/null || true
  qemu=
}
finish() {
  local status=$? logs=$vm_cache/logs/$vm_name
  [[ -z $qemu ]] || kill_machine
  if [[ $status != 0 ]]; then
    mkdir -p "$logs"
    cp "$folder"/console.* "$folder"/report.* "$logs" 2>/dev/null || true
    echo "consoles and reports of all boots: $logs"
  fi
  rm -rf "$folder"
}
trap finish EXIT
need qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio apt-get:apt \
  dpkg-deb:dpkg flock:util-linux

# --- what is booted ---------------------------------------------------------------------------

fetch_kernel() { # sets $kernel: a folder with vmlinuz and modules
  local package lock
  package=$(apt-cache depends linux-image-amd64 2>/dev/null |
    awk '$1 == "Depends:" && !n++ { print $2 }') || true
  [[ -n $package ]] || skip 'package lists (apt-get update): none names linux-image-amd64'
  kernel=$vm_cache/$package
  mkdir -p "$vm_cache"
  exec {lock}>"$vm_cache/lock" # tests run beside each other
  flock "$lock"
  [[ -e $kernel ]] || unpack_kernel "$package"
  exec {lock}>&-
}

unpack_kernel() { # unpack_kernel PACKAGE: into $kernel
  local module patterns=()
  mkdir -p "$folder/deb" "$folder/tree" "$folder/kernel"
  (cd "$folder/deb" && timeout 120 apt-get -qq download "$1" 2>"$folder/download.log") ||
    skip "network access: apt-get download $1 failed: $(tail -n 1 "$folder/download.log")"
  for module in "${vm_modules[@]}"; do patterns+=("*/$module.ko"); done
  # Some may be built in, and tar complains about patterns without a match.
  dpkg-deb --fsys-tarfile "$folder"/deb/*.deb |
    tar -x -C "$folder/tree" --wildcards './boot/vmlinuz-*' "${patterns[@]}" || true
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

# make_initramfs PROGRAM MODULE...: loads the modules in this order and runs the shell commands on
# stdin. Their output is the report. /tmp is a tmpfs, and $words what start_machine() was given.
make_initramfs() {
  local root=$folder/root number=10 module
  mkdir -p "$root"/{bin,proc,sys,dev,tmp,mnt,modules}
  copy_program "$(command -v busybox)" "$root"
  copy_program "$1" "$root"
  for module in "${@:2}"; do
    [[ " ${vm_modules[*]} " == *" $module "* ]] || fail "add the module $module to vm_modules"
    [[ ! -e $kernel/$module.ko ]] || cp "$kernel/$module.ko" "$root/modules/$((number++)).ko"
  done
  {
    cat <<'INIT'
#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmp /tmp
for module in /modules/*.ko; do [ ! -e "$module" ] || busybox insmod "$module"; done
exec </dev/ttyS1 >/dev/ttyS1
busybox stty raw -echo
words=$(busybox sed 's/.*test=//' /proc/cmdline)
INIT
    cat
    echo 'busybox poweroff -f'
  } >"$root/init"
  chmod +x "$root/init"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$folder/initramfs"
}

# --- boots ------------------------------------------------------------------------------------

# start_machine WORDS QEMU-ARGUMENT...: sets $qemu and $report. WORDS end with test=, and what
# follows is the guest's.
start_machine() {
  boot=$((boot + 1))
  report=$folder/report.$boot
  : >"$report"
  qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none "${@:2}" \
    -kernel "$kernel/vmlinuz" -initrd "$folder/initramfs" \
    -append "console=ttyS0 panic=-1 nokaslr $1" \
    -serial "file:$folder/console.$boot" -serial "file:$report" \
    >"$folder/console.qemu.$boot" 2>&1 &
  qemu=$!
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

has_ended() { ! kill -0 "$qemu" 2>/dev/null; }
# wait_for_end SECONDS: of the machine, by itself.
wait_for_end() {
  wait_for "$1" has_ended || fail "boot $boot: the guest does not end"
  wait "$qemu" || true
  qemu=
}
