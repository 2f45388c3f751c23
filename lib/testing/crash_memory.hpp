// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "proof/choose.hpp"

// Persistent memory in which the power fails: a PersistentMemory (pm_log/persistent_memory.hpp)
// that knows, for every aligned word of 8 bytes, what a failure now could leave there.
//
// The model: what was fenced is durable. Each word that was written since is, independently of all
// others, either as it was or has any of the values written to it: caches write lines back when
// they like, and non-temporal stores drain in any order. This holds more images than any real
// machine makes, so what survives it survives them.
//
// An image of another memory is a CrashMemory too, whose words are chosen when they are first
// read (Jaaru's idea): what recovery does not read is not enumerated, and all images that it can
// tell apart are, once each. Threading: one thread.
namespace quintet::testing {

class CrashMemory {
 public:
  static constexpr std::size_t kWord = 8;
  static constexpr std::size_t kLine = 64;

  enum class Event : std::uint8_t { kStore, kStream, kFlush, kBeforeFence, kAfterFence };
  using Watch = std::function<void(Event)>;

  // Zeros, durable. Requires: bytes is a multiple of a line.
  explicit CrashMemory(std::size_t bytes) : words_(bytes / kWord) {
    QT_CHECK(bytes % kLine == 0, "a memory has whole lines");
  }

  // The thread that the next calls are of. A fence waits for what its own thread has flushed and
  // streamed, and for nothing else.
  void set_thread(std::uint32_t thread) { thread_ = thread; }

  // Calls `watch` after every event, and before a fence. Copies do not watch.
  void watch(Watch watch) { watch_.call = std::move(watch); }

  // Forgets all, and becomes what a power failure of `base` may leave: `trail` says which.
  // Requires: `base` and `trail` outlive the use and do not change; the sizes are the same. O(1).
  void become_image(const CrashMemory& base, proof::Trail& trail) {
    become_image(base, [&trail](std::size_t options) { return trail.choose(options); });
  }
  // The same with choices of any kind: `choose(n)` returns one of 0 (the durable value) to n - 1
  // (the newest).
  using Choose = std::function<std::size_t(std::size_t options)>;
  void become_image(const CrashMemory& base, Choose choose) {
    QT_CHECK(base.words_.size() == words_.size());
    base_ = &base;
    choose_ = std::move(choose);
    stale_ = false;
    pending_.clear();
    ++generation_;
  }
  // In images: of the words of [begin, end), only the first one that is read and is not the newest
  // is chosen; the others are the newest. For payload under a checksum, where one stale word
  // decides, and 2^n combinations of n words would say the same.
  void one_stale_word_in(std::uint64_t begin, std::uint64_t end) {
    summed_begin_ = begin / kWord;
    summed_end_ = (end + kWord - 1) / kWord;
  }

  // The process that wrote is killed: what it left outstanding stays visible, but no fence of
  // another process waits for it. Only a new flush does.
  void orphan() {
    for (Pending& pending : pending_) pending.flushed_by = kNobody;
  }

  // --- PersistentMemory ---------------------------------------------------------------------

  [[nodiscard]] std::uint64_t size() const { return words_.size() * kWord; }

  void store(std::uint64_t offset, std::span<const std::byte> bytes) {
    write(offset, bytes, false);
    happened(Event::kStore);
  }
  void stream(std::uint64_t offset, std::span<const std::byte> bytes) {
    QT_CHECK(offset % kLine == 0 && bytes.size() % kLine == 0, "only whole lines are streamed");
    write(offset, bytes, true);
    happened(Event::kStream);
  }
  void flush(std::uint64_t offset, std::uint64_t bytes) {
    if (bytes == 0) return;
    const std::uint64_t first = offset / kLine;
    const std::uint64_t last = (offset + bytes - 1) / kLine;
    for (Pending& pending : pending_) {
      const std::uint64_t line = pending.word * kWord / kLine;
      if (line >= first && line <= last) pending.flushed_by = thread_;
    }
    happened(Event::kFlush);
  }
  bool fence() {
    happened(Event::kBeforeFence);
    // Of each word the last flushed value is durable; what came before it is gone.
    for (const Pending& pending : pending_) at(pending.word).outstanding = false;
    std::vector<Pending> left;
    for (std::size_t i = pending_.size(); i-- != 0;) {
      const Pending& pending = pending_[i];
      Word& word = at(pending.word);
      if (word.settled == fences_ + 1) continue;
      if (pending.flushed_by == thread_) {
        word.durable = pending.value;
        word.settled = fences_ + 1;
      } else {
        left.push_back(pending);
      }
    }
    pending_.assign(left.rbegin(), left.rend());
    for (const Pending& pending : pending_) at(pending.word).outstanding = true;
    ++fences_;
    happened(Event::kAfterFence);
    return true;
  }
  bool read(std::uint64_t offset, std::span<std::byte> bytes) const {
    check(offset, bytes.size());
    for (std::size_t done = 0; done < bytes.size();) {
      const std::uint64_t from = (offset + done) % kWord;
      const std::size_t count = std::min<std::size_t>(kWord - from, bytes.size() - done);
      const Word& word = at((offset + done) / kWord);
      if (word.outstanding) {
        const auto* durable = reinterpret_cast<const std::byte*>(&word.durable) + from;
        const auto* visible = reinterpret_cast<const std::byte*>(&word.visible) + from;
        if (std::memcmp(durable, visible, count) != 0) ++outstanding_reads_;
      }
      std::memcpy(bytes.data() + done, reinterpret_cast<const std::byte*>(&word.visible) + from,
                  count);
      done += count;
    }
    return true;
  }

  // --- what happened ------------------------------------------------------------------------

  [[nodiscard]] std::uint64_t fences() const { return fences_; }
  // Writes of another value to a word whose last value may not be durable yet.
  [[nodiscard]] std::uint64_t overwrites() const { return overwrites_; }
  // Reads of bytes whose last value may not be durable yet.
  [[nodiscard]] std::uint64_t outstanding_reads() const { return outstanding_reads_; }
  // Whether a power failure now leaves exactly what is visible.
  [[nodiscard]] bool is_quiet() const { return pending_.empty(); }
  // Changes bytes as a fault of the media would: at once, durably, unseen by watches.
  void damage(std::uint64_t offset, std::span<const std::byte> bytes) {
    Watch watching = std::exchange(watch_.call, {});
    write(offset, bytes, true);
    fence();
    watch_.call = std::move(watching);
  }

 private:
  static constexpr std::uint32_t kNobody = UINT32_MAX;

  struct Word {
    std::uint64_t durable = 0;
    std::uint64_t visible = 0;
    std::uint64_t settled = 0;     // the fence that made `durable` so
    std::uint32_t generation = 0;  // of the memory, when it was last chosen
    bool outstanding = false;      // an entry of pending_ is about it
  };
  struct Pending {
    std::uint64_t word;
    std::uint64_t value;
    std::uint32_t flushed_by;
  };
  struct Watcher {  // stays behind when the memory is copied
    Watch call;
    Watcher() = default;
    Watcher(const Watcher&) {}
    Watcher& operator=(const Watcher&) { return *this; }
  };

  void check(std::uint64_t offset, std::size_t bytes) const {
    QT_CHECK(offset <= size() && bytes <= size() - offset, "outside of the memory");
  }
  void happened(Event event) {
    if (watch_.call) watch_.call(event);
  }

  Word& at(std::uint64_t index) const {
    Word& word = words_[index];
    if (word.generation != generation_) [[unlikely]] {
      const std::uint64_t value = base_ == nullptr ? 0 : choose(index);
      word = {.durable = value, .visible = value, .generation = generation_};
    }
    return word;
  }

  // A value that a power failure of the base may leave in this word.
  std::uint64_t choose(std::uint64_t index) const {
    const Word& word = base_->at(index);
    if (!word.outstanding) return word.durable;
    std::vector<std::uint64_t>& values = values_;
    values.assign(1, word.durable);
    for (const Pending& pending : base_->pending_) {
      if (pending.word != index) continue;
      if (std::find(values.begin(), values.end(), pending.value) == values.end()) {
        values.push_back(pending.value);
      }
    }
    if (values.size() == 1) return values[0];
    const bool summed = index >= summed_begin_ && index < summed_end_;
    if (summed && stale_) return word.visible;
    const std::uint64_t value = values[choose_(values.size())];
    if (summed && value != word.visible) stale_ = true;
    return value;
  }

  void write(std::uint64_t offset, std::span<const std::byte> bytes, bool flushed) {
    check(offset, bytes.size());
    for (std::size_t done = 0; done < bytes.size();) {
      const std::uint64_t from = (offset + done) % kWord;
      const std::size_t count = std::min<std::size_t>(kWord - from, bytes.size() - done);
      const std::uint64_t index = (offset + done) / kWord;
      Word& word = at(index);
      std::uint64_t value = word.visible;
      std::memcpy(reinterpret_cast<std::byte*>(&value) + from, bytes.data() + done, count);
      if (word.outstanding && value != word.visible) ++overwrites_;
      if (word.outstanding || value != word.durable) {
        pending_.push_back({index, value, flushed ? thread_ : kNobody});
        word.outstanding = true;
      }
      word.visible = value;
      done += count;
    }
  }

  mutable std::vector<Word> words_;
  mutable std::vector<std::uint64_t> values_;
  std::vector<Pending> pending_;  // in order of time
  const CrashMemory* base_ = nullptr;
  Choose choose_{};
  mutable bool stale_ = false;
  std::uint64_t summed_begin_ = 0;
  std::uint64_t summed_end_ = 0;
  std::uint32_t generation_ = 0;
  std::uint32_t fences_ = 0;
  std::uint32_t thread_ = 0;
  std::uint64_t overwrites_ = 0;
  mutable std::uint64_t outstanding_reads_ = 0;
  Watcher watch_;
};

// A CrashMemory as a value, which is what a log owns.
class CrashMemoryRef {
 public:
  explicit CrashMemoryRef(CrashMemory& memory) : memory_(&memory) {}

  [[nodiscard]] std::uint64_t size() const { return memory_->size(); }
  void store(std::uint64_t at, std::span<const std::byte> bytes) { memory_->store(at, bytes); }
  void stream(std::uint64_t at, std::span<const std::byte> bytes) { memory_->stream(at, bytes); }
  void flush(std::uint64_t at, std::uint64_t bytes) { memory_->flush(at, bytes); }
  [[nodiscard]] bool fence() { return memory_->fence(); }
  [[nodiscard]] bool read(std::uint64_t at, std::span<std::byte> bytes) const {
    return memory_->read(at, bytes);
  }

 private:
  CrashMemory* memory_;
};

// Runs `check` on every image that a power failure of `base` may leave, as far as the check can
// tell them apart, until it returns false. Returns how many there were.
template <class Check>
std::uint64_t for_each_image(const CrashMemory& base, CrashMemory& scratch, Check check) {
  proof::Trail trail;
  std::uint64_t images = 0;
  do {
    ++images;
    scratch.become_image(base, trail);
    if (!check(scratch)) break;
  } while (trail.advance());
  return images;
}

}  // namespace quintet::testing
