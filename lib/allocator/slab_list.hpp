// SPDX-License-Identifier: MIT
#pragma once

#include "allocator/slab.hpp"

// A list of slabs of one class, through their records. A slab stands in at most one.
// Threading: the owner of the heap.
namespace quintet::allocator {

template <class Env>
class SlabQueue {
 public:
  [[nodiscard]] Slab<Env>* front() const { return first_.load(); }

  void push_front(Slab<Env>* slab, SlabList list) {
    Slab<Env>* const second = first_.load();
    slab->previous.store(nullptr);
    slab->next.store(second);
    if (second != nullptr) second->previous.store(slab);
    first_.store(slab);
    slab->list.store(list);
  }

  // Requires: `slab` stands here.
  void remove(Slab<Env>* slab) {
    Slab<Env>* const before = slab->previous.load();
    Slab<Env>* const after = slab->next.load();
    (before != nullptr ? before->next : first_).store(after);
    if (after != nullptr) after->previous.store(before);
    slab->list.store(SlabList::kNone);
  }

 private:
  typename Env::template Plain<Slab<Env>*> first_;
};

}  // namespace quintet::allocator
