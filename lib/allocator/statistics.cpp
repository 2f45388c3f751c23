// SPDX-License-Identifier: MIT
#include "allocator/statistics.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <string_view>

#include "allocator/message.hpp"
#include "allocator/process.hpp"

namespace quintet::allocator {
namespace {

// f(name, value) for each.
template <class F>
void for_each_value(const Statistics& s, F f) {
  f("used_bytes", s.used_bytes);
  f("most_used_bytes", s.most_used_bytes);
  f("retained_bytes", s.retained_bytes);
  f("committed_bytes", s.committed_bytes);
  f("purged_bytes", s.purged_bytes);
  f("purges", s.purges);
  f("spans", s.spans);
  f("heaps", s.heaps);
  f("slabs", s.slabs);
  f("refills", s.refills);
  f("flushes", s.flushes);
  f("told", s.told);
  f("drains", s.drains);
  f("large", s.large);
  f("sampled", s.sampled);
  f("misuses", s.misuses);
}

void put_program(Message& line, StatisticsForm form) {
  Message name;
  if (::program_invocation_short_name != nullptr) name.quoted(::program_invocation_short_name);
  for (const char& c : name.view()) {
    if (form == StatisticsForm::kJson && (c == '"' || c == '\\')) line.text("\\");
    line.text({&c, 1});
  }
}

// At the end. Set before there are threads, or by the first of them.
constinit std::atomic<bool> is_form_set{false};
constinit std::atomic<StatisticsForm> form_at_end{StatisticsForm::kNone};
constinit std::array<char, 1001> path{};  // empty: stderr

// A file that is or was open under a number which the program may use for another one meanwhile.
class File {
 public:
  constexpr File() = default;
  explicit File(int number) {
    struct stat about{};
    if (::fstat(number, &about) != 0) return;
    number_ = number, device_ = about.st_dev, inode_ = about.st_ino;
  }
  [[nodiscard]] int number() const { return number_; }
  // Whether that is the file which has the number now, and somebody reads it if it is a pipe.
  [[nodiscard]] bool has(int number) const {
    const File now(number);
    if (now.number_ < 0 || now.device_ != device_ || now.inode_ != inode_) return false;
    pollfd question{number, POLLOUT, 0};
    return ::poll(&question, 1, 0) <= 0 || (question.revents & POLLERR) == 0;
  }

 private:
  int number_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};
constinit File kept;  // stderr

// Where programs do not look for files of theirs.
void keep_stderr() {
  constexpr int kLeast = 100;
  const int saved = errno;
  const int duplicate = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, kLeast);
  kept = File(duplicate >= 0 ? duplicate : STDERR_FILENO);
  errno = saved;
}

// Stderr as it was, or -1.
int kept_stderr() {
  if (kept.number() < 0) return -1;
  if (kept.has(kept.number())) return kept.number();
  return kept.has(STDERR_FILENO) ? STDERR_FILENO : -1;
}

std::string_view reason(int error) {
  switch (error) {
    case ENOENT:
      return "no such folder";
    case ENOTDIR:
      return "a file where a folder should be";
    case EISDIR:
      return "it is a folder";
    case EACCES:
    case EPERM:
      return "no permission";
    case EROFS:
      return "a file system that is only read";
    case ENOSPC:
    case EDQUOT:
      return "no space left";
    case ENAMETOOLONG:
      return "the path is too long";
    case ENXIO:
      return "a pipe that nobody reads";
    default:
      return "";
  }
}

void put_path(Message& name) {
  const std::string_view all(path.data());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == '%' && i + 1 < all.size() && all[i + 1] == 'p') {
      name.number(static_cast<std::uint64_t>(::getpid()));
      ++i;
    } else {
      name.text({&all[i], 1});
    }
  }
}

int append(const Message& name, StatisticsForm form) {
  if (name.view().size() >= path.size()) return ENAMETOOLONG;
  constexpr int kHow = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  const int file = ::open(name.view().data(), kHow, 0666);
  if (file < 0) return errno;
  const int error = print_statistics(file, form);
  ::close(file);
  return error;
}

[[gnu::destructor]] void print_at_end() {
  const StatisticsForm form = form_at_end.load(std::memory_order_relaxed);
  if (form == StatisticsForm::kNone) return;
  if (path[0] == '\0') {
    if (const int file = kept_stderr(); file >= 0) print_statistics(file, form);
    return;
  }
  Message name;
  put_path(name);
  const int error = append(name, form);
  const int file = error != 0 ? kept_stderr() : -1;
  if (file < 0) return;
  Message line;
  line.text("quintet-malloc: no statistics in QUINTET_MALLOC_STATS_FILE=")
      .quoted(name.view(), 1000);
  line.text(": ").text(reason(error)).text(" (error ").number(static_cast<std::uint64_t>(error));
  line.text("): use a path that can be written").send_to(file);
}

}  // namespace

Statistics statistics() noexcept {
  Statistics sum;
  constexpr std::uint64_t kUnit = ProcessAllocator::G::kUnit;
  for (auto& arena : process_allocator.shared().arenas) {
    const ArenaCounts counts = arena.counts();
    sum.used_bytes += counts.used_units * kUnit;
    sum.most_used_bytes += counts.most_used_units * kUnit;
    sum.retained_bytes += counts.dirty_units * kUnit;
    sum.committed_bytes += (counts.used_units + counts.dirty_units + counts.clean_units) * kUnit;
    sum.purged_bytes += counts.purged_units * kUnit;
    sum.purges += counts.purges;
    sum.spans += counts.spans;
  }
  const Locked locked(process_allocator.pool().lock());
  sum.heaps = process_allocator.pool().made();
  process_allocator.pool().for_each([&](const ProcessHeap& heap) {
    const HeapCounts counts = heap.counts();
    sum.slabs += counts.slabs;
    sum.refills += counts.refills;
    sum.flushes += counts.flushes;
    sum.told += counts.told;
    sum.drains += counts.drains;
    sum.large += counts.large;
  });
  sum.sampled = process_allocator.shared().guard_pages.counts().sampled;
  sum.misuses = process_allocator.os().errors();
  return sum;
}

int print_statistics(int file, StatisticsForm form) noexcept {
  const bool json = form == StatisticsForm::kJson;
  const std::string_view begin = json ? ", \"" : "\nquintet-malloc: ";
  const std::string_view between = json ? "\": " : " ";
  Message lines;
  lines.text(json ? "{\"pid\": " : "quintet-malloc: pid ");
  lines.number(static_cast<std::uint64_t>(::getpid()));
  lines.text(begin).text("program").text(between).text(json ? "\"" : "");
  put_program(lines, form);
  lines.text(json ? "\"" : "");
  for_each_value(statistics(), [&](std::string_view name, std::uint64_t value) {
    lines.text(begin).text(name).text(between).number(value);
  });
  return lines.text(json ? "}" : "").send_to(file);
}

void print_statistics_at_end(StatisticsForm form) noexcept {
  is_form_set.store(true, std::memory_order_relaxed);
  form_at_end.store(form, std::memory_order_relaxed);
  if (form != StatisticsForm::kNone) keep_stderr();
}

bool print_statistics_at_end_to(std::string_view wanted) noexcept {
  if (wanted.size() >= path.size()) return false;
  std::copy_n(wanted.data(), wanted.size(), path.data());
  if (!is_form_set.load(std::memory_order_relaxed)) print_statistics_at_end(StatisticsForm::kText);
  return true;
}

}  // namespace quintet::allocator
