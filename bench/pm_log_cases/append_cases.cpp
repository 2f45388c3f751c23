// SPDX-License-Identifier: MIT
#include <string>

#include "pm_log_cases/quintet_impl.hpp"
#include "pm_log_cases/record_impl.hpp"
#include "pm_log_cases/rival_impl.hpp"
#include "pm_log_cases/workloads.hpp"

// The paper's figure: append and commit, at nine sizes.
namespace quintet::bench::pm_log_cases {
namespace {

// What no log can beat: the payload, past the cache to the same pages, and one fence.
template <class Memory>
class StreamOnly {
 public:
  using Counted = StreamOnly<CountingMemory>;

  StreamOnly()
    requires std::same_as<Memory, pm_log::MappedPm>
      : StreamOnly(shared_memory()) {}
  explicit StreamOnly(Memory memory) : memory_(std::move(memory)) {}

  [[nodiscard]] bool append(std::span<const std::byte> bytes) {
    if (memory_.size() - at_ < bytes.size()) at_ = 0;
    memory_.stream(at_, bytes);
    at_ += bytes.size();
    return memory_.fence();
  }

 private:
  Memory memory_;
  std::uint64_t at_ = 0;
};

template <class Impl>
void register_append(const std::string& implementation) {
  for (const std::uint64_t size : kSizes) {
    register_case("pm_log/append/" + implementation + "/size:" + std::to_string(size),
                  [size] { return append<Impl>(size); });
  }
}

// The loop and the check alone.
Outcome harness() {
  const std::uint64_t count = rounds() * 100;
  std::uint64_t sink = 0;
  const double seconds = time_loop(count, [&](std::uint64_t i) {
    asm volatile("" : "+r"(sink) : "r"(i));
    return sink == 0;
  });
  return per_op(seconds, count);
}

}  // namespace

void register_append_cases() {
  for (const std::uint64_t size : kSizes) {
    register_case("pm_log/append/libpmemlog/size:" + std::to_string(size), [size] {
      return Libpmemlog::is_here() ? append<Libpmemlog>(size) : skip("libpmemlog-dev");
    });
  }
  register_append<Initial<>>("initial");
  register_append<Strict>("quintet_strict");
  register_append<Fast>("quintet_fast");
  register_append<Locked>("quintet_locked");
  register_append<SummedRecords>("quintet_record");
  register_append<FramedRecords>("quintet_framed");
  register_append<StreamOnly<pm_log::MappedPm>>("limit_stream");
  register_case("pm_log/null/harness", harness);
}

}  // namespace quintet::bench::pm_log_cases
