// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "node_replication/structures/counter.hpp"
#include "node_replication_cases/settings.hpp"
#include "node_replication_cases/vspace.hpp"

// What is replicated, and what is done to it. A subject has `Data` (with WriteOp and apply()), a
// maker of the copy of one replica, and operations made of random bits. All implementations work on
// the same Data, so that what differs is how they synchronise. A large structure is built once per
// process and replica and stays; Data is a handle to it, and every state that a run leaves behind
// is as good as the first one.
namespace quintet::bench::node_replication_cases {

// Runs something where the memory of a replica should be, before the run.
using Near = std::function<void(const std::function<void()>&)>;

// The copy of `replica`, made when it is wanted first.
template <class T, class Make>
T& kept_copy(std::size_t replica, const Near& near, Make make) {
  static std::vector<std::unique_ptr<T>> copies;
  if (copies.size() <= replica) copies.resize(replica + 1);
  if (!copies[replica]) near([&] { copies[replica] = make(); });
  return *copies[replica];
}

template <class T>
struct Handle {
  using WriteOp = typename T::WriteOp;
  decltype(auto) apply(const WriteOp& op) { return structure->apply(op); }
  void prefetch(const WriteOp& op) const { structure->prefetch(op); }

  T* structure = nullptr;
};

// ---- counter: nothing to do but synchronise ---------------------------------------------------

struct CounterSubject {
  using Data = node_replication::Counter;
  static constexpr const char* kName = "counter";
  [[nodiscard]] Data make(std::size_t, const Near&) const { return Data(); }
  [[nodiscard]] Data::WriteOp write_op(std::uint64_t) const { return {1}; }
  [[nodiscard]] std::uint64_t read(const Data& data, std::uint64_t) const { return data.value(); }
};

// ---- hash map: a few cache misses an operation ------------------------------------------------

// Open addressing, linear probing, twice as many places as entries. Keys are below the number of
// entries and all present from the start, so a write replaces a value.
class FlatMap {
 public:
  struct WriteOp {
    std::uint64_t key;
    std::uint64_t value;
  };
  explicit FlatMap(std::uint64_t entries) : places_(2 * entries) {
    for (std::uint64_t key = 0; key < entries; ++key) apply({key, key});
  }
  // The value that was there before.
  std::uint64_t apply(const WriteOp& op) {
    Place& place = places_[find(op.key)];
    const std::uint64_t before = place.value;
    place = {op.key + 1, op.value};
    return before;
  }
  void prefetch(const WriteOp& op) const { __builtin_prefetch(&places_[home(op.key)], 1); }
  [[nodiscard]] std::uint64_t value(std::uint64_t key) const { return places_[find(key)].value; }

 private:
  struct Place {
    std::uint64_t key_plus_1 = 0;
    std::uint64_t value = 0;
  };
  [[nodiscard]] std::size_t home(std::uint64_t key) const {
    constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
    return (key * kGolden) >> (64 - std::countr_zero(places_.size()));
  }
  [[nodiscard]] std::size_t find(std::uint64_t key) const {
    std::size_t i = home(key);
    while (places_[i].key_plus_1 != 0 && places_[i].key_plus_1 != key + 1) {
      i = (i + 1) & (places_.size() - 1);
    }
    return i;
  }

  std::vector<Place> places_;
};

struct HashMapSubject {
  using Data = Handle<FlatMap>;
  static constexpr const char* kName = "hashmap";
  [[nodiscard]] Data make(std::size_t replica, const Near& near) const {
    return {&kept_copy<FlatMap>(replica, near,
                                [] { return std::make_unique<FlatMap>(hash_entries()); })};
  }
  [[nodiscard]] std::uint64_t key(std::uint64_t random) const { return random & mask; }
  [[nodiscard]] Data::WriteOp write_op(std::uint64_t random) const { return {key(random), random}; }
  [[nodiscard]] std::uint64_t read(const Data& data, std::uint64_t random) const {
    return data.structure->value(key(random));
  }

  std::uint64_t mask = hash_entries() - 1;
};

// ---- vspace: the paper's ----------------------------------------------------------------------

struct VSpaceSubject {
  using Data = Handle<VSpace>;
  static constexpr const char* kName = "vspace";
  [[nodiscard]] Data make(std::size_t replica, const Near& near) const {
    return {
        &kept_copy<VSpace>(replica, near, [] { return std::make_unique<VSpace>(vspace_bytes()); })};
  }
  [[nodiscard]] Data::WriteOp write_op(std::uint64_t random) const {
    return {random & mask, (random >> 8) & mask};
  }
  [[nodiscard]] std::uint64_t read(const Data& data, std::uint64_t random) const {
    return data.structure->resolve(random & mask);
  }

  std::uint64_t mask = (vspace_bytes() - 1) & ~(page_table::kTableBytes - 1);
};

}  // namespace quintet::bench::node_replication_cases
