// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <memory_resource>
#include <string>

#include "node_replication/log.hpp"
#include "node_replication_cases/original_impl.hpp"
#include "node_replication_cases/quintet_impl.hpp"
#include "node_replication_cases/settings.hpp"

// What a write of 16 bytes to a structure that does nothing costs one thread: with the log and
// everything around it, and (`quintet_log`) the log
// alone. Our other replicas have no thread, so the writer takes
// them along; the originals cannot do that, and have one replica. (With one replica ours has no
// log.)
namespace quintet::bench::node_replication_cases {
namespace {

struct Sink {
  struct WriteOp {
    std::uint64_t a;
    std::uint64_t b;
  };
  std::uint64_t apply(const WriteOp& op) { return sum += op.b; }
  std::uint64_t sum = 0;
};

auto make_sink() {
  return [](std::size_t) { return Sink{}; };
}

template <std::size_t kWrites>
Outcome append_session(std::size_t replicas) {
  Quintet<Sink> impl({100, replicas, 1}, make_sink());
  auto session = impl.session(0);
  std::array<Sink::WriteOp, kWrites> ops{};
  std::array<std::uint64_t, kWrites> responses{};
  const std::uint64_t batches = std::max<std::uint64_t>(appends() / kWrites, 1);
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < batches; ++i) {
    for (auto& op : ops) op = {i, 1};
    session.write(std::span(ops), std::span(responses));
  }
  return Sample::per_op(watch.seconds(), batches * kWrites);
}

// Reserve, write, apply, and let the lines be used again.
template <std::size_t kWrites>
Outcome append_log() {
  using Log = node_replication::Log<Sink::WriteOp, node_replication::StdEnv>;
  Log log;
  log.open(node_replication::Options{}.log_lines, *std::pmr::new_delete_resource());
  Sink sink;
  node_replication::LogSeen seen;
  const std::uint64_t batches = std::max<std::uint64_t>(appends() / kWrites, 1);
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < batches; ++i) {
    const std::size_t lines = Log::lines_for(kWrites);
    auto begin = log.reserve(lines, seen);
    if (!begin) {
      log.advance_head([&] { return log.tail(); });
      begin = log.reserve(lines, seen);
    }
    std::size_t left = kWrites;
    for (std::size_t line = 0; line < lines; ++line) {
      const std::size_t count = std::min(left, Log::kOpsPerLine);
      log.write(*begin + line, node_replication::ReplicaId{0}, count,
                [i] { return Sink::WriteOp{i, 1}; });
      left -= count;
    }
    for (std::size_t line = 0; line < lines; ++line) {
      log.consume(*begin + line, [&](const Sink::WriteOp& op) { sink.apply(op); });
    }
  }
  const double seconds = watch.seconds();
  if (sink.sum != batches * kWrites) return fail("the log lost operations");
  return Sample::per_op(seconds, batches * kWrites);
}

template <class Impl>
Outcome append_original() {
  Impl impl({100, 1, 1}, make_sink());
  auto thread = impl.thread(0);
  const platform::Stopwatch watch;
  for (std::uint64_t i = 0; i < appends(); ++i) consume(thread.write({i, 1}));
  return Sample::per_op(watch.seconds(), appends());
}

template <std::size_t kWrites>
void register_appends() {
  const std::string batch = "/batch:" + std::to_string(kWrites);
  for (const std::size_t replicas : {2U, 4U}) {
    register_case(
        "node_replication/log_append/quintet" + batch + "/replicas:" + std::to_string(replicas),
        [=] { return append_session<kWrites>(replicas); });
  }
  register_case("node_replication/log_append/quintet_log" + batch, append_log<kWrites>);
}

}  // namespace

void register_log_cases() {
  register_appends<1>();
  register_appends<8>();
  register_appends<32>();
  register_case("node_replication/log_append/upstream/batch:1/replicas:1",
                append_original<Upstream<Sink>>);
  register_case("node_replication/log_append/verified/batch:1/replicas:1",
                append_original<VerifiedNode<Sink>>);
}

}  // namespace quintet::bench::node_replication_cases
