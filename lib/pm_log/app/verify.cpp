// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

#include "pm_log/app/commands.hpp"
#include "pm_log/app/json.hpp"
#include "pm_log/app/open_pool.hpp"
#include "pm_log/describe.hpp"
#include "pm_log/inspect.hpp"

namespace quintet::pm_log::app {
namespace {

constexpr std::uint64_t kLargeBytes = 64 * kMiB;  // from where on progress is shown

// Keeps writers out while a pool is looked at. Threading: one thread.
class ReadLock {
 public:
  explicit ReadLock(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    is_busy_ = file_ >= 0 && ::flock(file_, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;
  ~ReadLock() {
    if (file_ >= 0) ::close(file_);
  }
  [[nodiscard]] bool is_busy() const { return is_busy_; }

 private:
  int file_;
  bool is_busy_ = false;
};

void show_progress(std::uint64_t done, std::uint64_t of) {
  if (of < kLargeBytes) return;
  fmt::print(stderr, "\rpmlog: checked {} of {} MiB{}", done / kMiB, of / kMiB,
             done >= of ? "\n" : "");
  std::fflush(stderr);
}

// The name of a log, where its directory entry is whole.
std::string name_of(const MappedPm& memory, const Inspection& report, std::uint32_t log) {
  DirectoryLines lines;
  const std::uint64_t at = directory_at(log);
  if (!report.superblock || !memory.read(at, lines.bytes())) return {};
  if (!is_valid(lines, at, Seeds(report.superblock->id))) return {};
  const DirectoryEntry entry = decode(lines);
  return std::string(entry.label());
}

std::string as_text(const Finding& finding, const MappedPm& memory, const Inspection& report) {
  std::string where;
  if (finding.log) {
    const std::string label = name_of(memory, report, *finding.log);
    where = label.empty() ? fmt::format("log {}, ", *finding.log)
                          : fmt::format("log '{}' ({}), ", printable(label), *finding.log);
  }
  const bool at_position = finding.position.has_value();
  where += fmt::format("{} at {}offset {:#x}", name(finding.part),
                       at_position ? fmt::format("position {}, ", *finding.position) : "",
                       finding.offset);
  return fmt::format("{}: {}: expected {}, found {}\n",
                     finding.severity == Severity::kError ? "error" : "note", where,
                     finding.expected, finding.found);
}

std::string as_json(const Finding& finding, const MappedPm& memory, const Inspection& report) {
  JsonObject json;
  json.add("severity", finding.severity == Severity::kError ? "error" : "note")
      .add("part", name(finding.part));
  if (finding.log) {
    json.add("log", *finding.log).add("log_name", name_of(memory, report, *finding.log));
  }
  json.add("offset", finding.offset);
  if (finding.position) json.add("position", *finding.position);
  return json.add("expected", finding.expected).add("found", finding.found).text();
}

std::string as_json(const std::string& path, const MappedPm& memory, const Inspection& report) {
  std::vector<std::string> findings;
  for (const Finding& finding : report.findings) {
    findings.push_back(as_json(finding, memory, report));
  }
  std::vector<std::string> records;
  for (const std::uint64_t count : report.records) records.push_back(std::to_string(count));
  JsonObject json;
  json.add("path", path)
      .add("errors", report.errors())
      .add("errors_not_listed", report.not_listed)
      .add_raw("findings", json_array(findings))
      .add_raw("whole_records", json_array(records))
      .add("opens", report.pool.has_value());
  if (report.pool) json.add("seq", report.pool->recovery.seq);
  if (!report.pool) json.add("refusal", explain(report.pool.error(), path));
  return json.text() + "\n";
}

std::string summary(const std::string& path, const Inspection& report) {
  const std::uint64_t notes = report.findings.size() + report.not_listed - report.errors();
  const std::uint64_t records =
      std::accumulate(report.records.begin(), report.records.end(), std::uint64_t{0});
  std::string text = path + ": ";
  if (report.errors() == 0) {
    text += fmt::format("no damage: {}, commit {}", counted(report.pool->logs.size(), "log"),
                        report.pool->seq);
  } else {
    text += counted(report.errors(), "error");
  }
  if (report.not_listed != 0) text += fmt::format(" ({} of them not listed)", report.not_listed);
  if (notes != 0) text += ", " + counted(notes, "note");
  if (records != 0) text += ", " + counted(records, "whole record");
  return text + "\n";
}

std::string verdict(const std::string& path, const Inspection& report) {
  if (!report.pool) return explain(report.pool.error(), path);
  return fmt::format(
      "{} is damaged, and still opens, with commit {}: save what `pmlog cat` reads, and restore "
      "the pool from a copy, or make a new one",
      path, report.pool->seq);
}

}  // namespace

Outcome<void> verify(const VerifyArguments& arguments) {
  const std::string& path = arguments.path;
  const ReadLock lock(path);
  if (lock.is_busy()) return failed(describe({.code = Errc::kBusy}, path));
  const auto memory = map_pool(path, true);
  if (!memory) return std::unexpected(memory.error());
  const bool watched = ::isatty(STDERR_FILENO) != 0;
  const Inspection report = watched ? inspect(*memory, show_progress) : inspect(*memory);
  std::string text;
  if (arguments.json) {
    text = as_json(path, *memory, report);
  } else {
    for (const Finding& finding : report.findings) text += as_text(finding, *memory, report);
    text += summary(path, report);
  }
  if (auto done = put(text); !done) return done;
  if (report.errors() == 0) return {};
  return failed(verdict(path, report));
}

}  // namespace quintet::pm_log::app
