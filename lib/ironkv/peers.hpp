// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "ironkv/window.hpp"

// The end points that a host knows, by small numbers, and both directions of the conversation with
// each. The hosts of the cluster come first and stay; a client may be forgotten, which gives its
// number to the next newcomer. Threading: one thread.
namespace quintet::ironkv {

struct Peer {
  EndPoint end_point{};
  std::uint64_t last_received = 0;  // its tombstone: the number of its last message
  std::uint64_t acked = 0;          // of our messages it has acknowledged so many
  Window window{};                  // the messages from acked + 1 on
  std::uint64_t resend_at = 0;      // when to send these again, if there are any
  std::uint64_t resend_after = 0;   // how long after that the next time
  bool is_known = true;
};

struct EndPointHash {
  using is_transparent = void;
  static std::string_view text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::size_t operator()(Bytes bytes) const { return std::hash<std::string_view>()(text(bytes)); }
};
struct EndPointEqual {
  using is_transparent = void;
  bool operator()(Bytes a, Bytes b) const { return EndPointHash::text(a) == EndPointHash::text(b); }
};

class Peers {
 public:
  [[nodiscard]] std::optional<PeerId> find(Bytes end_point) const {
    const auto found = ids_.find(end_point);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
  }

  // Requires: not known yet.
  PeerId add(Bytes end_point) {
    PeerId id = static_cast<PeerId>(peers_.size());
    if (forgotten_.empty()) {
      peers_.emplace_back();
    } else {
      id = forgotten_.back();
      forgotten_.pop_back();
      peers_[id] = Peer();
    }
    peers_[id].end_point.assign(end_point.begin(), end_point.end());
    ids_.emplace(peers_[id].end_point, id);
    return id;
  }
  void forget(PeerId id) {
    QT_ASSERT(peers_[id].is_known);
    ids_.erase(peers_[id].end_point);
    peers_[id] = Peer();
    peers_[id].is_known = false;
    forgotten_.push_back(id);
  }

  Peer& operator[](PeerId id) { return peers_[id]; }
  const Peer& operator[](PeerId id) const { return peers_[id]; }

  [[nodiscard]] std::size_t known() const { return ids_.size(); }
  // All numbers given so far are below; some may be of forgotten ones.
  [[nodiscard]] PeerId end() const { return static_cast<PeerId>(peers_.size()); }

 private:
  std::vector<Peer> peers_;
  std::vector<PeerId> forgotten_;
  std::unordered_map<EndPoint, PeerId, EndPointHash, EndPointEqual> ids_;
};

}  // namespace quintet::ironkv
