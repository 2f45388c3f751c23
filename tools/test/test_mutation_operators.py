# SPDX-License-Identifier: MIT
"""From text to mutants: what is changed, and what is left alone."""

import pytest

from quintet.mutation.lexer import tokens_of
from quintet.mutation.operators import NEGATED, STATEMENT, mutants_of


def mutations(text):
    return [mutant.mutation for mutant in mutants_of("x.hpp", text)]


def inside(body):
    return mutations(f"void f() {{\n  {body}\n}}\n")


@pytest.mark.parametrize(
    "body, expected",
    [
        ("return a < b;", ["< -> <=", "< -> >="]),
        ("return a >= b;", [">= -> <", ">= -> >"]),
        ("return a == b;", ["== -> !="]),
        ("return a + b;", ["+ -> -"]),
        ("return a & ~b;", ["& -> |", "~ removed"]),
        ("return a << b;", ["<< -> >>"]),
        ("return a && !b;", ["&& -> ||", "! removed"]),
        ("return 512;", ["512 -> 513"]),
        ("return 0xFFFULL;", ["0xFFFULL -> 0x1000ULL"]),
        ("return 0x1'0000;", ["0x1'0000 -> 0x10001"]),
        ("return 0b11;", ["0b11 -> 0b100"]),
        ("return 1.5;", []),
        ("return true;", ["true -> false"]),
        ("return walk<1>(va);", ["1 -> 2"]),
        ("a += b;", ["+= -> -=", STATEMENT]),
        ("return a * b;", []),
    ],
)
def test_operators_and_constants(body, expected):
    assert sorted(inside(body)) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        "// a < b && 1\n",
        "/* 1 + 2 */",
        "#if 1 < 2 && \\\n  3 > 2\n#endif\n",
        'const char* s = "a < 1 + \\" b";',
        'const char* s = R"x(a < 1 ")x";',
        "char c = '<';",
        "static_assert(a + 1 == 2, x);",
        "template <class W, int... n> struct X {};",
        "template <class T> concept C = requires(T a) { a + 1; };",
        "bool operator==(const X& a, const X& b);",
        "void f(T&& a, U& b, V* c);",
        "struct X { X(int a); ~X(); virtual void f(); X(const X&) = delete; };",
        "void f() { QT_ASSERT(a < 1 && b); }",
        "void f() { int x; const T y = g(); auto z = h(); T& w = v; T<U> u(v); using A = B; }",
        "void f() { if constexpr (kPolicy.fault == Fault::kX) return 1; }",
        "void f() { if (a && kPolicy.fault == Fault::kX) { g(); h(1); } }",
    ],
)
def test_left_alone(text):
    assert mutations(text) == []


@pytest.mark.parametrize(
    "body, count",
    [
        ("g(1 * x);", 1),
        ("x = y;", 1),
        ("++x;", 1),
        ("*p = y;", 1),
        ("a.b->c[i].d(x);", 1),
        ("this->template walk<W>(x);", 1),
        ("if (a) g(); else h();", 2),
        ("for (;;) g();", 1),
        ("if constexpr (a) { g(); }", 1),
        ("run([&] { g(); });", 2),
        ("return g();", 0),
        ("T x = g();", 0),
        ("std::size_t n{};", 0),
    ],
)
def test_expression_statements_are_removed(body, count):
    assert inside(body).count(STATEMENT) == count


@pytest.mark.parametrize(
    "body, replacement",
    [
        ("if (g(x)) return;", "!(g(x))"),
        ("if (a && b) return;", "!(a && b)"),
        ("if (T r = g(); r && s) return;", "!(r && s)"),
        ("if constexpr (kA) return;", "!(kA)"),
        ("if (!a) return;", None),
        ("if (a == b) return;", None),
        ("if (bool(a != b)) return;", None),
        ("if (T r = g()) return;", None),
    ],
)
def test_conditions_are_negated_once(body, replacement):
    found = [m for m in mutants_of("x", f"void f() {{ {body} }}") if m.mutation == NEGATED]
    assert [m.replacement for m in found] == ([replacement] if replacement else [])


def test_a_branch_that_no_fault_takes_is_mutated():
    text = "void f() { if constexpr (kPolicy.fault != Fault::kX) g(); }"
    assert mutations(text) == [STATEMENT]


def test_places_and_keys():
    text = "int a = 1;\nvoid f() {\n  x = a + b +\n      c + 1;  // why\n}\n"
    found = {m.name: m for m in mutants_of("x.hpp", text)}
    assert [*found] == [
        "x.hpp:1:9 1 -> 2",
        "x.hpp:3:3 statement removed",
        "x.hpp:3:9 + -> -",
        "x.hpp:3:13 + -> -",
        "x.hpp:4:9 + -> -",
        "x.hpp:4:11 1 -> 2",
    ]
    last = found["x.hpp:4:9 + -> -"]
    assert (last.first_line, last.source, last.occurrence) == (3, "c + 1;", 1)
    assert found["x.hpp:3:13 + -> -"].occurrence == 2
    assert last.applied(text) == text.replace("c + 1", "c - 1")
    assert found["x.hpp:3:3 statement removed"].applied("") == ";"
    removed = found["x.hpp:3:3 statement removed"].applied(text)
    assert removed == "int a = 1;\nvoid f() {\n  ;  // why\n}\n"


def test_tokens_know_their_bracket():
    tokens = tokens_of("f(a[1], {2});")
    places = {token.text: token.inside for token in tokens}
    assert (places["a"], places["1"], places["2"], places["f"]) == (1, 3, 7, -1)
