// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/assert.hpp"

// Values of up to 1023 bytes that are held several times: by the table, and by each answer that is
// not yet acknowledged. A value never changes; it goes back to its pool when nobody holds it.
// Invariant: a block is either counted by its holders or in the list of its class.
// Threading: one thread, for a pool and all its values. A pool outlives its values.
namespace quintet::ironkv {

inline constexpr std::size_t kMostValueBytes = 1023;

using Bytes = std::span<const std::byte>;

class ValuePool;

// A held value, or none. Copying holds it once more: no bytes are copied.
class Value {
 public:
  Value() = default;
  Value(const Value& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->holders;
  }
  Value(Value&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Value& operator=(Value other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  inline ~Value();

  explicit operator bool() const { return block_ != nullptr; }
  // Requires: there is one.
  [[nodiscard]] Bytes bytes() const { return {block_->bytes(), block_->size}; }

 private:
  friend class ValuePool;
  struct Block {
    ValuePool* pool;
    Block* next;  // in the list of free ones
    std::uint32_t holders;
    std::uint32_t size;
    [[nodiscard]] std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }
  };
  explicit Value(Block* block) : block_(block) {}
  Block* block_ = nullptr;
};

// Blocks of 17 sizes: a header and a multiple of 64 bytes.
class ValuePool {
 public:
  ValuePool() = default;
  ValuePool(const ValuePool&) = delete;
  ValuePool& operator=(const ValuePool&) = delete;

  // Requires: at most kMostValueBytes. Allocates only when no block of the class is free.
  [[nodiscard]] Value make(Bytes bytes) {
    QT_ASSERT(bytes.size() <= kMostValueBytes);
    const std::size_t size_class = class_of(bytes.size());
    if (free_[size_class] == nullptr) refill(size_class);
    Value::Block* block = std::exchange(free_[size_class], free_[size_class]->next);
    block->holders = 1;
    block->size = static_cast<std::uint32_t>(bytes.size());
    if (!bytes.empty()) std::memcpy(block->bytes(), bytes.data(), bytes.size());
    ++live_;
    return Value(block);
  }

  // Values that somebody holds; bytes that the pool has from the system.
  [[nodiscard]] std::size_t live() const { return live_; }
  [[nodiscard]] std::size_t reserved_bytes() const { return chunks_.size() * kChunkBytes; }

 private:
  friend class Value;
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kClasses = (kMostValueBytes + kStep - 1) / kStep + 1;
  static constexpr std::size_t kChunkBytes = 64 * 1024;

  // Of no bytes, class 0.
  static std::size_t class_of(std::size_t bytes) { return (bytes + kStep - 1) / kStep; }

  void refill(std::size_t size_class) {
    const std::size_t block_bytes = sizeof(Value::Block) + size_class * kStep;
    chunks_.push_back(std::make_unique<std::max_align_t[]>(kChunkBytes / sizeof(std::max_align_t)));
    auto* at = reinterpret_cast<std::byte*>(chunks_.back().get());
    for (std::size_t i = kChunkBytes / block_bytes; i-- > 0;) {
      auto* block = new (at + i * block_bytes) Value::Block{this, free_[size_class], 0, 0};
      free_[size_class] = block;
    }
  }
  void give_back(Value::Block* block) {
    const std::size_t size_class = class_of(block->size);
    block->next = std::exchange(free_[size_class], block);
    --live_;
  }

  std::array<Value::Block*, kClasses> free_{};
  std::vector<std::unique_ptr<std::max_align_t[]>> chunks_;
  std::size_t live_ = 0;
};

Value::~Value() {
  if (block_ != nullptr && --block_->holders == 0) block_->pool->give_back(block_);
}

}  // namespace quintet::ironkv
