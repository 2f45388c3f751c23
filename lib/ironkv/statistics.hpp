// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ironkv/host.hpp"

// Counters as text, a line for each, in the Prometheus exposition format: names end with _total
// where they only grow. Names are ours to keep: dashboards use them.
namespace quintet::ironkv {

inline void append_statistic(std::string& text, std::string_view name, std::uint64_t value) {
  text.append("ironkv_").append(name).append(" ").append(std::to_string(value)).append("\n");
}

template <Fault kFault>
[[nodiscard]] std::string statistics_text(const HostOf<kFault>& host) {
  const HostCounters& c = host.counters();
  std::string text;
  const auto add = [&](std::string_view name, std::uint64_t value) {
    append_statistic(text, name, value);
  };
  add("keys", host.table().size());
  add("map_entries", host.map().entries().size());
  add("peers", host.peers().known());
  add("value_bytes_reserved", host.values().reserved_bytes());
  std::uint64_t open = 0;
  for (const Reshard& reshard : host.reshards()) open += reshard.is_done ? 0 : 1;
  add("reshards_open", open);
  add("gets_total", c.gets);
  add("sets_total", c.sets);
  add("deletes_total", c.deletes);
  add("redirects_total", c.redirects);
  add("shards_total", c.shards);
  add("delegates_total", c.delegates);
  add("keys_sent_total", c.keys_sent);
  add("keys_received_total", c.keys_received);
  add("refused_shards_total", c.refused_shards);
  add("refused_delegates_total", c.refused_delegates);
  add("refused_values_total", c.refused_values);
  add("acks_total", c.acks);
  add("bad_acks_total", c.bad_acks);
  add("duplicates_total", c.duplicates);
  add("gaps_total", c.gaps);
  add("bad_frames_total", c.bad_frames);
  add("full_windows_total", c.full_windows);
  add("resent_total", c.resent);
  return text;
}

}  // namespace quintet::ironkv
