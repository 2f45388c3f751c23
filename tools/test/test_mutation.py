# SPDX-License-Identifier: MIT
"""./quintet mutate on a system of one header: every outcome, resumption, and wrong input."""

import json
import shutil
import subprocess

import pytest
import toy_system

from quintet.mutation import campaign as work
from quintet.mutation.builder import code_lines
from quintet.mutation.config import Check, load
from quintet.mutation.process import Finished, Runner

needs_compiler = pytest.mark.skipif(
    not (shutil.which("g++") and shutil.which("ninja")), reason="SKIP: install g++ ninja-build"
)


@pytest.fixture
def test_folder(root):
    yield toy_system.write_system(root)
    for name in ("lib", "build/dev", "build/mutants"):
        shutil.rmtree(root / name, ignore_errors=True)


@pytest.fixture
def toml(test_folder):
    return test_folder / "mutants.toml"


@pytest.fixture
def built(root, test_folder):
    subprocess.run(["ninja", "-C", root / "build" / "dev", "--quiet"], check=True)
    return test_folder


def outcomes(root):
    document = json.loads((root / "build" / "mutants" / "toy" / "results.json").read_text())
    return {
        (m["source"], m["mutation"]): (m["outcome"], m["by"], m["detail"])
        for m in document["mutants"]
    }


EQUIVALENT = """
[[equivalent]]
file = "toy.hpp"
line = "if (a > 5) return 5;"
mutation = "> -> >="
reason = "5 is clamped to 5"
"""


@needs_compiler
def test_every_outcome_of_a_campaign(root, built, quintet):
    before = {path: path.read_bytes() for path in (root / "lib").rglob("*") if path.is_file()}
    status, out, err = quintet("mutate", "toy", "--jobs", "2", "--all")
    assert status == 1
    assert before == {p: p.read_bytes() for p in (root / "lib").rglob("*") if p.is_file()}
    found = outcomes(root)
    clamp = "if (a > 5) return 5;"
    assert found[(clamp, "> -> <=")][:2] == ("killed", "static_assert")
    assert found[(clamp, "> -> >=")][0] in ("survived", "equivalent")
    loop = "for (int i = 0; i != count; ++i) all += from[i];"
    assert found[(loop, "statement removed")] == ("killed", "unit", "sum FAILED")
    assert found[(loop, "+= -> -=")][:2] == ("killed", "unit")
    outcome, _, why = found[("inline int seven() { return Only<1>().value; }", "1 -> 2")]
    assert outcome == "stillborn" and why.startswith("lib/toy/toy.hpp:20:")
    parity = "inline int parity(int a) { return a & 1; }"
    assert found[(parity, "& -> |")] == ("survived", "", "model is undecided")
    assert found[(parity, "1 -> 2")][:2] == ("killed", "unit")
    none = "inline int none(int a) { return a * 0 + (a - a); }"
    assert found[(none, "+ -> -")][:2] == ("equivalent", work.SAME_CODE)
    assert found[("return a + a;", "+ -> -")] == ("survived", "", work.UNCOMPILED)
    assert "survived: toy.hpp:" in err and "mutants survive; add a check" in err
    counted = [line.split() for line in out.splitlines() if line.startswith("all ")]
    assert len(counted) == 1 and counted[0][1] == "18"
    assert "static_assert" in out and "by\n" not in out and "killed " in out


@needs_compiler
def test_a_mutant_that_never_ends_is_killed_by_the_time(root, built, toml, quintet):
    toml.write_text(toml.read_text().replace("timeout = 5", "timeout = 0.5"))
    header = built.parent / "toy.hpp"
    endless = "inline int seven() {\n  int volatile a = 0;\n  while (a > 1) a = 0;\n"
    text = header.read_text().replace("inline int seven() {", endless)
    header.write_text(text)
    subprocess.run(["ninja", "-C", root / "build" / "dev", "--quiet"], check=True)
    quintet("mutate", "toy", "--only", "toy.hpp:22")
    outcome = outcomes(root)[("while (a > 1) a = 0;", "> -> <=")]
    assert outcome[:2] == ("killed", "unit") and outcome[2].startswith("stopped after")


@needs_compiler
def test_reasons_are_kept_checked_and_missed(root, built, toml, quintet):
    toml.write_text(toml.read_text() + EQUIVALENT)
    arguments = ("mutate", "toy", "--only", "toy.hpp:11")
    status, out, err = quintet(*arguments)
    assert status == 0 and "5 is clamped to 5" in out and "survive" not in err
    wrong = EQUIVALENT.replace(">=", "<=") + EQUIVALENT.replace("5)", "6)")
    toml.write_text(toml.read_text() + wrong)
    status, _, err = quintet(*arguments, "--check-equivalents")
    assert status == 1 and "is recorded as equivalent, but static_assert kills it" in err
    assert "no mutant is toy.hpp: `if (a > 6) return 5;` > -> >=; remove it" in err


@needs_compiler
def test_an_interrupted_campaign_goes_on_where_it_was(root, built, quintet, monkeypatch):
    judge, judged = work.Campaign._judge, []

    def at_most_four(self, mutant, number):
        judged.append(mutant.name)
        if len(judged) == 5:
            raise KeyboardInterrupt
        return judge(self, mutant, number)

    arguments = ("mutate", "toy", "--sample", "8", "--seed", "3", "--jobs", "1")
    monkeypatch.setattr(work.Campaign, "_judge", at_most_four)
    status, _, err = quintet(*arguments)
    assert status == 130 and "--resume goes on" in err
    ledger = root / "build" / "mutants" / "toy" / "results.jsonl"
    with ledger.open("a") as file:
        file.write('{"name": "cut off')
    first, judged[:] = judged[:4], ["", "", "", "", "", ""]
    quintet(*arguments, "--resume")
    assert len(judged) == 10 and not set(first) & set(judged)
    judged[:] = [""] * 6
    _, out, _ = quintet(*arguments[:2], "--sample", "4", *arguments[4:], "--resume")
    assert len(judged) == 6 and "toy: 4 of " in out  # a smaller sample is the beginning of a larger
    header = built.parent / "toy.hpp"
    header.write_text(header.read_text().replace("7", "8"))
    subprocess.run(["ninja", "-C", root / "build" / "dev", "--quiet"], check=True)
    status, _, err = quintet(*arguments, "--resume")
    assert status == 1 and "holds results of other sources" in err and "drop --resume" in err


@needs_compiler
def test_a_check_that_fails_without_a_mutation_ends_the_campaign(root, built, quintet):
    unit = built / "unit_test.cpp"
    unit.write_text(unit.read_text().replace("!= 6", "!= 5"))
    subprocess.run(["ninja", "-C", root / "build" / "dev", "--quiet"], check=True)
    status, _, err = quintet("mutate", "toy")
    assert status == 1 and "unit fails without any mutation (status 1): sum FAILED" in err


@needs_compiler
def test_only_the_named_sources_are_linked(root, built, toml, quintet):
    text = toml.read_text()
    toml.write_text(
        text.replace('target = "toy_model"', 'target = "toy_unit"\nsources = ["x.cpp"]')
    )
    status, _, err = quintet("mutate", "toy")
    assert status == 1 and "'x.cpp' is not among its sources; the target has unit_test.cpp" in err


@needs_compiler
def test_seeded_faults_come_first_and_must_be_refuted(root, built, toml, quintet):
    faults = (
        '\n[faults]\ntarget = "toy_model"\ncommand = ["sh", "-c", "echo matrix; {} {program}"]\n'
    )
    toml.write_text(toml.read_text() + faults.replace("{}", ""))
    arguments = ("mutate", "toy", "--only", "toy.hpp:7")
    assert "matrix" in quintet(*arguments)[1]
    toml.write_text(toml.read_text().replace("matrix;", "matrix; !"))
    status, out, err = quintet(*arguments)
    assert status == 1 and "matrix" in out and "not all refuted (status 1)" in err
    assert quintet(*arguments, "--no-faults")[0] == 0


def test_two_campaigns_of_one_system_do_not_mix(test_folder):
    config = load("toy")
    with work.only_one(config):
        with pytest.raises(Exception, match="another ./quintet mutate toy is running"):
            with work.only_one(config):
                pass


def test_the_list_needs_no_build(test_folder, quintet):
    status, out, _ = quintet("mutate", "toy", "--list", "--only", "toy.hpp:11")
    assert status == 0 and "> -> >=" in out and "4 of 18 mutants" in out.splitlines()[-1]
    assert quintet("mutate", "toy", "--print-targets")[1] == "toy_unit\ntoy_model\n"
    assert quintet("mutate", "toy", "--print-targets", "--list")[1] == "\n"


@pytest.mark.parametrize(
    "arguments, status, text",
    [
        (["nothing"], 2, "no system 'nothing' has a mutants.toml; systems that have one: toy"),
        (["toy", "--only", "no.hpp"], 2, "'no.hpp' is not among the headers; they are: toy.hpp"),
        (["toy", "--only", "toy.hpp:x"], 2, "'x' is no line number"),
        (["toy", "--only", "toy.hpp:1"], 1, "toy.hpp:1: holds nothing to mutate"),
        (["toy", "--sample", "0"], 2, "'0' is not a positive number"),
        (["toy", "--resume"], 1, "build it with ./quintet build dev"),
    ],
)
def test_wrong_arguments_are_one_line(test_folder, quintet, arguments, status, text):
    code, _, err = quintet("mutate", *arguments)
    assert (code, err.count("\n")) == (status, 1) and text in err


@pytest.mark.parametrize(
    "old, new, text",
    [
        ("headers", "header", "unknown key 'header'"),
        ('headers = ["toy.hpp"]', "", "has no 'headers'"),
        ('["toy.hpp"]', '"toy.hpp"', "'headers' has the wrong type"),
        ('["toy.hpp"]', "[1]", "'headers' is not a list of strings"),
        ('"toy.hpp"', '"no.hpp"', "header 'no.hpp' is not below lib/toy/"),
        ('name = "model"', 'name = "unit"', "two checks have one name"),
        ('"{program}"', '"program"', "check 1: command does not run {program}"),
        ("timeout = 5", "timeout = 0", "check 1: timeout is not positive"),
        ('"unknown"', '"("', "check 2: undecided is no regular expression"),
        ("[[check]]", "[check]", "is not TOML"),
        ("headers", EQUIVALENT.replace("5 is clamped to 5", " ") + "headers", "reason is empty"),
    ],
)
def test_mistakes_in_the_toml_are_named(toml, quintet, old, new, text):
    content = toml.read_text().replace(old, new)
    if new.startswith(EQUIVALENT[:8]):
        content = toml.read_text() + new.removesuffix("headers")
    toml.write_text(content)
    status, _, err = quintet("mutate", "toy", "--list")
    assert (status, err.count("\n")) == (1, 1) and text in err and "mutants.toml" in err


def test_without_a_build_the_remedy_is_named(root, toml, quintet):
    (root / "build" / "dev" / "build.ninja").unlink()
    status, _, err = quintet("mutate", "toy")
    assert status == 1 and "./quintet build dev toy_unit" in err


@pytest.mark.parametrize(
    "undecided, code, output, expected",
    [
        ("", 0, "", False),
        ("", 1, "", True),
        ("", None, "", True),
        ("unknown", 1, "x refuted", True),
        ("unknown", 1, "x unknown", None),
        ("unknown", None, "", None),
    ],
)
def test_what_a_check_says(undecided, code, output, expected):
    check = Check("x", "x", ("{program}",), undecided=undecided)
    assert check.verdict(Finished(code, output, 1.0)) is expected


def test_a_program_is_stopped_with_everything_that_it_started(tmp_path):
    ended = Runner().run(["sh", "-c", "sleep 60 & echo $!; wait"], 0.5, tmp_path)
    assert ended.code is None and ended.seconds < 30
    child = int(ended.output)
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True)
    assert state.stdout[:1] in ("", "Z")


def test_a_crash_is_named_by_its_signal(tmp_path):
    ended = Runner().run(["sh", "-c", "echo boom; kill -SEGV $$"], 5, tmp_path)
    assert ended.summary() == "SIGSEGV: boom"


def test_line_tables_are_read_by_file(root):
    listing = f"CU: {root}/x.cpp:\nFile name  Line\na.hpp  7  0x0\n\n../b.hpp:\nb.hpp 3 0x1\n"
    found = code_lines(listing + "/usr/x.hpp:\nx.hpp 1 0x2\n", root / "build")
    assert found == {"a.hpp": [7], f"{root}/b.hpp": [3]}
