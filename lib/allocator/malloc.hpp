// SPDX-License-Identifier: MIT
#pragma once

// What a program gets that links quintet::malloc: malloc(), its relatives and operator new are
// those of allocator/process.hpp. There is nothing to call; this file says so.
