// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cinttypes>
#include <cstdio>
#include <string>

#include "page_table/page_table.hpp"

// The mappings of a table as text, one line a run:
//   0x0000000000400000-0x0000000000600000 -> 0x0000000040000000  2M x1  rwx user ...
namespace quintet::page_table {

// Attributes in a fixed-width form: r w x, user or kernel, then what is set beyond that.
[[nodiscard]] inline std::string to_string(const PageFlags& flags) {
  std::string text = "r";
  text += flags.is_writable() ? 'w' : '-';
  text += flags.is_executable() ? 'x' : '-';
  text += flags.is_user() ? " user" : " kernel";
  if (flags.is_global()) text += " global";
  if (flags.memory_type() != 0) text += " pat:" + std::to_string(flags.memory_type());
  if (flags.protection_key() != 0) text += " key:" + std::to_string(flags.protection_key());
  if (flags.software() != 0) text += " software:" + std::to_string(flags.software());
  if (flags.is_accessed()) text += " accessed";
  if (flags.is_dirty()) text += " dirty";
  return text;
}

[[nodiscard]] inline std::string to_string(const Run& run) {
  std::array<char, 96> head{};
  std::snprintf(head.data(), head.size(),
                "0x%016" PRIx64 "-0x%016" PRIx64 " -> 0x%013" PRIx64 "  %s x%" PRIu64 "  ",
                run.va.value, run.va.value + run.bytes, run.pa.value, to_string(run.size),
                run.bytes / page_bytes(run.size));
  return head.data() + to_string(run.flags);
}

// Every run, ascending, one line each; empty text for an empty table. O(tables + pages).
template <class Memory, class Inv, Policy kPolicy>
[[nodiscard]] std::string dump(const PageTable<Memory, Inv, kPolicy>& table) {
  std::string text;
  table.for_each([&](const Run& run) { text += to_string(run) + '\n'; });
  return text;
}

}  // namespace quintet::page_table
