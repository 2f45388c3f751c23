// SPDX-License-Identifier: MIT
#include "page_table/test/world/traced_memory.hpp"

#include <algorithm>
#include <cstdio>

namespace quintet::page_table::world {

static_assert(PhysicalMemory<TracedMemory>);
static_assert(!PrefetchingMemory<TracedMemory> && !CountingMemory<TracedMemory> &&
              !DirtyAllocatingMemory<TracedMemory> && !FillingMemory<TracedMemory> &&
              !MetadataMemory<TracedMemory> && !AtomicMemory<TracedMemory>);
static_assert(MetadataMemory<BesideMemory> && !CountingMemory<BesideMemory>);
static_assert(PrefetchingMemory<FullMemory> && CountingMemory<FullMemory> &&
              DirtyAllocatingMemory<FullMemory> && FillingMemory<FullMemory> &&
              MetadataMemory<FullMemory> && AtomicMemory<FullMemory>);

TracedMemory::TracedMemory(std::size_t frames)
    : words_(frames * 512), states_(frames, State::kFree), populations_(frames) {
  for (std::size_t i = frames; i-- > 0;) free_.push_back(kBase + i * 0x1000);
}

bool TracedMemory::is_frame(std::uint64_t frame) const {
  return frame >= kBase && frame % 0x1000 == 0 && index(frame) < states_.size();
}

bool TracedMemory::in_use(std::uint64_t frame) const {
  return is_frame(frame) && states_[index(frame)] == State::kInUse;
}

std::vector<std::uint64_t> TracedMemory::frames_in_use() const {
  std::vector<std::uint64_t> frames;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i] == State::kInUse) frames.push_back(kBase + i * 0x1000);
  }
  return frames;
}

TracedMemory::Word TracedMemory::peek(std::uint64_t pa) const {
  if (pa % 8 != 0 || !is_frame(pa & ~0xFFFULL)) return 0;
  return words_[(pa - kBase) / 8];
}

TracedMemory::Word TracedMemory::peek_population(std::uint64_t frame) const {
  return is_frame(frame) ? populations_[index(frame)] : 0;
}

TracedMemory::Word& TracedMemory::population_of(std::uint64_t frame) {
  if (!in_use(frame)) note("P14", "the count of a frame that is not in use is set", frame);
  return populations_.at(is_frame(frame) ? index(frame) : 0);
}

TracedMemory::Word TracedMemory::read(PhysAddr pa) const {
  if (!in_use(pa.value & ~0xFFFULL)) note("P14", "read of a frame that is not in use", pa.value);
  return peek(pa.value);
}

void TracedMemory::store(std::uint64_t pa, Word word) {
  if (pa % 8 != 0 || !in_use(pa & ~0xFFFULL)) {
    note("P14", "store outside the frames in use", pa);
    return;
  }
  const Word before = std::exchange(words_[(pa - kBase) / 8], word);
  if (observer != nullptr) observer->on_store(pa, before, word);
}

void TracedMemory::hardware_or(std::uint64_t pa, Word bits) {
  if (in_use(pa & ~0xFFFULL)) words_[(pa - kBase) / 8] |= bits;
}

std::span<TracedMemory::Word> TracedMemory::words(std::uint64_t frame) {
  return std::span(words_).subspan(index(frame) * 512, 512);
}

std::size_t TracedMemory::certain() const {
  return refuse_in_ == 0 ? free_.size() : std::min(free_.size(), refuse_in_ - 1);
}

PhysAddr TracedMemory::take(bool zeroed) {
  if ((refuse_in_ > 0 && --refuse_in_ == 0) || free_.empty()) {
    ++refusals_;
    return PhysAddr();
  }
  const std::uint64_t frame = free_.back();
  free_.pop_back();
  State& state = states_[index(frame)];
  if (!zeroed) {
    constexpr Word kRubbish = 0x0020'BAD0'BAD0'B0E7;  // present, and maps something
    std::ranges::fill(words(frame), kRubbish);
  } else if (state == State::kFreeDirty) {
    std::ranges::fill(words(frame), Word{0});
  } else if (std::ranges::any_of(words(frame), [](Word word) { return word != 0; })) {
    note("P08", "a free frame that should be zero is not", frame);
  }
  state = State::kInUse;
  if (observer != nullptr) observer->on_allocate(frame);
  return PhysAddr(frame);
}

void TracedMemory::release(PhysAddr pa, FrameContent content) {
  const std::uint64_t frame = pa.value;
  if (!in_use(frame)) {
    note("P13", "a frame that is not in use is released", frame);
    return;
  }
  if (observer != nullptr) observer->on_release(frame, content);
  if (content == FrameContent::kZero &&
      std::ranges::any_of(words(frame), [](Word word) { return word != 0; })) {
    note("P08", "a frame released as zero is not", frame);
  }
  states_[index(frame)] = content == FrameContent::kZero ? State::kFree : State::kFreeDirty;
  free_.push_back(frame);
}

void TracedMemory::check_free_frames() {
  for (const std::uint64_t frame : free_) {
    if (states_[index(frame)] == State::kFree &&
        std::ranges::any_of(words(frame), [](Word word) { return word != 0; })) {
      note("P08", "a free frame that should be zero is not", frame);
    }
  }
}

void TracedMemory::note(const char* property, const char* what, std::uint64_t where) const {
  if (misuses_.size() > 16) return;
  char text[128];
  std::snprintf(text, sizeof text, "%s: %s: 0x%llx", property, what,
                static_cast<unsigned long long>(where));
  misuses_.emplace_back(text);
}

std::string TracedMemory::misuse(const std::string& property) const {
  for (const std::string& text : misuses_) {
    if (text.starts_with(property)) return text;
  }
  return {};
}

bool FullMemory::compare_exchange(PhysAddr pa, Word& expected, Word desired) {
  if (before_exchange) before_exchange(pa.value);
  const Word present = read(pa);
  if (present != expected) {
    expected = present;
    return false;
  }
  store(pa.value, desired);
  return true;
}

}  // namespace quintet::page_table::world
