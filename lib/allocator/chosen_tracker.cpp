// SPDX-License-Identifier: MIT
#include "allocator/chosen_tracker.hpp"

#if QT_MALLOC_TRACKING == 2

#include <sanitizer/lsan_interface.h>

namespace quintet::allocator {

void AsanTracker::reserve(void* p, std::size_t n) { __lsan_register_root_region(p, n); }
void AsanTracker::release(void* p, std::size_t n) { __lsan_unregister_root_region(p, n); }

}  // namespace quintet::allocator

#endif
