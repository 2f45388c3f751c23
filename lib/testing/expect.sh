# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For test scripts: a folder that goes away with them, and what they judge programs by.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect STATUS TEXT COMMAND...: the exit status, and a text somewhere in the output.
expect() {
  local status=0
  "${@:3}" >"$folder/out" 2>&1 || status=$?
  [[ $status == "$1" ]] && grep -qF -- "$2" "$folder/out" && return
  echo "FAILED: status $status (wanted $1) or no '$2' for: ${*:3}"
  cat "$folder/out"
  exit 1
}
