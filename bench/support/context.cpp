// SPDX-License-Identifier: MIT
#include "support/context.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "base/assert.hpp"
#include "base/units.hpp"
#include "platform/topology.hpp"
#include "support/build_info.hpp"
#include "support/flags.hpp"
#include "support/git_sha.hpp"

namespace quintet::bench {
namespace {

using Facts = std::map<std::string, std::string>;
constexpr char kUnknown[] = "unknown";
constexpr char kCpu[] = "/sys/devices/system/cpu";

std::string first_line(const std::filesystem::path& path, const std::string& otherwise = kUnknown) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? line : otherwise;
}

// The value of "key : value" in /proc/cpuinfo, of the first processor.
std::string cpuinfo(std::string_view key) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t start = line.find_first_not_of(" \t", line.find(':') + 1);
    return start == std::string::npos ? kUnknown : line.substr(start);
  }
  return kUnknown;
}

// The word in brackets of e.g. "always [madvise] never".
std::string chosen_word(const std::string& line) {
  const std::size_t open = line.find('[');
  const std::size_t close = line.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return line;
  return line.substr(open + 1, close - open - 1);
}

// Size of the data or unified cache of a level, e.g. "48" from the file's "48K".
std::string cache_kib(const std::string& level) {
  for (int index = 0;; ++index) {
    const std::filesystem::path folder = fmt::format("{}/cpu0/cache/index{}", kCpu, index);
    if (!std::filesystem::exists(folder)) return kUnknown;
    if (first_line(folder / "level") != level || first_line(folder / "type") == "Instruction") {
      continue;
    }
    const std::string size = first_line(folder / "size");
    return size.ends_with('K') ? size.substr(0, size.size() - 1) : size;
  }
}

std::string turbo() {
  const std::string off = first_line(fmt::format("{}/intel_pstate/no_turbo", kCpu), "");
  if (!off.empty()) return off == "0" ? "on" : "off";
  const std::string boost = first_line(fmt::format("{}/cpufreq/boost", kCpu), "");
  if (!boost.empty()) return boost == "1" ? "on" : "off";
  return kUnknown;
}

std::string smt() {
  const std::string active = first_line(fmt::format("{}/smt/active", kCpu), "");
  if (active.empty()) return kUnknown;
  return active == "1" ? "on" : "off";
}

// "meltdown=Mitigation: PTI; ...", only what affects this processor; "none" if nothing does.
std::string mitigations() {
  const std::filesystem::path folder = fmt::format("{}/vulnerabilities", kCpu);
  if (!std::filesystem::exists(folder)) return kUnknown;
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string state = first_line(entry.path());
    if (state != "Not affected") {
      lines.push_back(fmt::format("{}={}", entry.path().filename().string(), state));
    }
  }
  std::ranges::sort(lines);
  return lines.empty() ? "none" : fmt::format("{}", fmt::join(lines, " | "));
}

std::string hypervisor() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool guest = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx >> 31) != 0;
  if (!guest) return "none";
  __cpuid(0x40000000, eax, ebx, ecx, edx);  // the leaf where hypervisors sign
  char name[13] = {};
  std::memcpy(name, &ebx, 4);
  std::memcpy(name + 4, &ecx, 4);
  std::memcpy(name + 8, &edx, 4);
  return name;
#else
  return first_line("/sys/hypervisor/type");
#endif
}

std::string ram_mib() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  return std::to_string(pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / kMiB);
}

std::string kernel() {
  utsname name = {};
  return ::uname(&name) == 0 ? name.release : kUnknown;
}

void add_topology(Facts& facts) {
  const auto topology = platform::Topology::discover();
  if (!topology) {
    for (const char* key : {"qt_cores", "qt_threads_per_core", "qt_numa_nodes"}) {
      facts[key] = kUnknown;
    }
    return;
  }
  unsigned threads_per_core = 1;
  for (const auto& unit : topology->processing_units()) {
    threads_per_core = std::max(threads_per_core, unit.thread_of_core + 1);
  }
  facts["qt_cores"] = std::to_string(topology->cores());
  facts["qt_threads_per_core"] = std::to_string(threads_per_core);
  facts["qt_numa_nodes"] = std::to_string(topology->numa_nodes());
}

void add_build(Facts& facts) {
  facts["qt_compiler"] = build_info::kCompiler;
  facts["qt_compiler_flags"] = build_info::kCompilerFlags;
  facts["qt_build_type"] = build_info::kBuildType;
  facts["qt_git_sha"] = build_info::kGitSha;
  for (const auto& package : build_info::kPackages) {
    if (package.version[0] == '\0') continue;  // this build has it not
    facts[fmt::format("qt_pkg_{}", package.name)] = package.version;
  }
}

// A function-local static, because a family may add to it during static initialisation.
std::map<std::string, std::function<std::string()>>& facts_of_family() {
  static std::map<std::string, std::function<std::string()>> facts;
  return facts;
}

}  // namespace

void add_fact(std::string key, std::function<std::string()> value) {
  QT_CHECK(key.starts_with("qt_") && !facts_of_family().contains(key));
  facts_of_family().emplace(std::move(key), std::move(value));
}

std::map<std::string, std::string> context_facts() {
  Facts facts;
  add_build(facts);
  add_topology(facts);
  facts["qt_cpu_model"] = cpuinfo("model name");
  facts["qt_l1d_kib"] = cache_kib("1");
  facts["qt_l2_kib"] = cache_kib("2");
  facts["qt_l3_kib"] = cache_kib("3");
  facts["qt_ram_mib"] = ram_mib();
  facts["qt_thp"] = chosen_word(first_line("/sys/kernel/mm/transparent_hugepage/enabled"));
  facts["qt_governor"] = first_line(fmt::format("{}/cpu0/cpufreq/scaling_governor", kCpu));
  facts["qt_turbo"] = turbo();
  facts["qt_smt"] = smt();
  facts["qt_mitigations"] = mitigations();
  facts["qt_kernel"] = kernel();
  facts["qt_hypervisor"] = hypervisor();
  for (const auto& [key, value] : facts_of_family()) facts[key] = value();
  for (const Flag* flag : all_flags()) {
    if (flag->is_private()) continue;
    facts[fmt::format("qt_flag_{}", flag->name())] = flag->text();
    if (flag->name() == "pages") facts["qt_pages"] = flag->text();  // the axis of figure 11
  }
  return facts;
}

void add_context() {
  for (const auto& [key, value] : context_facts()) benchmark::AddCustomContext(key, value);
}

}  // namespace quintet::bench
