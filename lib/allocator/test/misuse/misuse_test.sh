#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How many misuse cases each preload library notices: as many as the README's table says, at least
# 80 of the hardened one, and each with one line that names the kind and the address, or a fault.
# Arguments: misuse_cases, and the libraries, from the fast to the hardened one. With --update
# before them the README's table is written anew.
set -euo pipefail
readme=$(dirname "${BASH_SOURCE[0]}")/README.md
update=
[[ ${1-} == --update ]] && update=1 && shift
[[ $# == 4 ]] || {
  echo 'misuse_test.sh: give misuse_cases and the three libraries, after --update if at all' >&2
  exit 2
}
cases=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# What the library in force says, and that each line of it is in order.
run() {
  local name=$1 line how rest
  env "${@:2}" "$cases" --each >"$folder/$name"
  [[ $(wc -l <"$folder/$name") == 116 ]] || fail "$name: not 116 cases"
  [[ $name == glibc ]] && return
  while read -r line how rest; do
    case $how in
      HELD | NOT_CAUGHT | SIGSEGV) [[ $rest == 0 ]] ;;
      SIGABRT) [[ $rest =~ ^'1 quintet-malloc: '[a-z\ ]+' at 0x'[0-9a-f]+$ ]] ;;
      *) false ;;
    esac || fail "$name: $line $how $rest"
  done <"$folder/$name"
}

run glibc
run fast "LD_PRELOAD=$1"
run guarded "LD_PRELOAD=$2"
# Chance has no part in what the table says: none is sampled, or all that may be.
run hardened "LD_PRELOAD=$3" QUINTET_MALLOC_GUARD_SAMPLE=0
run sampled "LD_PRELOAD=$3" QUINTET_MALLOC_GUARD_SAMPLE=1

# Markdown: a row for each family in the order of the cases, a column for each library.
table() {
  awk '
    FNR == 1 { ++file }
    { split($1, name, "/"); family = name[1] }
    file == 1 { if (!count[family]++) order[++families] = family; ++count["all"] }
    $2 != "NOT_CAUGHT" && $2 != "HANGS" { ++caught[family, file]; ++caught["all", file] }
    END {
      print "| family | cases | fast | guarded | hardened | sampled |"
      print "|---|---|---|---|---|---|"
      order[++families] = "all"
      for (i = 1; i <= families; ++i) {
        row = "| `" order[i] "` | " count[order[i]]
        for (f = 1; f <= file; ++f) row = row " | " (caught[order[i], f] + 0)
        print row " |"
      }
    }' "$@"
}
table "$folder"/{fast,guarded,hardened,sampled} >"$folder/table"
caught() { awk '$2 != "NOT_CAUGHT" && $2 != "HANGS"' "$folder/$1" | wc -l; }
echo "glibc's malloc: $(caught glibc) of 116"
cat "$folder/table"

if [[ $update ]]; then
  awk -v table="$folder/table" '
    /^\| family/ { while ((getline line < table) > 0) print line }
    !/^\|/' "$readme" >"$folder/readme"
  cp "$folder/readme" "$readme"
fi
grep '^|' "$readme" | diff - "$folder/table" || fail "$readme has another table: give --update first"
(($(caught hardened) >= 80)) || fail "the hardened library notices only $(caught hardened)"
[[ $failures == 0 ]]
