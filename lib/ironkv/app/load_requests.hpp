// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "ironkv/message.hpp"

// What a client asks for, one request after the other: repeatable, as a seed decides.
namespace quintet::ironkv::app {

enum class KeyOrder : std::uint8_t {
  kSequential,  // request n, from 1, is about key n mod keys, as the reference has it
  kRandom,      // all keys are equally likely
};

// A bijection of words without a pattern: the finalizer of splitmix64.
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t word) {
  word += 0x9e3779b97f4a7c15U;
  word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9U;
  word = (word ^ (word >> 27U)) * 0x94d049bb133111ebU;
  return word ^ (word >> 31U);
}

class Requests {
 public:
  struct Request {
    Key key;
    bool is_read;
  };

  // About `keys` keys from `first` on; `reads` in percent.
  Requests(Key first, std::uint64_t keys, KeyOrder order, std::uint32_t reads, std::uint64_t seed)
      : first_(first), keys_(keys), order_(order), reads_(reads), state_(mix64(seed)) {}

  Request next() {
    ++number_;
    const std::uint64_t key = order_ == KeyOrder::kRandom ? below(keys_) : number_ % keys_;
    return {first_ + key, reads_ == 100 || (reads_ > 0 && below(100) < reads_)};
  }
  // Of the last request, from 1.
  [[nodiscard]] std::uint64_t number() const { return number_; }

 private:
  // Biased by less than limit / 2^64.
  std::uint64_t below(std::uint64_t limit) { return mix64(++state_) % limit; }

  Key first_;
  std::uint64_t keys_;
  KeyOrder order_;
  std::uint32_t reads_;
  std::uint64_t state_;
  std::uint64_t number_ = 0;
};

}  // namespace quintet::ironkv::app
