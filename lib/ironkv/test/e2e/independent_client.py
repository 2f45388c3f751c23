#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client of IronKV that shares no code with lib/ironkv: written from the byte format alone.

independent_client.py SERVER CERTS: the programs ironkv-server and ironkv-certs. Starts two
servers, plain and then over TLS, and does what the reference's client does, and some of what no
client should. Every reply is compared byte for byte. Only the standard library, and openssl for a
client's certificate.
Exit status: 0 well, 1 something differs, 77 openssl is not installed.
"""

import argparse
import base64
import hashlib
import json
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
PATIENCE = 30.0
GET, SET, REPLY, REDIRECT, SHARD = range(5)


class Differs(Exception):
    """A server did something else than the format says."""


# --- The byte format: numbers are 8 bytes, low byte first.


def number(value: int) -> bytes:
    return struct.pack("<Q", value)


def blob(data: bytes) -> bytes:
    return number(len(data)) + data


def option(data: bytes | None) -> bytes:
    return b"\0" if data is None else b"\1" + data


def message(sequence: int, destination: bytes, body: bytes) -> bytes:
    return b"\0" + number(sequence) + blob(destination) + body


def acknowledge(sequence: int) -> bytes:
    return b"\1" + number(sequence)


def get(key: int) -> bytes:
    return bytes([GET]) + number(key)


def put(key: int, value: bytes | None) -> bytes:
    return bytes([SET]) + number(key) + option(None if value is None else blob(value))


def reply(key: int, value: bytes | None) -> bytes:
    return bytes([REPLY]) + put(key, value)[1:]


def redirect(key: int, owner: bytes) -> bytes:
    return bytes([REDIRECT]) + number(key) + blob(owner)


def shard(low: int, high: int | None, recipient: bytes) -> bytes:
    bound = option(None if high is None else number(high))
    return bytes([SHARD]) + option(number(low)) + bound + blob(recipient)


# --- Certificates: as much of DER as it takes to find the key in one.


def der_element(data: bytes, at: int) -> tuple[int, int, int]:
    """The tag at `at`, and where its content begins and ends."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    return tag, at, at + length


def der_children(data: bytes, begin: int, end: int) -> list[tuple[int, int, int, int]]:
    """Tag, begin of the element, and begin and end of its content, of all within a content."""
    children = []
    while begin < end:
        tag, content, after = der_element(data, begin)
        children.append((tag, begin, content, after))
        begin = after
    return children


def rsa_public_key(certificate: bytes) -> bytes:
    """The RSAPublicKey (PKCS#1) in an X.509 certificate, both DER."""
    _, begin, end = der_element(certificate, 0)
    to_be_signed = der_children(certificate, begin, end)[0]
    fields = der_children(certificate, to_be_signed[2], to_be_signed[3])
    if fields[0][0] == 0xA0:  # the version, which may be left out
        fields = fields[1:]
    key_info = fields[5]  # after serial number, algorithm, issuer, validity, subject
    bits = der_children(certificate, key_info[2], key_info[3])[1]
    return certificate[bits[2] + 1 : bits[3]]  # without the number of unused bits


# --- A conversation with one server.


class Conversation:
    """A connection; and what is said over it, with numbers of its own in both directions."""

    def __init__(self, server: dict[str, object], key: bytes, tls: ssl.SSLContext | None) -> None:
        address = (str(server["HostNameOrAddress"]), int(str(server["Port"])))
        self.public_key = base64.b64decode(str(server["PublicKey"]))
        self.end_point = hashlib.sha256(self.public_key).digest()
        self.own_key = key
        # What hosts write as the destination of what they send here.
        self.own_end_point = hashlib.sha256(key).digest()
        self.sent = 0
        self.received = 0
        plain = socket.create_connection(address, PATIENCE)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            self.socket: socket.socket = plain
            self.write(key)  # who we are; nobody checks it
            return
        secured = tls.wrap_socket(plain, server_hostname=str(server["FriendlyName"]))
        self.socket = secured
        certificate = secured.getpeercert(binary_form=True) or b""
        if rsa_public_key(certificate) != self.public_key:
            raise Differs("the server's certificate has another key than the service file says")

    def write(self, frame: bytes) -> None:
        self.socket.sendall(struct.pack(">Q", len(frame)) + frame)

    def write_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read_exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            some = self.socket.recv(size - len(data))
            if not some:
                raise Differs("the server has closed the connection")
            data += some
        return data

    def read(self) -> bytes:
        return self.read_exactly(struct.unpack(">Q", self.read_exactly(8))[0])

    def expect(self, frame: bytes, what: str) -> None:
        got = self.read()
        if got != frame:
            raise Differs(f"{what}: {got.hex()} instead of {frame.hex()}")

    def expect_answer(self, body: bytes, what: str) -> None:
        """The server's next message; it is acknowledged."""
        self.received += 1
        self.expect(message(self.received, self.own_end_point, body), what)
        self.write(acknowledge(self.received))

    def expect_silence(self, what: str) -> None:
        """Nothing was answered: the next thing said is the answer to something new."""
        self.ask(get(2**64 - 1), reply(2**64 - 1, None), what + ", then a Get")

    def send(self, body: bytes) -> None:
        """As the reference: its own public key stands for the destination."""
        self.sent += 1
        self.write(message(self.sent, self.own_key, body))

    def expect_acknowledged(self, what: str) -> None:
        self.expect(acknowledge(self.sent), what)

    def ask(self, body: bytes, answer: bytes, what: str) -> None:
        self.send(body)
        self.expect_acknowledged(what)
        self.expect_answer(answer, what)


# --- What is checked.


def check_values(first: Conversation) -> None:
    first.ask(get(7), reply(7, None), "a Get of nothing")
    for size in (0, 1, 128, 512, 1023):
        value = bytes(i % 251 for i in range(size))
        first.ask(put(7, value), reply(7, value), f"a Set of {size} bytes")
        first.ask(get(7), reply(7, value), f"a Get of {size} bytes")
    first.ask(put(7, None), reply(7, None), "a delete")
    first.ask(get(7), reply(7, None), "a Get of what was deleted")
    first.ask(put(0, b"low"), reply(0, b"low"), "a Set of key 0")
    # Too long: taken and acknowledged, never answered, and without effect.
    first.send(put(7, bytes(1024)))
    first.expect_acknowledged("a Set of 1024 bytes")
    first.ask(get(7), reply(7, None), "a Get after a Set of 1024 bytes")


def check_numbers(first: Conversation) -> None:
    first.ask(put(8, b"once"), reply(8, b"once"), "a Set")
    # Under a number that was used: acknowledged, and nothing else.
    again = message(first.sent, first.own_key, put(8, b"twice"))
    first.write(again)
    first.expect(acknowledge(first.sent), "a duplicate")
    first.write(message(0, first.own_key, put(8, b"zero")))
    first.expect(acknowledge(0), "number 0")
    # Ahead of its time: dropped without a word.
    first.write(message(first.sent + 2, first.own_key, put(8, b"early")))
    first.write(message(2**64 - 1, first.own_key, put(8, b"last")))
    first.ask(get(8), reply(8, b"once"), "a Get after numbers out of order")
    # Several at once: answered in their order. What is acknowledged and what is answered may be
    # interleaved in any way, and one Ack may stand for all before it.
    for i in range(20):
        first.send(put(100 + i, number(i)))
    answers = 0
    acknowledged = first.sent - 20
    while answers < 20 or acknowledged < first.sent:
        frame = first.read()
        if frame[0] == 1:
            value = struct.unpack("<Q", frame[1:])[0]
            if len(frame) != 9 or not acknowledged < value <= first.sent:
                raise Differs(f"an Ack of twenty: {frame.hex()}")
            acknowledged = value
            continue
        first.received += 1
        wanted = reply(100 + answers, number(answers))
        if frame != message(first.received, first.own_end_point, wanted):
            raise Differs(f"answer {answers} of twenty: {frame.hex()}")
        answers += 1
    first.write(acknowledge(first.received))


def malformed_frames(own_key: bytes, sequence: int) -> list[bytes]:
    whole = message(sequence, own_key, put(9, b"bad"))
    huge = number(2**60)
    tables = [
        number(2) + number(5) + blob(b"") + number(4) + blob(b""),  # not in order
        huge,
        number(1) + number(5) + huge,
    ]
    head = message(sequence, own_key, b"\5" + option(number(0)) + option(None))
    return [
        b"",
        b"\0",
        b"\2",
        b"\x09" + whole[1:],
        whole[:-1],
        whole + b"\0",
        message(sequence, own_key, b"\6" + number(9)),
        message(sequence, own_key, bytes([SET]) + number(9) + b"\2" + blob(b"bad")),
        b"\0" + number(sequence) + huge + put(9, b"bad"),
        message(sequence, own_key, bytes([SET]) + number(9) + b"\1" + huge),
        message(sequence, bytes(1 << 20), put(9, b"bad")),
        b"\1" + number(1)[:-1],
        b"\1" + number(1) + b"\0",
    ] + [head + table for table in tables]


def check_malformed(first: Conversation) -> int:
    frames = malformed_frames(first.own_key, first.sent + 1)
    for frame in frames:
        first.write(frame)
    generator = random.Random(4)
    for _ in range(200):
        first.write(b"\x07" + generator.randbytes(generator.randrange(200)))
    first.ask(get(9), reply(9, None), "a Get after malformed frames, with the next number")
    # An Ack of what was never sent must not hold up what comes.
    first.write(acknowledge(2**64 - 1))
    first.ask(get(9), reply(9, None), "a Get after a wrong Ack")
    # In single bytes.
    first.sent += 1
    frame = message(first.sent, first.own_key, get(0))
    for byte in struct.pack(">Q", len(frame)) + frame:
        first.write_raw(bytes([byte]))
    first.expect_acknowledged("a Get in single bytes")
    first.expect_answer(reply(0, b"low"), "a Get in single bytes")
    return len(frames) + 200


def check_moving(first: Conversation, second: Conversation) -> None:
    second.ask(get(150), redirect(150, first.end_point), "a Get from who does not own")
    first.ask(put(150, b"moves"), reply(150, b"moves"), "a Set")
    # Refused in silence: empty, to itself, to nobody, of what is another's.
    for body in (
        shard(20, 20, second.end_point),
        shard(20, 10, second.end_point),
        shard(125, 175, first.end_point),
        shard(125, 175, b"\0" * 32),
    ):
        first.send(body)
        first.expect_acknowledged("a Shard that is refused")
    first.ask(get(150), reply(150, b"moves"), "a Get after Shards that were refused")
    second.send(shard(125, 175, first.end_point))
    second.expect_acknowledged("a Shard of what is another's")
    # As the reference: with the public key instead of the end point.
    first.send(shard(125, 175, second.public_key))
    first.expect_acknowledged("a Shard")
    first.ask(get(150), redirect(150, second.end_point), "a Get of what has moved")
    # A redirect back is right as long as the keys are on their way.
    until = time.monotonic() + PATIENCE
    while True:
        second.send(get(150))
        second.expect_acknowledged("a Get at the new owner")
        second.received += 1
        got = second.read()
        second.write(acknowledge(second.received))
        there = message(second.received, second.own_end_point, reply(150, b"moves"))
        on_its_way = message(
            second.received, second.own_end_point, redirect(150, first.end_point)
        )
        if got == there:
            break
        if got != on_its_way or time.monotonic() > until:
            raise Differs(f"a Get at the new owner: {got.hex()}")
        time.sleep(0.01)
    for key in (124, 175):
        first.ask(get(key), reply(key, None), f"a Get of {key} beside the range")
        second.ask(get(key), redirect(key, first.end_point), f"a Get of {key} beside the range")
    second.ask(put(150, None), reply(150, None), "a delete of what has moved")
    # Of what it has only partly: refused.
    first.send(shard(100, 200, second.end_point))
    first.expect_acknowledged("a Shard of a range that is partly another's")
    first.ask(get(110), reply(110, number(10)), "a Get of the part that it has")
    # To the end, which is the only way to name the last key.
    first.ask(put(2**64 - 1, b"end"), reply(2**64 - 1, b"end"), "a Set of the last key")
    first.send(shard(1000, None, second.end_point))
    first.expect_acknowledged("a Shard to the end")
    first.ask(
        get(2**64 - 1), redirect(2**64 - 1, second.end_point), "a Get of the last key"
    )


def check_resent(server: dict[str, object], tls: ssl.SSLContext | None, key: bytes) -> None:
    """Without an Ack an answer is sent again, also over another connection."""
    silent = Conversation(server, key, tls)
    silent.send(put(500, b"kept"))
    silent.expect_acknowledged("a Set")
    answer = message(1, silent.own_end_point, reply(500, b"kept"))
    silent.expect(answer, "a Set")
    silent.expect(answer, "a Set that is not acknowledged, again")
    silent.socket.close()
    back = Conversation(server, key, tls)
    back.expect(answer, "what was not acknowledged, over a new connection")
    back.write(acknowledge(1))
    back.sent = back.received = 1
    back.ask(get(500), reply(500, b"kept"), "a Get under the same name")


# --- Servers.


def wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if b"[[READY]]\n" in log.read_bytes():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def start(
    server: str, certs: str, folder: Path, plain: bool, running: list[subprocess.Popen[bytes]]
) -> list[dict[str, object]]:
    """Two servers; their entries of the service file."""
    for _ in range(10):
        port = random.randrange(20000, 30000)
        command = [certs, "--bits", "2048", "--name", "other", "--output", str(folder)]
        command += ["--overwrite"] + (["--plain"] if plain else [])
        for i in range(2):
            command += ["--server", f"127.0.0.1:{port + i}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        service = folder / "other.IronSHT.service.txt"
        is_ready = True
        for i in (1, 2):
            private = folder / f"other.IronSHT.server{i}.private.txt"
            log = folder / f"log{i}"
            with log.open("wb") as output:
                running.append(
                    subprocess.Popen([server, str(service), str(private)], stdout=output)
                )
            is_ready = is_ready and wait_until_ready(running[-1], log)
        if is_ready:
            servers: list[dict[str, object]] = json.loads(service.read_text())["Servers"]
            return servers
        stop(running)
    raise Differs("no free ports")


def stop(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.terminate()
    for process in running:
        process.wait()
    running.clear()


def make_certificate(folder: Path) -> tuple[Path, Path, bytes]:
    """A key, its certificate, and the public key."""
    key, certificate = folder / "client.key", folder / "client.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=client", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return key, certificate, rsa_public_key(ssl.PEM_cert_to_DER_cert(certificate.read_text()))


def run(server: str, certs: str, folder: Path, plain: bool) -> None:
    running: list[subprocess.Popen[bytes]] = []
    try:
        servers = start(server, certs, folder, plain, running)
        contexts: list[ssl.SSLContext | None] = []
        keys = []
        for _ in range(2):
            key_file, certificate, key = make_certificate(folder)
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE  # the key is compared by hand
            tls.load_cert_chain(certificate, key_file)
            contexts.append(None if plain else tls)
            keys.append(key)
        if len(keys[0]) != 270:
            raise Differs(f"a public key of {len(keys[0])} bytes instead of 270")
        first = Conversation(servers[0], keys[0], contexts[0])
        second = Conversation(servers[1], keys[0], contexts[0])
        check_values(first)
        check_numbers(first)
        bad = check_malformed(first)
        check_moving(first, second)
        check_resent(servers[0], contexts[1], keys[1])
        sent = first.sent + second.sent + 2
        received = first.received + second.received + 2
        mode = "plain" if plain else "TLS"
        print(f"{mode}: {sent} requests, {received} answers as expected, {bad} malformed frames")
    finally:
        stop(running)


def main() -> int:
    parser = argparse.ArgumentParser(description="An independent client of IronKV, for a test")
    parser.add_argument("server", help="the program ironkv-server")
    parser.add_argument("certs", help="the program ironkv-certs")
    arguments = parser.parse_args()
    if shutil.which("openssl") is None:
        print("SKIP: install openssl")
        return SKIPPED
    try:
        for plain in (True, False):
            with tempfile.TemporaryDirectory(prefix="ironkv-e2e-") as folder:
                run(
                    os.path.abspath(arguments.server),
                    os.path.abspath(arguments.certs),
                    Path(folder),
                    plain,
                )
    except (Differs, OSError, subprocess.CalledProcessError) as error:
        print(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
