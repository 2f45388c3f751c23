// SPDX-License-Identifier: MIT
#include "allocator_cases/programs/floor.hpp"

namespace {
char block[64];
}

extern "C" {
void* quintet_floor_allocate(std::size_t) noexcept { return block; }
void quintet_floor_free(void*) noexcept {}
}
