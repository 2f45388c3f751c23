// SPDX-License-Identifier: MIT
#include "allocator_cases/settings.hpp"

// Our allocator by its header: a C++ program that is compiled against it has its fast path inlined,
// and calls nothing. In this process, which has no other use of it.
//
// QT_HAVE_ALLOCATOR is defined where the build has the library (bench/CMakeLists.txt).
#ifdef QT_HAVE_ALLOCATOR

#include "allocator/process.hpp"
#include "allocator_cases/programs/measure.hpp"
#include "platform/clock.hpp"
#include "support/case.hpp"

namespace quintet::bench::allocator_cases {
namespace {

constexpr std::uint64_t kSize = 64;

template <class Free>
Outcome inline_pair(Free give_back) {
  const platform::Stopwatch watch;
  const auto allocate = [](std::uint64_t size) { return allocator::allocate(size); };
  const double ns = ns_per_operation(pairs(allocate, give_back, kSize), micro_ms());
  return Sample{watch.seconds()}.with("ns_per_op", ns);
}

}  // namespace

void register_inline_cases() {
  register_case("allocator/pair/quintet_inline/size:64",
                [] { return inline_pair([](void* block) { allocator::free(block); }); });
  register_case("allocator/pair/quintet_inline_sized/size:64",
                [] { return inline_pair([](void* block) { allocator::free(block, kSize); }); });
}

}  // namespace quintet::bench::allocator_cases

#else

namespace quintet::bench::allocator_cases {

void register_inline_cases() {}

}  // namespace quintet::bench::allocator_cases

#endif
