#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The first example of docs/proving.md is proved, its bug refuted: own_file_test.sh PROVING.md BUILD
# shellcheck disable=SC2016 # backticks of Markdown and of the program
set -euo pipefail
text=$1 build=$2
compile=$(dirname "${BASH_SOURCE[0]}")/../compile.sh
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"

sed -n '/^```cpp$/,/^```$/{/^```/!p}; /^```$/q' "$text" >"$folder/good.cpp"
sed 's/return low + .*;/return (low + high) >> 1;/' "$folder/good.cpp" >"$folder/bad.cpp"
(cat "$folder/good.cpp" && echo 'int main() {}') >"$folder/main.cpp"

"$compile" "$folder/good.cpp" "$build" "$folder/good"
expect 0 '1 of 1 obligations proved' "$folder/good"
"$compile" "$folder/bad.cpp" "$build" "$folder/bad"
expect 1 'MUST BE PROVED: goal `within the range` fails' "$folder/bad"
expect 1 'multiple definition of `main' "$compile" "$folder/main.cpp" "$build" "$folder/main"
echo 'all as expected'
