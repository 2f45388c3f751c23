// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "page_table/entry.hpp"
#include "proof/symbolic/word.hpp"

// The core's vocabulary on symbolic words.
namespace quintet::page_table::proof_world {

using Word = proof::Word<64>;
using proof::Boolean;
using VirtAddr = BasicVirtAddr<Word>;
using PhysAddr = BasicPhysAddr<Word>;
using PageFlags = BasicPageFlags<Word>;
using Entry = BasicEntry<Word>;

// What a leaf may hold beside its address and presence, as a literal: bits 11:1 and 63:52.
inline constexpr std::uint64_t kFlagBits = 0xFFF0'0000'0000'0FFE;

}  // namespace quintet::page_table::proof_world
