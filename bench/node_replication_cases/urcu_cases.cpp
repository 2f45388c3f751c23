// SPDX-License-Identifier: MIT
#include "node_replication_cases/mix.hpp"
#include "node_replication_cases/settings.hpp"

#ifdef QT_HAVE_URCU
#include <urcu/rculfhash.h>
#include <urcu/urcu-memb.h>

#include <cstdlib>
#include <new>
#endif

// The hash map of liburcu, as its users are told to use it: readers within rcu_read_lock(), a write
// puts a new node in the place of the old one and leaves the old one to call_rcu().
namespace quintet::bench::node_replication_cases {

#ifdef QT_HAVE_URCU
namespace {

struct Node {
  cds_lfht_node link;
  std::uint64_t key;
  std::uint64_t value;
  rcu_head head;
};

template <class T>
T* owner_of(void* member, std::size_t offset) {
  return reinterpret_cast<T*>(static_cast<std::byte*>(member) - offset);
}

int has_key(cds_lfht_node* link, const void* key) {
  return owner_of<Node>(link, offsetof(Node, link))->key == *static_cast<const std::uint64_t*>(key);
}
void free_node(rcu_head* head) { delete owner_of<Node>(head, offsetof(Node, head)); }

std::uint64_t hash_of(std::uint64_t key) {
  constexpr std::uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
  const std::uint64_t product = key * kGolden;
  return product ^ (product >> 32);
}

class UrcuMap {
 public:
  explicit UrcuMap(std::uint64_t entries)
      : table_(cds_lfht_new_flavor(entries, entries, entries, 0, &urcu_memb_flavor, nullptr)) {
    if (table_ == nullptr) throw std::bad_alloc();
    urcu_memb_register_thread();
    for (std::uint64_t key = 0; key < entries; ++key) put(key, key);
    urcu_memb_unregister_thread();
  }

  // The value that was there before. Requires: a registered thread; so has value().
  std::uint64_t put(std::uint64_t key, std::uint64_t value) {
    auto* const node = new Node{{}, key, value, {}};
    cds_lfht_node_init(&node->link);
    urcu_memb_read_lock();
    cds_lfht_node* const old =
        cds_lfht_add_replace(table_, hash_of(key), has_key, &key, &node->link);
    std::uint64_t before = 0;
    if (old != nullptr) {
      Node* const replaced = owner_of<Node>(old, offsetof(Node, link));
      before = replaced->value;
      urcu_memb_call_rcu(&replaced->head, free_node);
    }
    urcu_memb_read_unlock();
    return before;
  }
  std::uint64_t value(std::uint64_t key) {
    cds_lfht_iter found{};
    urcu_memb_read_lock();
    cds_lfht_lookup(table_, hash_of(key), has_key, &key, &found);
    cds_lfht_node* const link = cds_lfht_iter_get_node(&found);
    const std::uint64_t value =
        link == nullptr ? 0 : owner_of<Node>(link, offsetof(Node, link))->value;
    urcu_memb_read_unlock();
    return value;
  }

 private:
  cds_lfht* table_;  // for as long as the process
};

struct UrcuSubject {
  struct Data {
    UrcuMap* map;
  };
  struct WriteOp {
    std::uint64_t key;
    std::uint64_t value;
  };
  static constexpr const char* kName = "hashmap";
  [[nodiscard]] Data make(std::size_t replica, const Near& near) const {
    return {&kept_copy<UrcuMap>(replica, near,
                                [] { return std::make_unique<UrcuMap>(hash_entries()); })};
  }
  [[nodiscard]] WriteOp write_op(std::uint64_t bits) const { return {bits & mask, bits}; }
  [[nodiscard]] std::uint64_t read(const Data& data, std::uint64_t bits) const {
    return data.map->value(bits & mask);
  }

  std::uint64_t mask = hash_entries() - 1;
};

class Urcu {
 public:
  class Thread {
   public:
    explicit Thread(UrcuSubject::Data data) : data_(data) { urcu_memb_register_thread(); }
    ~Thread() { urcu_memb_unregister_thread(); }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    std::uint64_t write(const UrcuSubject::WriteOp& op) { return data_.map->put(op.key, op.value); }
    template <class F>
    auto read(F&& f) {
      return f(std::as_const(data_));
    }
    template <class AllDone>
    void finish(AllDone) {}

   private:
    UrcuSubject::Data data_;
  };

  template <class Make>
  Urcu(const Mix&, Make make) : data_(make(0)) {}
  ~Urcu() { urcu_memb_barrier(); }  // nothing is freed beside the next run
  Urcu(const Urcu&) = delete;
  Urcu& operator=(const Urcu&) = delete;
  Thread thread(std::size_t) { return Thread(data_); }

 private:
  UrcuSubject::Data data_;
};

}  // namespace

void register_urcu_cases() { register_mixes<Urcu, UrcuSubject>("urcu", false); }

#else

void register_urcu_cases() { register_missing_mixes("urcu", "hashmap", "liburcu-dev"); }

#endif

}  // namespace quintet::bench::node_replication_cases
