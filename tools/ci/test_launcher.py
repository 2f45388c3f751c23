# SPDX-License-Identifier: MIT
"""./quintet on machines that lack things, with a PATH of its own. Nothing is really installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).resolve().parents[2] / "quintet"
PLAIN = ("bash", "env", "dirname", "cat", "nproc", "mkdir")


class Machine:
    """A PATH with a few real programs and stubs; stubs append their arguments to a log."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in PLAIN:
            real = shutil.which(name)
            assert real, name
            (self.bin / name).symlink_to(real)
        self.stub("id", "echo 0")

    def stub(self, name: str, body: str = "") -> None:
        path = self.bin / name
        path.write_text(f'#!/usr/bin/env bash\necho "{name} $*" >>{self.log}\n{body}\n')
        path.chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        result = subprocess.run(
            [str(LAUNCHER), *arguments],
            env={"PATH": str(self.bin), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return result.returncode, result.stderr

    def logged(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nonsense"], "unknown command 'nonsense': see ./quintet --help"),
        (["build", "fast"], "unknown preset 'fast': use dev, clang, debug, asan, tsan, perf"),
        (["install", "nonsense"], "unknown group 'nonsense'"),
        (["mutate", "nonsense"], "no system 'nonsense' has a mutants.toml"),
        (["mutate", "page_table", "--only", "x"], "'x' is not among the headers"),
    ],
)
def test_usage_errors_are_one_line(machine: Machine, arguments: list[str], text: str) -> None:
    status, error = machine.run(*arguments)
    assert status == 2
    assert text in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["nothing"], 2, "unknown family 'nothing'; known families: page_table"),
        (["-f", "("], 2, "'(' is not a regular expression"),
        (["--processes", "many"], 2, "'many' is not a positive number"),
        (["--pages", "10k"], 2, "'10k' is not a number such as 500, 10K, 10M or 1G"),
        (["--timeout", "-1"], 2, "--timeout"),
        (["--", "pages=3"], 2, "'pages=3' after -- is no flag"),
        (["--", "--benchmark_filter=x"], 2, "--benchmark_filter cannot follow --; use --filter"),
        (["-o", str(LAUNCHER)], 1, "is a file"),
        (["-o", str(LAUNCHER.parent)], 1, "is not empty and holds no run"),
    ],
)
def test_run_refuses_wrong_arguments_before_it_installs_or_builds(
    machine: Machine, arguments: list[str], status: int, text: str
) -> None:
    for name in ("apt-get", "g++", "cmake", "ninja"):
        machine.stub(name)
    code, error = machine.run("run", *arguments)
    assert (code, error.count("\n")) == (status, 1)
    assert text in error
    assert not machine.logged()


def test_run_with_right_arguments_goes_on_to_build(machine: Machine) -> None:
    machine.stub("g++")
    arguments = ("page_table", "-f", "/map/", "--pages", "10K", "-o", str(machine.folder / "new"))
    status, error = machine.run("run", *arguments, "--", "--seed=3", QUINTET_NO_INSTALL="1")
    assert status == 1
    assert error.splitlines()[-1].startswith("quintet: no cmake found")


@pytest.mark.parametrize(
    ("families", "targets"),
    [
        (["allocator"], "allocator_bench"),
        (["pm_log", "allocator"], "pm_log_bench allocator_bench"),
        ([], "quintet_benches"),
        (["verification"], "quintet_benches"),  # there is no other target without Z3
    ],
)
def test_run_builds_what_the_named_families_need(
    machine: Machine, families: list[str], targets: str
) -> None:
    for name in ("g++", "ninja"):
        machine.stub(name)
    machine.stub("cmake", "[[ $1 != --build ]]")  # ends before anything is measured
    status, error = machine.run("run", *families, "--list", QUINTET_NO_INSTALL="1")
    assert (status, "building failed" in error) == (1, True)
    assert machine.logged().splitlines()[-1].endswith(f"/build/perf --target {targets}")


def test_mutate_builds_its_checks_but_lists_without_a_build(machine: Machine) -> None:
    machine.stub("python3")
    assert machine.run("mutate", "page_table", "--list") == (0, "")
    machine.stub("g++")
    status, error = machine.run("mutate", "page_table", QUINTET_NO_INSTALL="1")
    assert status == 1
    assert error.splitlines()[-1].startswith("quintet: no cmake found")


def test_the_help_names_the_systems_that_can_be_mutated() -> None:
    root = LAUNCHER.parent
    systems = sorted(path.parts[-3] for path in root.glob("lib/*/test/mutants.toml"))

    def help_of(*words: str) -> str:
        command = [str(LAUNCHER), *words]
        plain = {"PATH": "/usr/bin:/bin"}  # other tests have a root of their own
        return subprocess.run(
            command, env=plain, capture_output=True, text=True, check=False
        ).stdout

    assert systems == ["page_table"]  # else the help, CONTRIBUTING.md and docs/mutation.md say less
    assert "  mutate page_table  " in help_of("help")
    words = " ".join(help_of("mutate", "--help").split())
    assert f"now: {', '.join(systems)}" in words
    assert "mutate <system>" not in (root / "CONTRIBUTING.md").read_text()
    assert "the only system that has" in (root / "docs/mutation.md").read_text()


def test_the_package_does_not_count_its_libraries() -> None:
    text = (LAUNCHER.parent / "CMakeLists.txt").read_text()
    description = text.partition('DESCRIPTION "')[2].partition('"')[0]
    assert "libraries" in description
    counts = ("two", "three", "four", "five", "six")
    assert not [word for word in counts if word in description.lower()]


def test_the_readme_embeds_with_a_build_of_the_libraries_alone() -> None:
    section = (LAUNCHER.parent / "README.md").read_text().partition("## Embedding")[2]
    first = section.split("```")[1]
    options = [word for word in first.split() if word.startswith("QT_BUILD_")]
    assert options == ["QT_BUILD_TESTS=OFF", "QT_BUILD_BENCH=OFF", "QT_BUILD_APPS=OFF"]
    cmake = (LAUNCHER.parent / "CMakeLists.txt").read_text()
    assert all(f"option({word.partition('=')[0]} " in cmake for word in options)


@pytest.mark.parametrize("preset", ["clang", "asan"])
def test_without_apt_get_the_missing_packages_are_listed(machine: Machine, preset: str) -> None:
    status, error = machine.run("build", preset)
    assert status == 1
    assert "no apt-get here: install these yourself" in error
    assert " g++ " in error and error.rstrip().endswith("clang-19")
    assert error.count("\n") == 1


def test_what_is_there_under_another_name_is_not_missing(machine: Machine) -> None:
    machine.stub("npm")
    assert machine.run("install", "report") == (0, "")
    assert machine.run("install", "build")[0] == 1


def test_no_install_prints_and_a_missing_compiler_is_one_line(machine: Machine) -> None:
    machine.stub("apt-get")
    status, error = machine.run("build", "dev", QUINTET_NO_INSTALL="1")
    assert status == 1
    lines = error.splitlines()
    assert lines[0].startswith("quintet: would install: g++ cmake ninja-build")
    assert lines[1] == "quintet: no g++ found: install it with `sudo apt-get install g++`"
    assert len(lines) == 2
    assert "apt-get" not in machine.logged()


def test_installed_packages_are_not_installed_again(machine: Machine) -> None:
    names = "build clang test tools stats report lint"
    packages = (LAUNCHER.parent / "third_party/packages.txt").read_text().splitlines()
    known = [line.split()[0] for line in packages if line and line[0] != "#"]
    machine.stub("dpkg-query", "\n".join(f"echo {name} installed" for name in known))
    machine.stub("apt-get")
    assert machine.run("install", *names.split()) == (0, "")
    assert "apt-get" not in machine.logged()


def test_root_installs_without_sudo_and_says_what(machine: Machine) -> None:
    machine.stub("apt-get")
    machine.stub("sudo", 'exec "$@"')
    status, error = machine.run("install", "clang")
    assert (status, "installing: clang-19" in error) == (0, True)
    assert "install -y --no-install-recommends clang-19" in machine.logged()
    assert "sudo" not in machine.logged()


def test_others_install_with_sudo(machine: Machine) -> None:
    machine.stub("id", "echo 1000")
    machine.stub("apt-get")
    machine.stub("sudo", 'exec "$@"')
    assert machine.run("install", "clang")[0] == 0
    assert "sudo env DEBIAN_FRONTEND=noninteractive apt-get" in machine.logged()


def test_neither_root_nor_sudo_is_one_line(machine: Machine) -> None:
    machine.stub("id", "echo 1000")
    machine.stub("apt-get")
    status, error = machine.run("install", "clang")
    assert status == 1
    assert "no sudo here; as root run: apt-get" in error


def test_a_failed_installation_is_tried_again_with_fresh_lists(machine: Machine) -> None:
    machine.stub("apt-get", f"[[ $* == *update* ]] || grep -q update {machine.log}")
    (machine.bin / "grep").symlink_to(str(shutil.which("grep")))
    assert machine.run("install", "clang")[0] == 0
    calls = [line for line in machine.logged().splitlines() if line.startswith("apt-get")]
    assert " update" in calls[-2] and " install " in calls[-1]


def test_an_installation_that_cannot_succeed_ends(machine: Machine) -> None:
    machine.stub("apt-get", "exit 100")
    status, error = machine.run("install", "clang")
    assert status == 1
    assert error.splitlines()[-1].startswith("quintet: ")


def test_every_package_line_is_understood(machine: Machine) -> None:
    lines = (LAUNCHER.parent / "third_party/packages.txt").read_text().splitlines()
    listed = {line.split()[0] for line in lines if line.strip() and line[0] != "#"}
    status, error = machine.run("install", QUINTET_NO_INSTALL="1")
    assert status == 0
    # What this machine has by header or module is satisfied without dpkg; the rest is named.
    named = set(error.partition("install:")[2].partition("(")[0].split())
    assert named <= listed
    assert {"g++", "cmake", "clang-19", "shellcheck", "npm"} <= named
