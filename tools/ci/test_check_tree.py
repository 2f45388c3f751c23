# SPDX-License-Identifier: MIT
"""Each check finds a planted violation and passes the tree next to it."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKER = Path(__file__).with_name("check_tree.py")
SPDX = "// SPDX-License-Identifier: MIT\n"


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def check(folder: Path, name: str) -> tuple[int, str]:
    command = [sys.executable, str(CHECKER), name, "--root", str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def room(extra: dict[str, str]) -> dict[str, str]:
    """A small tree whose layers are in order, changed by `extra`."""
    files = {
        "lib/base/result.hpp": "#include <expected>\n",
        "lib/platform/memory_map.hpp": "#include <sys/mman.h>\n",
        "lib/testing/catch.hpp": "#include <catch2/catch.hpp>\n",
        "lib/room/core.hpp": '#include <cstdint>\n#include "base/result.hpp"\n',
        "lib/room/arena.hpp": '#include "platform/memory_map.hpp"\n#include "room/core.hpp"\n',
        "lib/room/arena.cpp": '#include <sys/mman.h>\n#include "room/arena.hpp"\n',
        "lib/room/net/socket.hpp": '#include <vector>\n#include "room/core.hpp"\n',
        "lib/room/net/socket.cpp": '#include <sys/socket.h>\n#include "room/net/socket.hpp"\n',
        "lib/room/net/frame.hpp": '#include <span>\n#include "room/core.hpp"\n',
        "lib/room/spec/model.hpp": '#include <map>\n#include "room/core.hpp"\n',
        "lib/room/test/core_test.cpp": '#include "room/core.hpp"\n#include "testing/catch.hpp"\n',
        "lib/other/thing.hpp": "#include <vector>\n",
    }
    return {**files, **extra}


def test_layers_in_order_pass(tmp_path: Path) -> None:
    assert check(tree(tmp_path, room({})), "layers")[0] == 0


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("lib/room/core.hpp", "<sys/mman.h>"),
        ("lib/room/core.hpp", "<immintrin.h>"),
        ("lib/room/core.hpp", "<fmt/format.h>"),
        ("lib/room/core.hpp", '"platform/memory_map.hpp"'),
        ("lib/room/core.hpp", '"other/thing.hpp"'),
        ("lib/room/core.hpp", '"room/arena.hpp"'),
        ("lib/room/core.hpp", '"room/net/socket.hpp"'),
        ("lib/room/core.hpp", '"room/absent.hpp"'),
        ("lib/room/core.hpp", '"testing/catch.hpp"'),
        ("lib/room/arena.cpp", '"other/thing.hpp"'),
        ("lib/room/net/frame.hpp", "<sys/socket.h>"),
        ("lib/room/net/frame.hpp", '"room/net/socket.hpp"'),
        ("lib/room/net/socket.cpp", '"other/thing.hpp"'),
        ("lib/room/spec/model.hpp", '"platform/memory_map.hpp"'),
        ("lib/room/test/core_test.cpp", '"other/thing.hpp"'),
        ("lib/base/result.hpp", "<unistd.h>"),
        ("lib/base/result.hpp", '"room/core.hpp"'),
        ("lib/platform/memory_map.hpp", '"room/core.hpp"'),
    ],
)
def test_layers_finds_a_planted_include(tmp_path: Path, file: str, include: str) -> None:
    root = tree(tmp_path, room({file: f"\n#  include {include}\n"}))
    status, output = check(root, "layers")
    assert status == 1
    assert f"{file}:2: " in output
    assert "layers: failed" in output


def test_spdx(tmp_path: Path) -> None:
    assert (
        check(tree(tmp_path, {"a.cpp": SPDX, "b.py": "#!/usr/bin/python3\n# " + SPDX}), "spdx")[0]
        == 0
    )
    status, output = check(tree(tmp_path, {"c.cmake": "set(x 1)\n"}), "spdx")
    assert status == 1
    assert "c.cmake:1: " in output


def test_sizes(tmp_path: Path) -> None:
    assert check(tree(tmp_path, {"a.hpp": "\n" * 500}), "sizes")[0] == 0
    assert check(tree(tmp_path, {"b.hpp": "\n" * 501}), "sizes")[0] == 1


def test_format(tmp_path: Path) -> None:
    style = {".clang-format": "BasedOnStyle: Google\n", "a.cpp": "int a = 1;\n"}
    status, output = check(tree(tmp_path, style), "format")
    if status == 77:
        pytest.skip(output)
    assert status == 0
    assert check(tree(tmp_path, {"b.cpp": "int  b=1;\n"}), "format")[0] == 1


def test_shell(tmp_path: Path) -> None:
    status, output = check(tree(tmp_path, {"a.sh": "#!/bin/bash\necho hello\n"}), "shell")
    if status == 77:
        pytest.skip(output)
    assert status == 0
    assert check(tree(tmp_path, {"launcher": "#!/bin/bash\nrm $1\n"}), "shell")[0] == 1


def test_unknown_check_and_empty_tree(tmp_path: Path) -> None:
    assert check(tmp_path, "layers")[0] == 2
    assert check(tree(tmp_path, {"a.cpp": SPDX}), "nonsense")[0] == 2
