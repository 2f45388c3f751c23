// SPDX-License-Identifier: MIT
#include "node_replication_cases/lock_impl.hpp"
#include "node_replication_cases/settings.hpp"

#ifdef QT_HAVE_TBB
#include <oneapi/tbb/concurrent_hash_map.h>
#endif

// The concurrent hash map of oneTBB, through its accessors.
namespace quintet::bench::node_replication_cases {

#ifdef QT_HAVE_TBB
namespace {

class TbbMap {
 public:
  using WriteOp = FlatMap::WriteOp;

  explicit TbbMap(std::uint64_t entries) : map_(2 * entries) {
    for (std::uint64_t key = 0; key < entries; ++key) apply({key, key});
  }
  // The value that was there before.
  std::uint64_t apply(const WriteOp& op) {
    Map::accessor place;
    map_.insert(place, op.key);
    return std::exchange(place->second, op.value);
  }
  void prefetch(const WriteOp&) const {}
  [[nodiscard]] std::uint64_t value(std::uint64_t key) const {
    Map::const_accessor place;
    return map_.find(place, key) ? place->second : 0;
  }

 private:
  using Map = tbb::concurrent_hash_map<std::uint64_t, std::uint64_t>;
  Map map_;
};

struct TbbSubject {
  using Data = Handle<TbbMap>;
  static constexpr const char* kName = "hashmap";
  [[nodiscard]] Data make(std::size_t replica, const Near& near) const {
    return {
        &kept_copy<TbbMap>(replica, near, [] { return std::make_unique<TbbMap>(hash_entries()); })};
  }
  [[nodiscard]] Data::WriteOp write_op(std::uint64_t bits) const { return {bits & mask, bits}; }
  [[nodiscard]] std::uint64_t read(const Data& data, std::uint64_t bits) const {
    return data.structure->value(bits & mask);
  }

  std::uint64_t mask = hash_entries() - 1;
};

}  // namespace

void register_tbb_cases() { register_mixes<Unlocked<TbbSubject::Data>, TbbSubject>("tbb", false); }

#else

void register_tbb_cases() { register_missing_mixes("tbb", "hashmap", "libtbb-dev"); }

#endif

}  // namespace quintet::bench::node_replication_cases
