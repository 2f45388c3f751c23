// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

// Two functions that look like malloc and free to the one who calls them, in a shared library, and
// do nothing: what a call through the procedure linkage table costs by itself, twice.
extern "C" {
void* quintet_floor_allocate(std::size_t size) noexcept;
void quintet_floor_free(void* block) noexcept;
}
