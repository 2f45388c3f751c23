// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

// What replication means: a structure that all callers share, one operation at a time. Everything
// else here says how it comes to look like this.
namespace quintet::node_replication::spec {

template <class D>
class AtomicObject {
 public:
  explicit AtomicObject(D initial = D()) : data_(std::move(initial)) {}

  auto write(const typename D::WriteOp& op) { return data_.apply(op); }
  template <class F>
  auto read(F f) const {
    return f(data_);
  }
  [[nodiscard]] const D& state() const { return data_; }

 private:
  D data_;
};

}  // namespace quintet::node_replication::spec
