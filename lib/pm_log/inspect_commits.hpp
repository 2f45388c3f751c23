// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pm_log/commit.hpp"
#include "pm_log/inspection.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/ring.hpp"
#include "pm_log/text.hpp"

// The part of an inspection that looks at what commits write: commit word, roots, slots, and in
// fast mode the checksum of what the last commit appended. It decides as recovery.hpp does, and
// goes on where that refuses.
namespace quintet::pm_log::internal {

template <PersistentMemory M>
class CommitCheck {
 public:
  CommitCheck(const Superblock& superblock, const Seeds& seeds, const ReadOnlyView<M>& memory,
              Inspection& report)
      : superblock_(superblock), seeds_(seeds), memory_(memory), report_(report) {}

  // Sets the slots of the windows whose place is known.
  void run(std::vector<Window>& windows) {
    for (std::uint64_t i = 0; i < 2; ++i) read_root(roots_[i], i);
    const bool fast = (superblock_.flags & kFlagFast) != 0;
    for (const Finding& finding : fast ? check_fast(windows) : check_strict(windows)) {
      report_.add(finding);
    }
  }

 private:
  using Findings = std::vector<Finding>;

  struct Root {
    Line line{};
    std::uint64_t at = 0;
    bool is_read = false;
    bool is_whole = false;
    [[nodiscard]] std::uint64_t seq() const { return line.words[0]; }
  };

  void read_root(Root& root, std::uint64_t which) {
    root.at = root_at(which);
    root.is_read = memory_.read(root.at, root.line.bytes());
    root.is_whole =
        root.is_read && is_valid(root.line, root.at, seeds_) && (root.seq() & 1) == which;
  }

  // A line that is not whole: why.
  [[nodiscard]] Finding complaint(Part part, std::uint64_t at, const Line& line,
                                  bool is_read) const {
    Finding finding{.part = part, .offset = at};
    if (!is_read) {
      finding.expected = "readable bytes";
      finding.found = "bytes that cannot be read";
    } else if (line == Line{}) {
      finding.expected = "a line with its checksum";
      finding.found = "zeros";
    } else if (line.words[7] != checksum(line, seeds_)) {
      finding.expected = "checksum " + hex(checksum(line, seeds_));
      finding.found = hex(line.words[7]);
    } else {
      finding.expected = "a line for this offset";
      finding.found =
          joined({"one for offset ", hex(line.words[5]), ", of commit ", to_string(line.words[0])});
    }
    return finding;
  }
  [[nodiscard]] static std::string to_string(std::uint64_t value) { return std::to_string(value); }
  [[nodiscard]] static Finding note(Finding finding) {
    finding.severity = Severity::kNote;
    return finding;
  }

  // The commit word names the commit that counts.
  [[nodiscard]] Findings check_strict(std::vector<Window>& windows) {
    Findings findings;
    Line line;
    const bool is_read = memory_.read(kCommitWordAt, line.bytes());
    const std::uint64_t word = line.words[0];
    const Root& named = roots_[word & 1];
    const Root& other = roots_[~word & 1];
    const Finding of_word{
        .part = Part::kCommitWord, .offset = kCommitWordAt, .found = "word " + hex(word)};
    std::size_t counts = word & 1;
    if (!is_read) {
      findings.push_back(complaint(Part::kCommitWord, kCommitWordAt, line, false));
      counts = newest_root();
    } else if (named.is_whole && commit_word(named.seq(), seeds_) == word) {
      describe_idle_root(other, named, findings);
    } else if (!named.is_whole && other.is_whole && is_neighbour(word, other)) {
      findings.push_back(complaint(Part::kRoot, named.at, named.line, named.is_read));
      counts = newest_root();
    } else {
      findings.push_back(of_word);
      findings.back().expected = expected_words();
      for (const Root& root : roots_) {
        if (root.is_whole) continue;
        findings.push_back(complaint(Part::kRoot, root.at, root.line, root.is_read));
      }
      counts = newest_root();
    }
    if (is_read) describe_spare_words(line, findings);
    if (counts != kNoRoot) {
      for (Finding& finding : check_slots(roots_[counts], windows)) findings.push_back(finding);
    }
    return findings;
  }

  static void describe_spare_words(const Line& line, Findings& findings) {
    if (std::none_of(line.words.begin() + 1, line.words.end(), std::identity{})) return;
    findings.push_back({.severity = Severity::kNote,
                        .part = Part::kCommitWord,
                        .offset = kCommitWordAt + sizeof line.words[0],
                        .expected = "zeros behind the word",
                        .found = "other bytes, which nobody relies on"});
  }

  [[nodiscard]] bool is_neighbour(std::uint64_t word, const Root& root) const {
    return commit_word(root.seq() - 1, seeds_) == word ||
           commit_word(root.seq() + 1, seeds_) == word;
  }
  [[nodiscard]] std::string expected_words() const {
    std::string text;
    for (const Root& root : roots_) {
      if (!root.is_whole) continue;
      text += joined({text.empty() ? "" : " or ", hex(commit_word(root.seq(), seeds_)),
                      " of commit ", to_string(root.seq())});
    }
    return text.empty() ? "the word of a commit with a root" : text;
  }
  [[nodiscard]] std::size_t newest_root() const {
    return newest<std::uint64_t>({roots_[0].is_whole, roots_[0].seq()},
                                 {roots_[1].is_whole, roots_[1].seq()});
  }

  // The root that does not count is that of the commit before, or of one that was cut off.
  void describe_idle_root(const Root& idle, const Root& counts, Findings& findings) const {
    if (!idle.is_whole) {
      if (counts.seq() == 0 && idle.is_read && idle.line == Line{}) return;  // never used
      Finding finding = note(complaint(Part::kRoot, idle.at, idle.line, idle.is_read));
      finding.found += joined({"; it does not count: that of commit ", to_string(counts.seq()),
                               " does, and the next commit writes this one"});
      findings.push_back(std::move(finding));
    } else if (idle.seq() + 1 != counts.seq()) {
      findings.push_back(
          {.severity = Severity::kNote,
           .part = Part::kRoot,
           .offset = idle.at,
           .expected = "the root of the commit before " + to_string(counts.seq()),
           .found = joined({"that of commit ", to_string(idle.seq()),
                            idle.seq() == counts.seq() + 1 ? ", which was cut off" : "",
                            ": it does not count"})});
    }
  }

  // The newest root counts, if all that it stands for is whole; else the one before.
  [[nodiscard]] Findings check_fast(std::vector<Window>& windows) {
    const std::size_t first = newest_root();
    if (first == kNoRoot) {
      Findings findings;
      for (const Root& root : roots_) {
        findings.push_back(complaint(Part::kRoot, root.at, root.line, root.is_read));
      }
      return findings;
    }
    const Root& newest = roots_[first];
    const Root& other = roots_[first ^ 1];
    std::vector<Window> as_of_newest = windows;
    Findings of_newest = check_slots(newest, as_of_newest);
    if (!has_error(of_newest)) {
      windows = std::move(as_of_newest);
      describe_idle_root(other, newest, of_newest);
      return of_newest;
    }
    if (!other.is_whole) {
      of_newest.push_back(complaint(Part::kRoot, other.at, other.line, other.is_read));
      windows = std::move(as_of_newest);
      return of_newest;
    }
    Findings of_other = check_slots(other, windows);
    if (has_error(of_other)) {
      of_newest.insert(of_newest.end(), of_other.begin(), of_other.end());
      return of_newest;
    }
    append_reasons(of_newest, newest, other, of_other);
    return of_other;
  }
  // Recovery goes back to the commit before: what was found of the newest is why.
  static void append_reasons(Findings& of_newest, const Root& newest, const Root& counts,
                             Findings& findings) {
    for (Finding& finding : of_newest) {
      if (finding.severity != Severity::kError) continue;
      if (finding.found != kUnreadable) finding.severity = Severity::kNote;
      finding.found += joined({": commit ", to_string(newest.seq()),
                               " was cut off by a power failure, or damaged; commit ",
                               to_string(counts.seq()), " counts"});
      findings.push_back(std::move(finding));
    }
  }
  [[nodiscard]] static bool has_error(const Findings& findings) {
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& f) { return f.severity == Severity::kError; });
  }

  // The slots that a root names, and what they stand for. Sets the windows.
  [[nodiscard]] Findings check_slots(const Root& root, std::vector<Window>& windows) const {
    Findings findings;
    if (windows.size() == 1) {
      check_slot(0, root.line, root, windows[0], findings);
      return findings;
    }
    const MasterSlot master = decode_master(root.line);
    if (root.line.words[6] != kMasterMark) {
      findings.push_back({.part = Part::kRoot,
                          .offset = root.at,
                          .expected = "the root of several logs",
                          .found = "that of one log"});
      for (Window& window : windows) window.known = false;
      return findings;
    }
    std::uint64_t digest = 0;
    bool all_whole = true;
    for (std::uint32_t i = 0; i < windows.size(); ++i) {
      const std::uint64_t at = slot_at(i, master.live >> i & 1);
      Line line;
      const bool is_read = memory_.read(at, line.bytes());
      if (is_read && is_valid(line, at, seeds_)) {
        check_slot(i, line, root, windows[i], findings);
        check_idle_slot(i, line, root, findings);
      } else {
        findings.push_back(complaint(Part::kLogSlot, at, line, is_read));
        findings.back().log = i;
        windows[i].known = false;
        all_whole = false;
      }
      digest ^= line.words[7];
    }
    if (all_whole && digest != master.digest) {
      findings.push_back({.part = Part::kLogSlot,
                          .offset = root.at,
                          .expected = "slots with digest " + hex(master.digest),
                          .found = hex(digest) + ", so one of them is stale"});
    }
    return findings;
  }

  // Requires: the line is whole.
  void check_slot(std::uint32_t i, const Line& line, const Root& root, Window& window,
                  Findings& findings) const {
    const LogSlot slot = decode_log(line);
    const Part part = superblock_.logs == 1 ? Part::kRoot : Part::kLogSlot;
    const std::uint64_t length = window.known ? window.place.length : UINT64_MAX;
    if (slot.log != i || slot.seq > root.seq() || slot.head > slot.previous_tail ||
        slot.previous_tail > slot.tail || slot.tail - slot.head > length) {
      findings.push_back(
          {.part = part,
           .log = i,
           .offset = line.words[5],
           .expected = joined({"log ", to_string(i), ", a commit up to ", to_string(root.seq()),
                               ", head <= previous tail <= tail, at most ", to_string(length),
                               " bytes apart"}),
           .found = joined({"log ", to_string(slot.log), ", commit ", to_string(slot.seq), ", ",
                            to_string(slot.head), ", ", to_string(slot.previous_tail), ", ",
                            to_string(slot.tail)})});
      window.known = false;
      return;
    }
    window.slot = slot;
    const bool fast = (superblock_.flags & kFlagFast) != 0;
    if (fast && window.known && slot.seq == root.seq()) check_delta(i, window, findings);
  }

  void check_delta(std::uint32_t i, const Window& window, Findings& findings) const {
    const LogSlot& slot = window.slot;
    std::uint32_t crc = seeds_.payload;
    const auto unread =
        for_each_piece(memory_, window.place, slot.previous_tail, slot.tail - slot.previous_tail,
                       [&](std::uint64_t, std::span<const std::byte> bytes) {
                         crc = crc32c(crc, bytes);
                         return true;
                       });
    if (!unread && crc == slot.delta_crc) return;
    const std::uint64_t at = window.place.area + slot.previous_tail % window.place.length;
    findings.push_back({.part = Part::kPayload,
                        .log = i,
                        .offset = unread.value_or(at),
                        .position = slot.previous_tail,
                        .expected = joined({"checksum ", hex(slot.delta_crc), " of the ",
                                            counted(slot.tail - slot.previous_tail, "byte"),
                                            " of the last commit"}),
                        .found = unread ? std::string(kUnreadable) : hex(crc)});
  }

  // The copy of a slot that does not count: of an earlier commit, or of one that was cut off.
  void check_idle_slot(std::uint32_t i, const Line& counts, const Root& root,
                       Findings& findings) const {
    const std::uint64_t at = counts.words[5] ^ (slot_at(0, 0) ^ slot_at(0, 1));
    Line line;
    const bool is_read = memory_.read(at, line.bytes());
    if (is_read && line == Line{} && counts.words[0] == 0) return;  // never used
    if (is_read && is_valid(line, at, seeds_)) {
      if (line.words[0] <= root.seq()) return;
      findings.push_back({.expected = "a commit up to " + to_string(root.seq()),
                          .found = joined({"commit ", to_string(line.words[0]),
                                           ", which was cut off and does not count"})});
    } else {
      findings.push_back(complaint(Part::kLogSlot, at, line, is_read));
      findings.back().found += "; this copy does not count, and the next commit writes it";
    }
    findings.back().severity = Severity::kNote;
    findings.back().part = Part::kLogSlot;
    findings.back().log = i;
    findings.back().offset = at;
  }

  static constexpr std::string_view kUnreadable = "bytes that cannot be read";

  const Superblock& superblock_;
  const Seeds& seeds_;
  const ReadOnlyView<M>& memory_;
  Inspection& report_;
  std::array<Root, 2> roots_{};
};

}  // namespace quintet::pm_log::internal
