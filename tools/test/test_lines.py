# SPDX-License-Identifier: MIT
"""Lines of code: classes by place, and three counters that agree."""

import json
import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import PurePosixPath

import pytest
from conftest import TOOLS

from quintet import lines

TREE = TOOLS.parent
TRICKY = """// SPDX
#pragma once
\t // indented
  /// three

int a[] = {1, 2};  // ends in ; and [brackets]
const char* url = "http://x//y";\\
]
;
\t
int b = 6 / 2 /
  3;"""


@pytest.mark.parametrize(
    "path, kind",
    [
        ("page_table/tree.hpp", "exec"),
        ("page_table/frame_arena.cpp", "exec"),
        ("page_table/spec/mmu.hpp", "trusted"),
        ("page_table/spec/contracts.hpp", "trusted"),
        ("page_table/frame_contract.hpp", "trusted"),
        ("page_table/test/map_proof.cpp", "proof"),
        ("page_table/test/proof/memory.hpp", "proof"),
        ("page_table/test/entry_test.cpp", "tests"),
        ("page_table/test/world/script.hpp", "tests"),
        ("proof/choose.hpp", "trusted"),
        ("proof/symbolic/word.hpp", "trusted"),
        ("proof/test/choose_test.cpp", "tests"),
        ("proof/symbolic/test/word_test.cpp", "tests"),
        ("testing/catch.hpp", "tests"),
    ],
)
def test_the_place_of_a_file_decides_its_class(path, kind):
    assert lines.kind_of(PurePosixPath(path)) == kind


def test_blank_lines_and_comments_do_not_count():
    assert lines.code_lines(TRICKY) == 7
    assert lines.code_lines("") == lines.code_lines("\n\n// x") == 0
    assert lines.code_lines("a\r\n\r\n// x\r\nb") == 2


def test_cloc_and_the_built_in_counter_agree_within_a_percent():
    if shutil.which("cloc") is None:
        pytest.skip("SKIP: install cloc")
    files = lines.sources(TREE)
    ours = lines.summed(lines.count_built_in(files, TREE))
    theirs = lines.summed(lines.count_with_cloc(files, TREE)[0])
    assert ours.keys() == theirs.keys() and sum(c.exec for c in ours.values()) > 1000
    for room, counts in ours.items():
        for kind, count in asdict(counts).items():
            assert count == pytest.approx(getattr(theirs[room], kind), rel=0.01)


MAIN = """#include <cstdio>
#include "quintet_lines.hpp"
int main() {
  constexpr auto sort = quintet::lines::of("sort"), none = quintet::lines::of("none");
  static_assert(none.exec == 0 && none.check == 0);
  std::printf("%u %u %u %u %d", sort.trusted, sort.check, sort.tests, sort.exec,
              quintet::lines::kKnown);
}
"""
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(reader LANGUAGES CXX)
include(Lines.cmake)
set(CMAKE_CXX_STANDARD 20)
foreach(name one two)
  add_executable(${name} main.cpp)
  quintet_lines_header(${name})
endforeach()
"""


def project(folder, change=lambda text: text):
    """A CMake project with a library of its own; builds and runs it: (what it prints, notes)."""
    (folder / "lib" / "sort" / "test").mkdir(parents=True)
    (folder / "lib" / "sort" / "sort.hpp").write_text("int a;\nint b;\n// no\n")
    (folder / "lib" / "sort" / "test" / "sort_proof.cpp").write_text("int c;\n\nint d;\nint e;\n")
    (folder / "tools").symlink_to(TREE / "tools")
    (folder / "Lines.cmake").write_text(change((TREE / "cmake" / "Lines.cmake").read_text()))
    (folder / "CMakeLists.txt").write_text(PROJECT)
    (folder / "main.cpp").write_text(MAIN)
    return built(folder)


def built(folder):
    environment = {**os.environ, "QUINTET_ROOT": str(folder)}
    notes = ""
    for command in (["cmake", "-G", "Ninja", "-B", "out"], ["ninja", "-C", "out"]):
        result = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        notes += result.stdout + result.stderr
        assert result.returncode == 0, notes
    return subprocess.check_output([folder / "out" / "one"], text=True), notes


needs_cmake = pytest.mark.skipif(
    not (shutil.which("cmake") and shutil.which("ninja")), reason="SKIP: install cmake ninja-build"
)


@needs_cmake
def test_a_program_knows_the_counts_and_is_rebuilt_only_when_they_change(tmp_path):
    assert project(tmp_path)[0] == "0 3 0 2 1"
    header = tmp_path / "lib" / "sort" / "sort.hpp"
    header.write_text("int a;\nint bb;\n// a comment more\n")
    printed, notes = built(tmp_path)
    assert printed == "0 3 0 2 1" and "main.cpp" not in notes
    (tmp_path / "lib" / "sort" / "spec").mkdir()
    (tmp_path / "lib" / "sort" / "spec" / "sorted.hpp").write_text("int a;\n")
    printed, notes = built(tmp_path)
    assert printed == "1 3 0 2 1" and "main.cpp" in notes


@needs_cmake
def test_without_python_a_program_has_zeros_and_configuring_says_so(tmp_path):
    printed, notes = project(tmp_path, lambda text: text.replace("/usr/bin/python3", "/no/python3"))
    assert printed == "0 0 0 0 0" and notes.count("NO LINES ARE COUNTED") == 1


def test_a_header_that_cannot_be_written_is_named(quintet, library, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = quintet("lines", "--header", tmp_path / "file" / "lines.hpp")
    assert status == 1 and "file" in err and err.count("\n") == 1


@pytest.fixture
def library(root):
    folder = root / "lib" / "sort" / "test"
    folder.mkdir(parents=True)
    (folder.parent / "sort.hpp").write_text("int a;\nint b;\n// no\n")
    (folder / "sort_proof.cpp").write_text("int c;\n\nint d;\nint e;\n")
    yield root / "lib"
    shutil.rmtree(root / "lib")


def test_the_command_prints_a_table_or_json(quintet, library, monkeypatch):
    status, out, _ = quintet("lines")
    assert status == 0
    assert [line.split() for line in out.splitlines()[2:4]] == [
        ["lib/sort/", "-", "3", "-", "2", "1.5"],
        ["all", "-", "3", "-", "2", "1.5"],
    ]
    monkeypatch.setenv("PATH", "/nowhere")
    document = json.loads(quintet("lines", "--json")[1])
    assert document["counter"] == lines.BUILT_IN
    assert document["folders"] == {"sort": {"trusted": 0, "proof": 3, "tests": 0, "exec": 2}}


def test_a_commit_is_counted_whatever_is_checked_out(library, root):
    def git(*arguments):
        command = ["git", "-C", str(root), "-c", "user.name=x", "-c", "user.email=x", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        git("init", "-q")
        git("add", "lib")
        git("commit", "-qm", "one")
        sha = git("rev-parse", "HEAD")
        (library / "sort" / "sort.hpp").write_text("int a;\n")
        assert lines.count_commit(sha, root)["sort"].exec == 2
        assert lines.count_commit("0123456789abcdef", root) is None
    finally:
        shutil.rmtree(root / ".git")


def test_without_a_library_it_says_where_to_run(quintet):
    status, out, err = quintet("lines")
    assert (status, out, err.count("\n")) == (1, "", 1) and "holds no C++ file" in err


def test_a_cloc_that_fails_is_named(quintet, library, tmp_path, monkeypatch):
    (tmp_path / "cloc").write_text("#!/bin/sh\necho nonsense\nexit 3\n")
    (tmp_path / "cloc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    status, _, err = quintet("lines")
    assert status == 1 and "cloc ended with 3 and no JSON" in err and err.count("\n") == 1
