#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a preload library exports and needs: exactly the names below, and nothing but the C library.
# Argument: the library.
set -euo pipefail
library=$1

wanted=$(
  tr ' ' '\n' <<'NAMES' | sed '/^$/d' | LC_ALL=C sort
malloc calloc realloc free cfree reallocarray reallocf reallocarr
memalign aligned_alloc posix_memalign valloc pvalloc vfree _aligned_malloc
malloc_usable_size malloc_size malloc_good_size free_sized free_aligned_sized
malloc_trim mallopt mallinfo mallinfo2 malloc_stats malloc_info
mallocx sdallocx nallocx
__libc_malloc __libc_calloc __libc_realloc __libc_free __libc_cfree
__libc_memalign __libc_valloc __libc_pvalloc __posix_memalign
_Znwm _Znam _ZnwmRKSt9nothrow_t _ZnamRKSt9nothrow_t
_ZnwmSt11align_val_t _ZnamSt11align_val_t
_ZnwmSt11align_val_tRKSt9nothrow_t _ZnamSt11align_val_tRKSt9nothrow_t
_ZdlPv _ZdaPv _ZdlPvm _ZdaPvm _ZdlPvRKSt9nothrow_t _ZdaPvRKSt9nothrow_t
_ZdlPvSt11align_val_t _ZdaPvSt11align_val_t _ZdlPvmSt11align_val_t _ZdaPvmSt11align_val_t
_ZdlPvSt11align_val_tRKSt9nothrow_t _ZdaPvSt11align_val_tRKSt9nothrow_t
NAMES
)
exported=$(nm -D --defined-only "$library" | awk '{print $NF}' | LC_ALL=C sort)
if ! diff <(echo "$wanted") <(echo "$exported") >/dev/null; then
  echo "FAILED: $library does not export exactly the names it should (<: missing, >: too many):"
  diff <(echo "$wanted") <(echo "$exported")
  exit 1
fi
needed=$(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | tr '\n' ' ')
if [[ $needed != 'libc.so.6 ' ]]; then
  echo "FAILED: $library needs $needed: nothing but libc.so.6 is there in every program"
  exit 1
fi
# What it calls or reads of its own, it finds without asking who else has that name.
own=$(readelf -rW "$library" | awk '$3 ~ /JUMP_SLO|GLOB_DAT|R_X86_64_64/ {print $5}' | LC_ALL=C sort -u |
  LC_ALL=C comm -12 - <(echo "$exported"))
if [[ -n $own ]]; then
  echo "FAILED: $library looks up names of its own, which another library could have too:" "$own"
  exit 1
fi
# Variables of threads are found without a call, which would allocate.
if nm -D --undefined-only "$library" | grep __tls_get_addr; then
  echo "FAILED: $library has variables of threads that have to be looked up"
  exit 1
fi
echo "$(wc -l <<<"$exported") names exported; needs $needed"
