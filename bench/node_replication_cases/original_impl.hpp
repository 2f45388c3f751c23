// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/atomics.hpp"
#include "baselines/original_nr.hpp"
#include "node_replication_cases/mix.hpp"

// The originals' designs, for the driver of mix.hpp. As in their own driver a thread that has had
// enough goes on combining, with writes that are not counted, until all are done: a request that a
// combiner has missed, or a log that is full because of a replica without threads, would hold up
// the others for seconds, or for ever.
namespace quintet::bench::node_replication_cases {

template <class Data, class Traits>
class Original {
 public:
  using Replicated = baselines::OriginalNr<Data, StdAtomics, Traits>;

  class Thread {
   public:
    auto write(const typename Data::WriteOp& op) {
      last_ = op;
      return replicated_->write(token_, op);
    }
    template <class F>
    auto read(F&& f) {
      return replicated_->read(token_, std::forward<F>(f));
    }
    template <class AllDone>
    void finish(AllDone all_done) {
      while (!all_done() && last_) static_cast<void>(replicated_->write(token_, *last_));
    }

   private:
    friend class Original;
    Thread(Replicated& replicated, typename Replicated::Token token)
        : replicated_(&replicated), token_(token) {}
    Replicated* replicated_;
    typename Replicated::Token token_;
    std::optional<typename Data::WriteOp> last_;
  };

  template <class Make>
  Original(const Mix& mix, Make make, std::uint64_t log_entries = 0,
           const std::atomic<bool>* give_up = nullptr)
      : mix_(mix), replicated_(mix.replicas, log_entries, make, give_up) {}

  Thread thread(std::size_t member) {
    const auto token = replicated_.register_thread(mix_.replica_of(member));
    QT_CHECK(token.has_value(), "no more threads than the original has contexts for");
    return Thread(replicated_, *token);
  }

 private:
  Mix mix_;
  Replicated replicated_;
};

template <class Data>
using Upstream = Original<Data, baselines::UpstreamNr>;
template <class Data>
using VerifiedNode = Original<Data, baselines::VerifiedNr>;

}  // namespace quintet::bench::node_replication_cases
