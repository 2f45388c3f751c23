# SPDX-License-Identifier: MIT
"""What this machine is, and its id: a hash of the facts that do not change between boots.

No host name anywhere. Facts that a reboot or an upgrade changes are recorded, not hashed.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

SCHEMA = 1
_PACKAGES = ("g++-12", "libbenchmark-dev", "libhwloc-dev", "libc6", "libstdc++6")
_SYS = Path("/sys/devices/system")


def _run(*command: str) -> str:
    """Standard output of `command`, or an empty string where it does not exist or fails."""
    if shutil.which(command[0]) is None:
        return ""
    environment = {**os.environ, "LC_ALL": "C"}
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=20, check=False, env=environment
    )
    return result.stdout if result.returncode == 0 else ""


def _read(path: Path | str, default: str = "unknown") -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return default


def _chosen(path: Path | str) -> str:
    """The bracketed word of files such as `always [madvise] never`."""
    text = _read(path)
    match = re.search(r"\[(\w+)\]", text)
    return match.group(1) if match else text


def _lscpu() -> dict[str, str]:
    text = _run("lscpu", "-J")
    facts: dict[str, str] = {}

    def collect(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            facts[entry["field"].rstrip(":")] = str(entry.get("data") or "")
            collect(entry.get("children", []))

    if text:
        collect(json.loads(text)["lscpu"])
    return facts


def _number(text: str | None) -> int:
    match = re.search(r"\d+", text or "")
    return int(match.group()) if match else 0


def _caches() -> dict[str, int]:
    """Size in KiB of each cache as seen by CPU 0, for example {'l1d': 32}."""
    sizes: dict[str, int] = {}
    for index in sorted((_SYS / "cpu/cpu0/cache").glob("index*")):
        kind = {"Data": "d", "Instruction": "i"}.get(_read(index / "type"), "")
        size = _read(index / "size")
        scale = 1024 if size.endswith("M") else 1
        sizes[f"l{_read(index / 'level')}{kind}"] = _number(size) * scale
    return sizes


def _ram_gib() -> int:
    """Installed memory. Memory blocks do not move with the kernel's own use; MemTotal does."""
    block = _read(_SYS / "memory/block_size_bytes", "")
    online = [p for p in (_SYS / "memory").glob("memory[0-9]*") if _read(p / "online") == "1"]
    if block and online:
        return round(int(block, 16) * len(online) / 2**30)
    match = re.search(r"MemTotal:\s+(\d+)", _read("/proc/meminfo"))
    return round(int(match.group(1)) / 2**20) if match else 0


def _mitigations() -> str:
    files = sorted((_SYS / "cpu/vulnerabilities").glob("*"))
    return "; ".join(f"{f.name}: {text}" for f in files if (text := _read(f)) != "Not affected")


def _packages() -> dict[str, str]:
    text = _run("dpkg-query", "-W", "-f=${Package} ${Version} ${Status}\n", *_PACKAGES)
    rows = (line.split(maxsplit=2) for line in text.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 3 and "ok installed" in row[2]}


def _topology() -> list[str]:
    """hwloc's drawing where it is installed; memory sizes are left out, they vary at run time."""
    text = _run("lstopo-no-graphics", "--of", "console", "--no-io")
    return [
        re.sub(r"\s*\(.*\)", "", line) if re.match(r"\s*(Machine|NUMANode)", line) else line
        for line in text.splitlines()
    ]


def _turbo() -> str:
    no_turbo = _read(_SYS / "cpu/intel_pstate/no_turbo", "")
    if no_turbo:
        return "off" if no_turbo == "1" else "on"
    boost = _read(_SYS / "cpu/cpufreq/boost", "")
    return {"1": "on", "0": "off"}.get(boost, "unknown")


def stable_facts() -> dict[str, Any]:
    """The facts that name a machine."""
    cpu = _lscpu()
    sockets = max(1, _number(cpu.get("Socket(s)")))
    cores = sockets * max(1, _number(cpu.get("Core(s) per socket")))
    return {
        "cpu": cpu.get("Model name", platform.machine()),
        "vendor": cpu.get("Vendor ID", "unknown"),
        "family": cpu.get("CPU family", "unknown"),
        "model": cpu.get("Model", "unknown"),
        "stepping": cpu.get("Stepping", "unknown"),
        "sockets": sockets,
        "cores": cores,
        "threads": cores * max(1, _number(cpu.get("Thread(s) per core"))),
        "numa_nodes": max(1, len(list((_SYS / "node").glob("node[0-9]*")))),
        "caches_kib": _caches(),
        "ram_gib": _ram_gib(),
        "pmem": any(Path("/sys/bus/nd/devices").glob("pmem*")) or Path("/dev/pmem0").exists(),
        "hypervisor": cpu.get("Hypervisor vendor", "none") or "none",
    }


def changing_facts() -> dict[str, Any]:
    """The facts that explain a number but do not name the machine."""
    return {
        "kernel": platform.release(),
        "microcode": _number_after("microcode", _read("/proc/cpuinfo")),
        "governor": _read(_SYS / "cpu/cpu0/cpufreq/scaling_governor"),
        "turbo": _turbo(),
        "smt": _read(_SYS / "cpu/smt/control"),
        "thp": _chosen("/sys/kernel/mm/transparent_hugepage/enabled"),
        "aslr": _read("/proc/sys/kernel/randomize_va_space"),
        "mitigations": _mitigations(),
        "packages": _packages(),
        "topology": _topology(),
    }


def _number_after(key: str, text: str) -> str:
    match = re.search(rf"^{key}\s*:\s*(\S+)", text, re.MULTILINE)
    return match.group(1) if match else "unknown"


def slug(cpu: str) -> str:
    """A short, file-name-safe form of a CPU's marketing name."""
    text = re.sub(r"\((r|tm)\)|@.*|\bcpu\b|\bprocessor\b|\b\d+-core\b", " ", cpu.lower())
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:32].rstrip("-") or "cpu"


def machine_id(stable: dict[str, Any]) -> str:
    """`<cpu>-<cores>c<threads>t-<numa>n-<6 hex of SHA-256 over the stable facts>`."""
    digest = hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()[:6]
    shape = f"{stable['cores']}c{stable['threads']}t-{stable['numa_nodes']}n"
    return f"{slug(stable['cpu'])}-{shape}-{digest}"


def describe() -> dict[str, Any]:
    """The content of machine.json."""
    stable = stable_facts()
    return {
        "schema": SCHEMA,
        "machine_id": machine_id(stable),
        "stable": stable,
        "changing": changing_facts(),
    }


def as_text(facts: dict[str, Any]) -> str:
    """The facts for a terminal."""
    lines = [f"{'machine id':<14} {facts['machine_id']}"]
    for group in ("stable", "changing"):
        for key, value in facts[group].items():
            if isinstance(value, dict):
                value = ", ".join(f"{name} {item}" for name, item in value.items())
            if isinstance(value, list):
                continue
            lines.append(f"{key.replace('_', ' '):<14} {value}")
    return "\n".join(lines)
