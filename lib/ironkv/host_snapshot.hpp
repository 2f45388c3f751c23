// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstring>

#include "ironkv/host.hpp"

// Of HostOf (host.hpp): what outlives a restart. A snapshot, and records of what came after it.
//
//   snapshot  "QTIRON01" bytes(me) hosts bytes(host)... delegations
//             entries (low host)... keys (key bytes(value))... peers peer...
//   peer      bytes(end point) last_received acked unacked bytes(frame)...
//   record    00 bytes(end point) acked bytes(frame) | 01 bytes(end point)
//
// Neither carries a checksum: the log below does (pm_log).
namespace quintet::ironkv {

namespace internal {

inline constexpr std::uint64_t kSnapshotMagic = 0x31304E4F52495451;  // "QTIRON01"

inline void append_number(std::vector<std::byte>& out, std::uint64_t value) {
  std::array<std::byte, 8> bytes;
  store_le64(bytes.data(), value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}
inline void append_bytes(std::vector<std::byte>& out, Bytes bytes) {
  append_number(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace internal

template <Fault kFault>
void HostOf<kFault>::save(std::vector<std::byte>& out) const {
  using internal::append_bytes;
  using internal::append_number;
  append_number(out, internal::kSnapshotMagic);
  append_bytes(out, options_.hosts[options_.me]);
  append_number(out, options_.hosts.size());
  for (const EndPoint& host : options_.hosts) append_bytes(out, host);
  append_number(out, delegations_);
  const Map only_mine(options_.me);
  const auto& entries = (kFault == Fault::kMapNotSaved ? only_mine : map_).entries();
  append_number(out, entries.size());
  for (const auto& entry : entries) {
    append_number(out, entry.low);
    append_number(out, entry.owner);
  }
  append_number(out, table_.size());
  table_.visit(KeyRange::all(), [&](Key key, const Value& value) {
    append_entry(out, key, value.bytes());
    return true;
  });
  append_number(out, peers_.known());
  for (PeerId id = 0; id < peers_.end(); ++id) {
    if (peers_[id].is_known) save_peer(peers_[id], out);
  }
}

template <Fault kFault>
void HostOf<kFault>::save_peer(const Peer& peer, std::vector<std::byte>& out) const {
  internal::append_bytes(out, peer.end_point);
  internal::append_number(out, kFault == Fault::kTombstoneNotSaved ? 0 : peer.last_received);
  internal::append_number(out, peer.acked);
  const std::size_t unacked = kFault == Fault::kWindowNotSaved ? 0 : peer.window.size();
  internal::append_number(out, unacked);
  for (std::size_t i = 0; i < unacked; ++i) {
    const FrameView frame = frame_of(peer, peer.acked + 1 + i, peer.window.at(i));
    internal::append_number(out, frame_bytes(frame));
    out.resize(out.size() + frame_bytes(frame));
    write_frame(frame, out.data() + out.size() - frame_bytes(frame));
  }
}

template <Fault kFault>
Result<void> HostOf<kFault>::restore(Bytes snapshot) {
  WireReader reader(snapshot);
  if (reader.number() != internal::kSnapshotMagic) return std::unexpected(Error::kBadSnapshot);
  bool is_ours = EndPointEqual()(reader.bytes(), options_.hosts[options_.me]);
  is_ours = reader.number() == options_.hosts.size() && is_ours;
  for (std::size_t i = 0; is_ours && i < options_.hosts.size(); ++i) {
    is_ours = EndPointEqual()(reader.bytes(), options_.hosts[i]);
  }
  if (!reader.is_good()) return std::unexpected(Error::kBadSnapshot);
  if (!is_ours) return std::unexpected(Error::kSnapshotOfAnother);
  delegations_ = reader.number();
  bool is_good = restore_map(reader) && restore_table(reader);
  const std::uint64_t peers = is_good ? reader.number() : 0;
  for (std::uint64_t i = 0; is_good && i < peers; ++i) is_good = restore_peer(reader);
  if (!is_good || !reader.is_done()) return std::unexpected(Error::kBadSnapshot);
  return {};
}

template <Fault kFault>
bool HostOf<kFault>::restore_map(WireReader& reader) {
  const std::uint64_t count = reader.number();
  std::vector<typename Map::Entry> entries;
  for (std::uint64_t i = 0; reader.is_good() && i < count; ++i) {
    const Key low = reader.number();
    const std::uint64_t owner = reader.number();
    if (owner >= options_.hosts.size()) return false;
    entries.push_back({low, static_cast<PeerId>(owner)});
  }
  if (!reader.is_good() || !Map::is_valid(entries)) return false;
  map_.restore(std::move(entries));
  return true;
}

template <Fault kFault>
bool HostOf<kFault>::restore_table(WireReader& reader) {
  const std::uint64_t count = reader.number();
  table_.clear();
  std::optional<Key> last;
  for (std::uint64_t i = 0; reader.is_good() && i < count; ++i) {
    const Key key = reader.number();
    const Bytes value = reader.bytes(kMostValueBytes);
    if (!reader.is_good() || (last && key <= *last)) return false;
    if (map_.owner(key) != options_.me) return false;  // I2
    last = key;
    table_.set(key, pool_->make(value));
  }
  return reader.is_good();
}

template <Fault kFault>
bool HostOf<kFault>::restore_peer(WireReader& reader) {
  const Bytes end_point = reader.bytes(kMostEndPointBytes);
  if (!reader.is_good()) return false;
  const Result<PeerId> id = peer(end_point);
  if (!id) return false;
  Peer& restored = peers_[*id];
  restored.last_received = reader.number();
  restored.acked = reader.number();
  if (!restored.window.is_empty()) return false;  // the same end point twice
  restored.resend_after = options_.resend_after;
  const std::uint64_t unacked = reader.number();
  for (std::uint64_t i = 0; reader.is_good() && i < unacked; ++i) {
    const Bytes frame = reader.bytes();
    if (!has_next_number(restored.acked, std::uint64_t{restored.window.size()})) return false;
    if (!restore_unacked(restored, frame, restored.acked + 1 + i)) return false;
  }
  return reader.is_good();
}

template <Fault kFault>
bool HostOf<kFault>::restore_unacked(Peer& peer, Bytes bytes, std::uint64_t number) {
  const std::optional<FrameView> frame = read_frame(bytes);
  if (!frame || frame->is_ack || frame->number != number) return false;
  const MessageView& message = frame->message;
  Unacked unacked{.kind = message.kind, .key = message.key};
  if (message.kind == MessageKind::kReply) {
    if (message.value.size() > kMostValueBytes) return false;
    if (message.has_value) unacked.value = pool_->make(message.value);
  } else if (message.kind == MessageKind::kRedirect) {
    const std::optional<PeerId> owner = host_of(message.end_point);
    if (!owner) return false;
    unacked.owner = *owner;
  } else if (message.kind == MessageKind::kDelegate) {
    unacked.delegated = std::make_unique<Delegated>(
        Delegated{message.range,
                  message.table.count,
                  {message.table.bytes.begin(), message.table.bytes.end()}});
  } else {
    return false;
  }
  peer.window.push(std::move(unacked));
  return true;
}

template <Fault kFault>
void HostOf<kFault>::append_record(PeerId source, Bytes frame, std::vector<std::byte>& out) const {
  out.push_back(std::byte{0});
  internal::append_bytes(out, peers_[source].end_point);
  internal::append_number(out, peers_[source].acked);
  internal::append_bytes(out, frame);
}

template <Fault kFault>
void HostOf<kFault>::append_forget_record(PeerId client, std::vector<std::byte>& out) const {
  out.push_back(std::byte{1});
  internal::append_bytes(out, peers_[client].end_point);
}

template <Fault kFault>
Result<void> HostOf<kFault>::replay(Bytes record) {
  const auto bad = [] { return std::unexpected(Error::kBadRecord); };
  WireReader reader(record);
  const unsigned kind = reader.byte();
  const Bytes end_point = reader.bytes(kMostEndPointBytes);
  if (!reader.is_good() || kind > 1) return bad();
  if (kind == 1) {
    const std::optional<PeerId> known = peers_.find(end_point);
    if (!reader.is_done() || !known || is_host(*known)) return bad();
    forget(*known);
    return {};
  }
  const Result<PeerId> source = peer(end_point);
  const std::uint64_t acked = reader.number();
  const Bytes frame = reader.bytes();
  if (!reader.is_done() || !source) return bad();
  receive_ack(*source, acked);
  NullSink sink;
  if (receive(*source, frame, true, sink) != Outcome::kExecuted) return bad();
  return {};
}

template <Fault kFault>
void HostOf<kFault>::check_invariants() const {
  map_.check_invariants();
  table_.check_invariants();
  table_.visit(KeyRange::all(), [&](Key key, const Value&) {
    QT_CHECK(map_.owner(key) == options_.me, "I2: a key is stored by a host that does not own it");
    return true;
  });
}

}  // namespace quintet::ironkv
