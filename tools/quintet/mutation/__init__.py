# SPDX-License-Identifier: MIT
"""Mutation: changes one operator of a header at a time and asks whether a check notices.

lexer, operators   from a header's text to its mutants
config             lib/<system>/test/mutants.toml
recipe, builder    how ninja builds a check, and how to build it again with one header replaced
campaign, text     every mutant before every check, resumable; the tables
"""
