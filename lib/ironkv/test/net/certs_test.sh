#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The program ironkv-certs seen from outside: what it prints, returns, and leaves in files, and that
# OpenSSL's own command reads them. Argument: the program.
# shellcheck disable=SC2016 # its answers have backquotes
set -euo pipefail
certs=$(realpath "$1")
# shellcheck source=SCRIPTDIR/../../../testing/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../../testing/expect.sh"
cd "$folder"
command -v openssl >/dev/null || {
  echo 'SKIP: install openssl'
  exit 0
}

fail() {
  echo "FAILED: $*"
  exit 1
}
# one_line STATUS TEXT COMMAND...: expect, and nothing but that line.
one_line() {
  expect "$@"
  [[ $(wc -l <"$folder/out") == 1 ]] || fail "more than one line for: ${*:3}: $(cat "$folder/out")"
}
# refused TEXT ARGUMENT...: status 2, one line, and no file.
refused() {
  one_line 2 "$1" "$certs" --output none --bits 2048 "${@:2}"
  [[ ! -e none ]] || fail "a refused call left something: ${*:2}"
}
# field FILE PYTHON: an expression about the JSON `d` of a file.
field() {
  python3 -c "import json, sys; d = json.load(open(sys.argv[1])); print(($2))" "$1"
}
# same A B WHAT
same() {
  [[ $1 == "$2" ]] || fail "$3: '$1' is not '$2'"
}
quick=(--bits 2048)
at=(--server 127.0.0.1:4001)

echo '== usage'
expect 0 'ironkv-certs --name shop --output certs' "$certs" --help
expect 0 'Exit status: 0 done, 1 failed, 2 wrong' "$certs" show --help
expect 0 '.' "$certs" --version
one_line 2 'add, for example, --server 127.0.0.1:4001' "$certs"
one_line 2 '--nonsense: see `ironkv-certs --help`' "$certs" --nonsense
one_line 2 "'shop' is no command and no key=value" "$certs" shop
one_line 2 'file is required' "$certs" show

echo '== make'
expect 0 'wrote certs/shop.IronSHT.service.txt: 2 servers, TLS' "$certs" "${quick[@]}" --name shop \
  --output certs --days 30 "${at[@]}" --server '[::1]:4002'
grep -q 'wrote certs/shop.IronSHT.server2.private.txt: the secret key of server 2, \[::1\]:4002' out ||
  fail "what was written is not said: $(cat out)"
same "$(cd certs && echo ./*)" "./shop.IronSHT.server1.private.txt \
./shop.IronSHT.server2.private.txt ./shop.IronSHT.service.txt" 'the files'
service=certs/shop.IronSHT.service.txt
same "$(stat -c %a certs/*.private.txt | sort -u)" 600 'the mode of private files'
same "$(wc -l <"$service")" 0 'ends of lines in the service file'
grep -q '+' certs/* && fail 'a plus sign is not escaped'
same "$(field $service 'list(d)')" "['FriendlyName', 'ServiceType', 'Servers', 'UseSsl']" 'fields'
same "$(field $service 'list(d["Servers"][0])')" \
  "['FriendlyName', 'PublicKey', 'HostNameOrAddress', 'Port']" 'fields of a server'
same "$(field $service 'd["Servers"][1]["HostNameOrAddress"], d["Servers"][1]["Port"]')" \
  "('::1', 4002)" 'where server 2 is'
same "$(field $service 'd["FriendlyName"], d["ServiceType"], d["UseSsl"]')" \
  "('shop', 'IronSHT', True)" 'the service'

echo '== by the openssl command'
for i in 1 2; do
  private=certs/shop.IronSHT.server$i.private.txt
  same "$(field $private 'list(d)')" "['FriendlyName', 'Pkcs12', 'HostNameOrAddress', 'Port']" \
    'fields of a private file'
  field $private 'd["Pkcs12"]' | base64 -d >key.p12
  openssl pkcs12 -in key.p12 -passin pass: -nodes -out key.pem 2>errors ||
    fail "openssl does not open the PKCS#12: $(cat errors)"
  # Ciphers that old readers know, too.
  openssl pkcs12 -in key.p12 -passin pass: -info -noout 2>text || fail "no -info: $(cat text)"
  grep -q '^MAC: sha1,' text || fail "the checksum: $(cat text)"
  same "$(grep -c 'pbeWithSHA1And3-KeyTripleDES-CBC' text)" 2 'ciphers'
  openssl rsa -in key.pem -RSAPublicKey_out -outform DER -out of_key.der 2>errors
  openssl x509 -in key.pem -pubkey -noout | openssl rsa -pubin -RSAPublicKey_out -outform DER \
    -out of_certificate.der 2>errors
  field $service "d['Servers'][$i - 1]['PublicKey']" | base64 -d >of_service.der
  cmp of_key.der of_service.der || fail 'the key is not that of the service file'
  cmp of_certificate.der of_service.der || fail 'the certificate is not that of the service file'
  openssl verify -CAfile key.pem key.pem >/dev/null || fail 'the certificate is not signed by itself'
  openssl x509 -in key.pem -noout -text >text
  grep -q "Subject: CN = shop.IronSHT.server$i\$" text || fail "the subject: $(cat text)"
  grep -q "Issuer: CN = shop.IronSHT.server$i\$" text || fail "the issuer: $(cat text)"
  grep -q 'Signature Algorithm: rsassaPss' text || fail "the signature: $(cat text)"
  grep -q 'Salt Length: 0x20' text || fail "the salt: $(cat text)"
  grep -q 'Hash Algorithm: sha256' text || fail "the hash: $(cat text)"
  openssl x509 -in key.pem -noout -checkend $((29 * 86400)) >/dev/null || fail 'it expires early'
  openssl x509 -in key.pem -noout -checkend $((31 * 86400)) >/dev/null && fail 'it expires late'
  id=$(sha256sum <of_service.der)
  expect 0 "end point    ${id%% *}" "$certs" show $private
  expect 0 'RSA, 2048 bits' "$certs" show $private
  expect 0 "$(date -u -d '30 days' '+valid until  %Y-%m-%d %H:')" "$certs" show $private
  grep -q warning out && fail "a warning about a new file: $(cat out)"
  expect 0 "end point  ${id%% *}" "$certs" show $service
done
expect 0 'service file of IronSHT, 2 servers, TLS' "$certs" show $service
expect 0 'address    [::1]:4002' "$certs" show $service

echo '== what is there stays'
cp -r certs before
again=("${quick[@]}" --name shop --output certs "${at[@]}")
one_line 2 'certs/shop.IronSHT.service.txt exists: choose another --name or --output' \
  "$certs" "${again[@]}"
mv $service elsewhere
one_line 2 'certs/shop.IronSHT.server1.private.txt exists' "$certs" "${again[@]}"
mv elsewhere $service
diff -r certs before || fail 'a refused call changed files'
expect 0 'wrote certs/shop.IronSHT.service.txt: 1 server, plain TCP without any protection' \
  "$certs" "${again[@]}" --overwrite --plain
cmp -s $service before/${service#*/} && fail '--overwrite replaced nothing'
same "$(stat -c %a certs/shop.IronSHT.server1.private.txt)" 600 'the mode after --overwrite'
same "$(field $service 'd["UseSsl"]')" False 'UseSsl'
one_line 1 'cannot write the output' bash -c \
  "'$certs' --bits 2048 --name full --output certs --server a:1 >/dev/full"
[[ -z $(compgen -G 'certs/full*') ]] || fail 'a part of a service was left'

echo '== as of the tool of IronFleet'
expect 0 'wrote old/Shop.IronSHT.service.txt: 2 servers, TLS' "$certs" "${quick[@]}" \
  outputdir=old name=Shop type=IronSHT port2=4012 addr1=10.0.0.1 port1=4011 ADDR2=::1 useSsl=true \
  verbose=true
grep -q '^  end point [0-9a-f]\{64\}$' out || fail "verbose=true: no end points: $(cat out)"
same "$(field old/Shop.IronSHT.service.txt '[(s["HostNameOrAddress"], s["Port"]) for s in d["Servers"]]')" \
  "[('10.0.0.1', 4011), ('::1', 4012)]" 'the servers'
expect 0 'plain TCP' "$certs" "${quick[@]}" outputdir=old name=open addr1=a port1=1 usessl=false
refused 'port2= is missing' name=a addr1=a port1=1 addr2=a
refused 'addr1= is missing: each server from 1 to 2' name=a addr2=a port2=1
refused 'port1=65536: a port is' name=a addr1=a port1=65536
refused 'port1=x: a port is' name=a addr1=a port1=x
refused 'addr0=a: servers have the numbers 1 to 999' name=a addr0=a port0=1
refused 'addr1000=a: servers' name=a addr1000=a
refused 'addrx=a: servers' name=a addrx=a
refused 'usessl=yes: write usessl=true or usessl=false' name=a usessl=yes
refused 'colour=red: no such key; there are name' colour=red
refused 'name is given twice' --name a name=b addr1=a port1=1
refused 'usessl is given twice' --plain name=b addr1=a port1=1 usessl=true
refused 'port1 is given twice' name=b addr1=a port1=1 port1=2
refused 'outputdir is given twice' name=b addr1=a port1=1 outputdir=b
refused 'by --server and by addr1=: use one way' name=b addr1=a port1=1 "${at[@]}"
refused '--type '\''IronRSLKV'\'': IronKV'\''s files are of type IronSHT' name=b type=IronRSLKV \
  addr1=a port1=1

echo '== wrong options'
refused '--name is missing' "${at[@]}"
for name in a/b .a -a 'a b' 'a,b' $'a\nb'; do
  refused 'use letters, digits, dots, dashes and underscores' "--name=$name" "${at[@]}"
done
refused "is too long: take 3 bytes off" --name "$(printf '%051d' 0)" "${at[@]}"
for server in a a: :1 a:0 a:65536 a:b ::1:4001 '[a]:1' '[]:1' a:1:2; do
  refused "--server '$server': write HOST:PORT" --name a --server "$server"
done
refused "the address 'a b' of server 1 is none" --name a --server 'a b:1'
refused 'servers 1 and 3 are both at a:1' --name a --server a:1 --server a:2 --server a:1
refused '--tls excludes --plain' --name a "${at[@]}" --tls --plain
one_line 2 '--bits: Value 1024 not in range 2048 to 8192' "$certs" --name a "${at[@]}" --bits 1024
one_line 2 '--bits 2050: use a multiple of 8' "$certs" --name a "${at[@]}" --bits 2050 --output none
refused '--days: Value 0 not in range' --name a "${at[@]}" --days 0
: >file
one_line 2 "--output 'file' cannot be made: Not a directory; name another folder" "$certs" --name a "${at[@]}" --output file
one_line 2 "--output 'file/x' cannot be made: Not a directory" \
  "$certs" --name a "${at[@]}" --output file/x
one_line 2 '--output is empty' "$certs" --name a "${at[@]}" --output ''

echo '== show'
one_line 2 'missing cannot be read: No such file or directory; check the name' "$certs" show missing
one_line 2 'file is not JSON from byte 1 on' "$certs" show file
one_line 2 '. cannot be read: Is a directory' "$certs" show .
private=certs/shop.IronSHT.server1.private.txt
sed 's/"Port":4001/"Port":0/' $private >file
one_line 2 'file: Port is 0: a port is a number from 1 to 65535' "$certs" show file
python3 - $private >file <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
d["FriendlyName"], d["Pkcs12"] = "a\x1b[31mb", "AAAA"
print(json.dumps(d))
END
one_line 2 'file: Pkcs12: these bytes are no PKCS#12 file' "$certs" show file
sed 's/shop.IronSHT.server1/\\u001b[31mb/' $private >file
chmod 644 file
expect 0 'name         \x1b[31mb' "$certs" show file
expect 0 "the certificate is for 'shop.IronSHT.server1': peers refuse it" "$certs" show file
expect 0 'others may read this secret: chmod 600 file' "$certs" show file
sed 's/"PublicKey":"[^"]*"/"PublicKey":"AAAA"/' $service >file
expect 0 '3 bytes that are no RSA key: TLS does not take it' "$certs" show file
one_line 1 'cannot write the output' bash -c "'$certs' show $service >/dev/full"

echo 'all as expected'
