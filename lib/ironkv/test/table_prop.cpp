// SPDX-License-Identifier: MIT
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "ironkv/table.hpp"
#include "ironkv/test/collecting_sinks.hpp"
#include "testing/rapidcheck.hpp"

// The table against std::map, and the pool of its values: with keys in a row, far apart, and at
// both ends, and with enough of them to split leaves and to empty them.
namespace quintet::ironkv {
namespace {

using Model = std::map<Key, std::string>;

// A few numbers that say what to do; which keys they mean is up to the history.
struct Step {
  int what;
  std::uint64_t key;
  std::uint64_t other;
};
std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << "{" << step.what << ", " << step.key << ", " << step.other << "}";
}

enum class Keys { kDense, kSparse, kEnds };

Key key_of(Keys keys, std::uint64_t number) {
  switch (keys) {
    case Keys::kDense:
      return 1'000 + number % 700;
    case Keys::kSparse:
      return (number % 700) * 26'352'495'932'917'609U;
    case Keys::kEnds:
      break;
  }
  return number % 2 == 0 ? number % 300 : ~(number % 300);
}

KeyRange range_of(Keys keys, const Step& step) {
  if (step.other % 16 == 0) return KeyRange::all();
  if (step.other % 16 == 1) return KeyRange::from(key_of(keys, step.key));
  if (step.other % 16 == 2) return KeyRange::only(key_of(keys, step.key));
  return KeyRange::between(key_of(keys, step.key), key_of(keys, step.key + step.other % 97));
}

Model in_range(const Model& model, const KeyRange& range) {
  Model found;
  for (const auto& [key, value] : model) {
    if (range.contains(key)) found.emplace(key, value);
  }
  return found;
}

class History {
 public:
  explicit History(Keys keys) : keys_(keys) {}

  void take(const Step& step) {
    const Key key = key_of(keys_, step.key);
    switch (step.what) {
      case 0:
        erase(key);
        break;
      case 1:
        fill(step);
        break;
      case 2:
        erase_range(range_of(keys_, step));
        break;
      case 3:
        look(range_of(keys_, step), step.other);
        break;
      default:
        set(key, step.other);
    }
    check();
  }
  // Everything is there, in its order.
  void check_all() const {
    Model found;
    table_.visit(KeyRange::all(), [&](Key key, const Value& value) {
      RC_ASSERT((found.empty() || found.rbegin()->first < key));
      found.emplace(key, text(value));
      return true;
    });
    RC_ASSERT(found == model_);
  }
  void clear() {
    table_.clear();
    RC_ASSERT(table_.size() == 0U);
    RC_ASSERT(pool_.live() == 0U);
  }
  [[nodiscard]] std::size_t most() const { return most_; }

 private:
  static std::string text(const Value& value) {
    return std::string(EndPointHash::text(value.bytes()));
  }
  void set(Key key, std::uint64_t seed) {
    const std::string value(seed % (kMostValueBytes + 1), static_cast<char>(seed));
    const bool is_new = table_.set(key, pool_.make(bytes_of(value)));
    RC_ASSERT(is_new == !model_.contains(key));
    model_[key] = value;
    most_ = std::max(most_, model_.size());
  }
  void erase(Key key) { RC_ASSERT(table_.erase(key) == (model_.erase(key) == 1)); }
  // Many in a row, upwards or downwards.
  void fill(const Step& step) {
    for (std::uint64_t i = 0; i < step.other % 300; ++i) {
      set(key_of(keys_, step.other % 2 == 0 ? step.key + i : step.key - i), i % 70);
    }
  }
  void erase_range(const KeyRange& range) {
    const std::size_t erased = table_.erase(range);
    RC_ASSERT(erased == std::erase_if(model_, [&](const auto& entry) {
                return range.contains(entry.first);
              }));
  }
  void look(const KeyRange& range, std::uint64_t number) const {
    const Model expected = in_range(model_, range);
    Model found;
    table_.visit(range, [&](Key key, const Value& value) {
      found.emplace(key, text(value));
      return true;
    });
    RC_ASSERT(found == expected);
    const std::size_t limit = number % 70;
    RC_ASSERT(table_.count(range, limit) == std::min(limit, expected.size()));
    RC_ASSERT(table_.count(range, SIZE_MAX) == expected.size());
    const std::optional<Key> nth = table_.nth(range, limit);
    RC_ASSERT(nth.has_value() == (limit < expected.size()));
    if (nth) RC_ASSERT(*nth == std::next(expected.begin(), static_cast<long>(limit))->first);
    if (range.is_empty()) return;
    const auto entry = model_.find(range.low.key);
    const Value* value = table_.find(range.low.key);
    RC_ASSERT((value != nullptr) == (entry != model_.end()));
    if (value != nullptr) RC_ASSERT(text(*value) == entry->second);
  }
  void check() const {
    table_.check_invariants();
    RC_ASSERT(table_.size() == model_.size());
    RC_ASSERT(pool_.live() == model_.size());  // no value is held by anybody else
  }

  Keys keys_;
  ValuePool pool_;
  Table table_;
  Model model_;
  std::size_t most_ = 0;
};

std::vector<Step> steps(int count) {
  return *rc::gen::container<std::vector<Step>>(
      static_cast<std::size_t>(count),
      rc::gen::construct<Step>(rc::gen::inRange(0, 8), rc::gen::arbitrary<std::uint64_t>(),
                               rc::gen::inRange<std::uint64_t>(0, 1'000'000)));
}

void check_histories(Keys keys) {
  std::size_t most = 0;
  rc::prop("is a map", [&] {
    History history(keys);
    for (const Step& step : steps(*rc::gen::inRange(0, 120))) history.take(step);
    history.check_all();
    most = std::max(most, history.most());
    history.clear();
  });
  CHECK(most > 256);  // leaves were split, more than once
}

}  // namespace

TEST_CASE("the table is a map from keys in a row") { check_histories(Keys::kDense); }
TEST_CASE("the table is a map from keys far apart") { check_histories(Keys::kSparse); }
TEST_CASE("the table is a map from keys at both ends") { check_histories(Keys::kEnds); }

TEST_CASE("values are held as often as they are copied and then go back") {
  rc::prop("live counts the values that somebody holds",
           [](const std::vector<std::uint16_t>& sizes) {
             ValuePool pool;
             std::vector<Value> held;
             std::vector<std::string> expected;
             std::size_t made = 0;
             for (const std::uint16_t size : sizes) {
               const std::string text(size % (kMostValueBytes + 1), static_cast<char>(size));
               held.push_back(pool.make(bytes_of(text)));
               expected.push_back(text);
               ++made;
               if (size % 3 == 0) {  // once more
                 held.push_back(held[size % held.size()]);
                 expected.push_back(expected[size % expected.size()]);
               }
             }
             RC_ASSERT(pool.live() == made);
             for (std::size_t i = 0; i < held.size(); ++i) {
               RC_ASSERT(EndPointHash::text(held[i].bytes()) == expected[i]);
             }
             const std::size_t reserved = pool.reserved_bytes();
             held.clear();
             RC_ASSERT(pool.live() == 0U);
             for (const std::uint16_t size : sizes) {  // what came back is used again
               held.push_back(pool.make(std::vector<std::byte>(size % (kMostValueBytes + 1))));
             }
             RC_ASSERT(pool.reserved_bytes() == reserved);
             held.clear();
             RC_ASSERT(pool.live() == 0U);
           });
}

}  // namespace quintet::ironkv
