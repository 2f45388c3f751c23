// SPDX-License-Identifier: MIT
#include <functional>
#include <stdexcept>
#include <string>

#include "ironkv/net/socket.hpp"
#include "ironkv_cases/deployment.hpp"
#include "ironkv_cases/settings.hpp"
#include "ironkv_cases/spinning.hpp"
#include "support/context.hpp"

// Servers under load: figure 9, then more requests on their way, callers that share a connection,
// durability, and requests that come at a fixed rate.
namespace quintet::bench::ironkv_cases {
namespace {

constexpr std::size_t kClients = 10;
constexpr std::size_t kValueBytes = 128;
// Longer than any pause under this load, so that the server never sleeps.
constexpr std::uint32_t kBusyPollUs = 1'000;

using Deploy = std::function<Deployed(const LoadPlan& plan, std::size_t value_bytes)>;

struct Implementation {
  std::string name;
  Deploy deploy;
  bool is_busy = false;  // the load spins
};

Deploy quintet(const QuintetSettings& settings) {
  return [=](const LoadPlan&, std::size_t value_bytes) {
    return deploy_quintet(settings, value_bytes);
  };
}
Deploy redis(const std::string& fsync) {
  return [=](const LoadPlan&, std::size_t value_bytes) { return deploy_redis(fsync, value_bytes); };
}

const Implementation kQuintet{"quintet", quintet({})};
const Implementation kEpoll{"quintet_epoll", quintet({.sockets = "epoll"})};
const Implementation kTls{"quintet_tls", quintet({.is_tls = true})};
const Implementation kFleet{"ironfleet", [](const LoadPlan&, std::size_t value_bytes) {
                              return deploy_ironfleet(value_bytes);
                            }};
const Implementation kRedis{"redis", redis("")};
const Implementation kMemcached{"memcached", [](const LoadPlan&, std::size_t value_bytes) {
                                  return deploy_memcached(value_bytes);
                                }};
const Implementation kEcho{"echo", [](const LoadPlan& plan, std::size_t value_bytes) {
                             return deploy_echo(plan.request, value_bytes, plan.depth);
                           }};

// server_us_per_op: time of processors that all servers took.
Outcome measure(const Implementation& implementation, LoadPlan plan, std::size_t value_bytes) {
  if (auto bound = places().topology.bind_current_thread(places().load); !bound) {
    return fail("cannot run the load on a processor of its own");
  }
  auto deployed = implementation.deploy(plan, value_bytes);
  if (!deployed) return std::unexpected(deployed.error());
  plan.keys = keys();
  plan.load_ms = load_ms();
  plan.sockets = load_sockets();
  plan.is_busy = implementation.is_busy;
  const WhileSpinning ordinary(plan.is_busy || plan.rate != 0);
  double cpu_before = 0;
  LoadResult result =
      run_load(plan, deployed->target, [&] { cpu_before = deployed->cpu_seconds(); });
  const double cpu = deployed->cpu_seconds() - cpu_before;
  const auto ops = static_cast<double>(result.latencies.size());
  auto sample = load_sample(result);
  if (!sample) return sample;
  return std::move(*sample).with("server_us_per_op", cpu * 1e6 / ops);
}

const char* name_of(Request request) { return request == Request::kGet ? "get" : "set"; }

void add(const std::string& operation, const Implementation& implementation,
         const std::string& parameters, const LoadPlan& plan,
         std::size_t value_bytes = kValueBytes) {
  register_case("ironkv/" + operation + "/" + implementation.name + "/" + parameters,
                [=] { return measure(implementation, plan, value_bytes); });
}

void add_figure() {
  for (const Request request : {Request::kGet, Request::kSet}) {
    for (const std::size_t value : {128U, 256U, 512U}) {
      const std::string parameters = "value:" + std::to_string(value) + "/clients:10";
      const LoadPlan plan{.request = request, .connections = kClients};
      for (const auto* one : {&kQuintet, &kTls, &kFleet, &kRedis, &kMemcached, &kEcho}) {
        add(name_of(request), *one, parameters, plan, value);
      }
    }
  }
}

void add_pipeline() {
  for (const Request request : {Request::kGet, Request::kSet}) {
    for (const std::size_t depth : {1U, 4U, 16U, 64U}) {
      const std::string parameters = "value:128/clients:10/depth:" + std::to_string(depth);
      const LoadPlan plan{.request = request, .connections = kClients, .depth = depth};
      for (const auto* one : {&kQuintet, &kEpoll, &kRedis, &kMemcached, &kEcho}) {
        add(std::string("pipeline_") + name_of(request), *one, parameters, plan);
      }
    }
  }
}

// Ten callers over one connection.
void add_shared() {
  const Implementation busy{"quintet_busy", quintet({.busy_poll_us = kBusyPollUs}), true};
  const Implementation redis_busy{"redis_busy", kRedis.deploy, true};
  for (const Request request : {Request::kGet, Request::kSet}) {
    const LoadPlan plan{.request = request, .connections = 1, .depth = kClients};
    for (const auto* one : {&kQuintet, &busy, &kRedis, &redis_busy}) {
      add(std::string("shared_") + name_of(request), *one, "value:128/callers:10", plan);
    }
  }
}

void add_durable() {
  const Implementation all[] = {
      kQuintet,
      {"quintet_periodic", quintet({.durability = "periodic"})},
      {"quintet_always", quintet({.durability = "always"})},
      kRedis,
      {"redis_everysec", redis("everysec")},
      {"redis_always", redis("always")},
  };
  for (const std::size_t clients : {10U, 100U}) {
    const LoadPlan plan{.request = Request::kSet, .connections = clients};
    const std::string parameters = "value:128/clients:" + std::to_string(clients);
    for (const auto& one : all) add("durable_set", one, parameters, plan);
  }
}

void add_open_loop() {
  for (const std::uint64_t rate : {10'000U, 20'000U, 40'000U}) {
    const LoadPlan plan{.connections = kClients, .rate = rate};
    for (const auto* one : {&kQuintet, &kRedis, &kMemcached, &kEcho}) {
      add("open_loop", *one, "value:128/clients:10/rate:" + std::to_string(rate), plan);
    }
  }
}

}  // namespace

void register_network_cases() {
  add_fact("qt_load_sockets", [] {
    const auto sockets = ironkv::make_socket_set(load_sockets());
    const bool is_ring = sockets && (*sockets)->engine() == ironkv::SocketEngine::kIoUring;
    return is_ring ? "io_uring" : "epoll";
  });
  add_figure();
  add_pipeline();
  add_shared();
  add_durable();
  add_open_loop();
}

}  // namespace quintet::bench::ironkv_cases
