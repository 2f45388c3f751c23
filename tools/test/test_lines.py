# SPDX-License-Identifier: MIT
"""Lines of code: classes by place, and three counters that agree."""

import json
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
        ("proof/test/choose_test.cpp", "tests"),
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


def counted_by_cmake(folder, body):
    """What `body`, with cmake/Lines.cmake included, prints."""
    script = folder / "script.cmake"
    script.write_text(f"include({TREE}/cmake/Lines.cmake)\n{body}")
    result = subprocess.run(["cmake", "-P", script], capture_output=True, text=True, check=True)
    return result.stderr.split()


def test_cmake_counts_the_same(tmp_path):
    if shutil.which("cmake") is None:
        pytest.skip("SKIP: install cmake")
    (tmp_path / "tricky.hpp").write_text(TRICKY)
    body = 'quintet_count_lines(n tricky.hpp)\nmessage("${n}")\n'
    assert counted_by_cmake(tmp_path, body.replace("tricky", f"{tmp_path}/tricky")) == ["7"]
    ours = lines.summed(lines.count_built_in(lines.sources(TREE), TREE))
    for room, counts in ours.items():
        names = " ".join(f"${{{room}_{kind.upper()}_LINES}}" for kind in asdict(counts))
        body = f'quintet_count_room({room})\nmessage("{names}")\n'
        assert counted_by_cmake(tmp_path, body) == [str(n) for n in asdict(counts).values()]


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
