#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs of Debian with the allocator preloaded print what they print without it. Those that are
# not installed are named; with fewer than five others there is nothing to say.
# Argument: the library.
set -euo pipefail
library=$(realpath "$1")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
export LC_ALL=C

# What each needs.
declare -A needs=(
  [sqlite3]='sqlite3'
  [gcc]='g++'
  [python3]='/usr/bin/python3'
  [git]='git'
  [bash]='bash sort awk'
  [perl]='perl'
  [ruby]='ruby'
  [lua]='lua5.4'
  [z3]='z3'
  [gs]='gs'
  [rocksdb]='ldb sst_dump'
  [redis]='redis-server redis-cli redis-benchmark'
)

# Each program_NAME prints, in a fresh folder, what depends on nothing that changes between runs.
program_sqlite3() {
  sqlite3 data.db <<'SQL'
create table t (id integer primary key, name text, weight real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
  insert into t select i, 'name ' || (i * 7919 % 30011), i * 0.5 from n;
create index by_name on t (name);
select count(*), sum(weight), min(name), max(name) from t where name like 'name 1%';
select substr(name, 1, 7) as k, count(*) from t group by k order by 2 desc, 1 limit 5;
delete from t where id % 3 = 0;
vacuum;
pragma integrity_check;
select group_concat(id) from (select id from t order by name limit 200);
SQL
}

program_gcc() {
  cat >words.cpp <<'CPP'
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>
int main() {
  std::map<std::string, std::vector<int>> words;
  for (int i = 0; i < 20000; ++i) words["w" + std::to_string(i * 31 % 1009)].push_back(i);
  for (const auto& [word, at] : words) {
    if (word.ends_with("7")) std::cout << word << ' ' << at.size() << '\n';
  }
}
CPP
  g++ -std=c++20 -O2 -S words.cpp -o words.s
  md5sum <words.s
  g++ -std=c++20 -O2 words.cpp -o words
  ./words
}

program_python3() {
  /usr/bin/python3 - <<'PY'
import collections, hashlib, json, re, threading

counts = collections.Counter(hashlib.md5(str(i).encode()).hexdigest()[:2] for i in range(100000))
text = json.dumps({"counts": sorted(counts.items()), "big": str(3**9000)})
print(hashlib.sha256(text.encode()).hexdigest(), len(re.findall(r"\d+", text)))
results = [None] * 4
def work(i):
    results[i] = sum(len(str(j) * (j % 7)) for j in range(i * 10000, i * 10000 + 20000))
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(results)
PY
}

program_git() {
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
  export GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z'
  export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a
  git init -q -b main repository
  cd repository
  local i
  for i in $(seq 300); do seq "$i" $((i + 200)) >"file$i"; done
  git add .
  git commit -qm first
  for i in $(seq 1 3 300); do echo more >>"file$i"; done
  git commit -qam second
  git gc -q --aggressive
  git fsck --strict
  git log --stat | md5sum
  git diff HEAD~ | md5sum
  git grep -c 250 | wc -l
}

program_bash() {
  bash -c 'declare -A seen; for ((i = 0; i < 20000; ++i)); do seen[$((i * 7 % 1013))]+=$i,; done
    for key in "${!seen[@]}"; do echo "$key ${seen[$key]}"; done' | sort -n | awk '
    { split($2, parts, ","); for (i in parts) sum[$1 % 10] += parts[i] }
    END { for (i = 0; i < 10; ++i) print i, sum[i] }'
}

program_perl() {
  perl -e 'my %h; for my $i (0 .. 100000) { push @{$h{$i * 17 % 997}}, "x$i" }
    my $t = join "|", map { "$_:" . scalar(@{$h{$_}}) } sort { $a <=> $b } keys %h;
    $t =~ s/(\d+):(\d+)/$2=$1/g; print length($t), " ", substr($t, 0, 200), "\n";
    my @s = sort map { join ",", @$_ } values %h; print substr($s[0], 0, 100), "\n";'
}

program_ruby() {
  ruby -e 'h = Hash.new { |m, k| m[k] = [] }
    100000.times { |i| h[(i * 31) % 1009] << "v#{i}" }
    puts h.sort.map { |k, v| "#{k}:#{v.join.sum}" }.first(20).inspect
    t = 4.times.map { |n| Thread.new { (1..20000).map { |i| (i * n).to_s }.join.length } }
    puts t.map(&:value).inspect
    GC.start; puts (1..500).reduce(:*).to_s.length'
}

program_lua() {
  lua5.4 -e 'local t = {} for i = 1, 200000 do t[#t + 1] = ("k" .. i * 31 % 1009):rep(i % 5) end
    table.sort(t) local n = 0 for _, s in ipairs(t) do n = n + #s end
    print(n, t[1], t[#t], #table.concat(t)) collectgarbage()
    print(select(2, ("abc "):rep(50000):gsub("%a+", string.upper)))'
}

program_z3() {
  cat >problem.smt2 <<'SMT'
(set-logic QF_BV)
(declare-const a (_ BitVec 16))
(declare-const b (_ BitVec 16))
(assert (= (bvmul a b) #x2f35))
(assert (bvugt a #x0001))
(assert (bvugt b a))
(assert (bvult b #x0200))
(check-sat)
(get-value (a b))
(push)
(declare-const c (_ BitVec 12))
(declare-const d (_ BitVec 12))
(assert (not (= (bvmul c (bvadd d c)) (bvadd (bvmul c c) (bvmul d c)))))
(check-sat)
(pop)
SMT
  z3 -T:100 problem.smt2
}

program_gs() {
  cat >page.ps <<'PS'
/Helvetica findfont 9 scalefont setfont
0 10 700 { /y exch def 20 y moveto (line at ) show y 10 string cvs show } for
0 5 300 { dup 1 exch 300 div setgray 300 exch 2 mul 100 0 360 arc stroke } for
/s 20000 string def 0 1 2000 { pop 1000 array pop } for
showpage
PS
  gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pngalpha -r100 -sOutputFile=page.png page.ps
  md5sum <page.png
  gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=txtwrite -sOutputFile=- page.ps | md5sum
}

program_rocksdb() {
  local i
  for i in $(seq 20000); do printf 'key%05d ==> value%d\n' "$i" $((i * 7919 % 30011)); done |
    ldb --db=store load --create_if_missing --compression_type=no --disable_wal
  ldb --db=store get key00777
  ldb --db=store compact
  ldb --db=store scan --from=key01000 --to=key01010
  ldb --db=store scan | md5sum
  sst_dump --file=store --command=scan | grep -c ' => '
}

program_redis() {
  redis-server --port 0 --unixsocket "$PWD/s" --save '' --appendonly no --daemonize no \
    --dir "$PWD" >server.log 2>&1 &
  server=$!
  local i
  for i in $(seq 100); do [[ -S s ]] || sleep 0.1; done
  redis-benchmark -s "$PWD/s" -n 20000 -c 20 -P 16 -q -t set,get,lpush,lrange_100,hset >speeds
  grep -c 'requests per second' speeds
  redis-cli -s "$PWD/s" <<'CLI'
flushall
eval "for i = 1, 20000 do redis.call('set', 'k' .. i, ('v'):rep(i % 100)) end return 1" 0
eval "for i = 1, 5000 do redis.call('zadd', 'z', i * 31 % 1009, 'm' .. i) end return 1" 0
eval "for i = 1, 20000, 2 do redis.call('del', 'k' .. i) end return 1" 0
dbsize
zrange z 0 5 withscores
strlen k9998
debug digest
CLI
  redis-cli -s "$PWD/s" shutdown nosave
  wait "$server"
  server=
}

# run NAME FOLDER: the program in a fresh folder of that name; what it prints is in FOLDER.out.
run() {
  mkdir "$2"
  (cd "$2" && "program_$1") >"$2.out" 2>&1 || echo "exit status $?" >>"$2.out"
}

tried=()
for name in sqlite3 gcc python3 git bash perl ruby lua z3 gs rocksdb redis; do
  for command in ${needs[$name]}; do
    if ! command -v "$command" >/dev/null; then
      echo "not installed: $command"
      continue 2
    fi
  done
  run "$name" "$name.without"
  LD_PRELOAD=$library run "$name" "$name.with"
  if ! diff "$name.without.out" "$name.with.out"; then
    echo "FAILED: $name prints something else (>) with $library preloaded"
    exit 1
  fi
  # What does not run at all prints the same, too.
  if [[ ! -s $name.with.out ]] || grep -q '^exit status' "$name.with.out"; then
    echo "FAILED: $name does not run as this test runs it:"
    cat "$name.with.out"
    exit 1
  fi
  tried+=("$name")
done
if ((${#tried[@]} < 5)); then
  echo "FAILED: only ${#tried[@]} programs were there: install five of those above"
  exit 1
fi
echo "${#tried[@]} programs: ${tried[*]}"
