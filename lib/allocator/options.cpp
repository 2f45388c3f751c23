// SPDX-License-Identifier: MIT
#include "allocator/options.hpp"

#include <sys/auxv.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "allocator/message.hpp"
#include "allocator/statistics.hpp"
#include "base/units.hpp"

namespace quintet::allocator {
namespace {

using std::string_view;

constinit std::atomic<bool> is_read{false};

constexpr string_view kPrefix = "QUINTET_MALLOC_";

// f(name, value) for each QUINTET_MALLOC_<name>=<value> whose value is not empty: shells make it
// easier to empty a variable than to remove it. getenv(3) is not ours to call this early.
template <class F>
void for_each_setting(F f) {
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    string_view text(*entry);
    if (!text.starts_with(kPrefix)) continue;
    text.remove_prefix(kPrefix.size());
    const std::size_t sign = text.find('=');
    if (sign != string_view::npos && sign + 1 < text.size()) {
      f(string_view(text.data(), sign), string_view(text.data() + sign + 1));
    }
  }
}

// The value of an option, or null data. Of several the first, as for getenv(3).
string_view value_of(string_view wanted) {
  string_view found;
  for_each_setting([&](string_view name, string_view value) {
    if (name == wanted && found.data() == nullptr) found = value;
  });
  return found;
}

// The number, or false.
bool parse(string_view text, std::uint64_t most, std::uint64_t& number) {
  if (text.empty()) return false;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > most) return false;
  }
  number = value;
  return true;
}

void refuse(string_view name, string_view value, string_view wanted) {
  Message line;
  line.text("quintet-malloc: ").text(kPrefix).text(name).text("=").quoted(value);
  line.text(" is ignored: use ").text(wanted).send();
}

struct Option {
  string_view name;
  string_view values;
  string_view standard;
  string_view meaning;
  bool (*set)(ProcessAllocator& allocator, string_view value);
};

bool set_purge_delay(ProcessAllocator& allocator, string_view value) {
  std::uint64_t number = 0;
  if (!parse(value, 1'000'000, number)) return false;
  allocator.shared().purge.delay_milliseconds = static_cast<std::uint32_t>(number);
  return true;
}
bool set_retain(ProcessAllocator& allocator, string_view value) {
  std::uint64_t number = 0;
  if (!parse(value, 1U << 20, number)) return false;
  allocator.shared().purge.retained_bytes = number * kMiB;
  return true;
}
bool set_on_error(ProcessAllocator& allocator, string_view value) {
  using OnError = MmapMemory::OnError;
  if (value == "abort") return allocator.os().on_error(OnError::kAbort), true;
  if (value == "report") return allocator.os().on_error(OnError::kReport), true;
  if (value == "ignore") return allocator.os().on_error(OnError::kIgnore), true;
  return false;
}
bool set_huge_pages(ProcessAllocator& allocator, string_view value) {
  if (value != "0" && value != "1") return false;
  allocator.os().want_huge_pages(value == "1");
  return true;
}
bool set_guard_sample(ProcessAllocator& allocator, string_view value) {
  std::uint64_t number = 0;
  if (!parse(value, 1'000'000, number)) return false;
  allocator.sample_one_in(static_cast<std::uint32_t>(number));
  return true;
}
bool set_statistics(ProcessAllocator&, string_view value) {
  if (value != "0" && value != "1" && value != "json") return false;
  using enum StatisticsForm;
  print_statistics_at_end(value == "json" ? kJson : value == "1" ? kText : kNone);
  return true;
}
bool set_statistics_file(ProcessAllocator&, string_view value) {
  return print_statistics_at_end_to(value);
}
bool set_help(ProcessAllocator& allocator, string_view value);

constexpr std::array<Option, 8> kOptions{{
    {"PURGE_DELAY_MS", "0 to 1000000", "1000",
     "freed memory that stays unused so long goes back to the system", set_purge_delay},
    {"RETAIN_MIB", "0 to 1048576", "32",
     "freed memory that may be kept for reuse; or half of what is in use, if that is more",
     set_retain},
    {"ON_ERROR", "abort, report or ignore", "abort", "what happens when misuse is found",
     set_on_error},
    {"GUARD_SAMPLE", "0 to 1000000", "10000",
     "-hardened: one block in about so many lies between inaccessible pages; 0: none",
     set_guard_sample},
    {"HUGE_PAGES", "0 or 1", "0", "asks for transparent huge pages", set_huge_pages},
    {"STATS", "0, 1 or json", "0", "statistics on stderr when the program ends", set_statistics},
    {"STATS_FILE", "path of up to 1000 bytes", "none",
     "statistics are appended to this file, not to stderr; %p in it: the process's id",
     set_statistics_file},
    {"HELP", "0 or 1", "0", "this list", set_help},
}};

bool set_help(ProcessAllocator&, string_view value) {
  if (value != "0" && value != "1") return false;
  if (value == "0") return true;
  for (const Option& option : kOptions) {
    Message line;
    line.text("QUINTET_MALLOC_").text(option.name).text("=<").text(option.values).text("> (");
    line.text(option.standard).text(")");
    const string_view given = value_of(option.name);
    if (given.data() != nullptr) line.text(" [given: ").quoted(given).text("]");
    line.text(": ").text(option.meaning).send();
  }
  return true;
}

void refuse_unknown() {
  for_each_setting([](string_view name, string_view) {
    for (const Option& option : kOptions) {
      if (option.name == name) return;
    }
    Message line;
    line.text("quintet-malloc: ").text(kPrefix).quoted(name);
    line.text(" is unknown: QUINTET_MALLOC_HELP=1 lists what there is").send();
  });
}

}  // namespace

void read_options(ProcessAllocator& allocator) noexcept {
  if (::environ == nullptr || is_read.exchange(true, std::memory_order_relaxed)) return;
  // The program has rights that whoever made its environment may lack (setuid, setgid).
  if (::getauxval(AT_SECURE) != 0) return;
  for (const Option& option : kOptions) {
    const string_view value = value_of(option.name);
    if (value.data() != nullptr && !option.set(allocator, value)) {
      refuse(option.name, value, option.values);
    }
  }
  refuse_unknown();
}

}  // namespace quintet::allocator
