// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "base/assert.hpp"
#include "node_replication/spec/atomic_object.hpp"

// The first step from the atomic object to the algorithm: writes are put into a log, and take
// effect when `version` passes them. No replicas, no bounds, no combining.
//
//   add_update, then pass (of whoever), then end_update       one write
//   version() at the begin, then end_read                     one read
namespace quintet::node_replication::spec {

template <class D>
class SimpleLog {
 public:
  using Op = typename D::WriteOp;

  explicit SimpleLog(D initial = D()) : initial_(initial), object_(initial) {}

  [[nodiscard]] const std::vector<Op>& log() const { return log_; }
  [[nodiscard]] std::size_t version() const { return responses_.size(); }

  // Returns the write's index.
  std::size_t add_update(Op op) {
    log_.push_back(std::move(op));
    return log_.size() - 1;
  }
  // The next write of the log takes effect.
  void pass() {
    QT_CHECK(version() < log_.size(), "T2: no more writes take effect than there are");
    responses_.push_back(object_.write(log_[version()]));
  }
  // The response of a write that has taken effect.
  [[nodiscard]] const auto& end_update(std::size_t index) const {
    QT_CHECK(index < version(), "U12: a write that is done has taken effect");
    return responses_[index];
  }
  // A read that sees the first `at` writes. `begun` is what version() was when it began.
  template <class F>
  [[nodiscard]] auto end_read(std::size_t begun, std::size_t at, F f) const {
    QT_CHECK(begun <= at && at <= version(), "U14: a read sees a moment of its time");
    return f(state_at(at));
  }

  // What the first `count` writes make of the structure.
  [[nodiscard]] D state_at(std::size_t count) const {
    D state = initial_;
    for (std::size_t i = 0; i < count; ++i) static_cast<void>(state.apply(log_[i]));
    return state;
  }
  // T1: this log stands for that object.
  [[nodiscard]] bool holds_t1() const { return state_at(version()) == object_.state(); }

 private:
  using Response = decltype(std::declval<D&>().apply(std::declval<const Op&>()));

  D initial_;
  AtomicObject<D> object_;
  std::vector<Op> log_;
  std::vector<Response> responses_;
};

}  // namespace quintet::node_replication::spec
