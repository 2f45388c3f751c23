// SPDX-License-Identifier: MIT
#include "baselines/ironfleet/marshalling.hpp"

#include <type_traits>
#include <utility>

#include "ironkv/wire.hpp"

namespace quintet::baselines::ironfleet {
namespace {

using ironkv::KeyBound;
using ironkv::WireReader;

// --- Writing.

struct Tree;
using Tag = std::uint8_t;            // one byte
using Number = std::uint64_t;        // eight, the low one first
using Sequence = std::vector<Tree>;  // one thing after the other, with nothing in front
struct Tree {
  std::variant<Tag, Number, Buffer, Sequence> node;  // a buffer has its length in front
};

Tree tag(unsigned value) { return {static_cast<Tag>(value)}; }
Tree number(Number value) { return {value}; }
Tree bytes(const Buffer& buffer) { return {buffer}; }

template <class... Parts>
Tree sequence(Parts... parts) {
  Sequence all;
  (all.push_back(std::move(parts)), ...);
  return {std::move(all)};
}

Tree tree_of(const KeyBound<Key>& bound) {
  return bound.is_infinite ? tag(0) : sequence(tag(1), number(bound.key));
}
Tree tree_of(const KeyRange& range) { return sequence(tree_of(range.low), tree_of(range.high)); }
Tree tree_of(const OptionalValue& value) {
  return value ? sequence(tag(1), bytes(*value)) : tag(0);
}
Tree tree_of(const Get& get) { return number(get.key); }
Tree tree_of(const Set& set) { return sequence(number(set.key), tree_of(set.value)); }
Tree tree_of(const Reply& reply) { return sequence(number(reply.key), tree_of(reply.value)); }
Tree tree_of(const Redirect& redirect) {
  return sequence(number(redirect.key), bytes(redirect.owner));
}
Tree tree_of(const Shard& shard) { return sequence(tree_of(shard.range), bytes(shard.recipient)); }
Tree tree_of(const Delegate& delegate) {
  Sequence entries;
  for (const auto& [key, value] : delegate.table) {
    entries.push_back(sequence(number(key), bytes(value)));
  }
  return sequence(tree_of(delegate.range), number(delegate.table.size()), Tree{std::move(entries)});
}
Tree tree_of(const Message& message) {
  Tree content = std::visit([](const auto& what) { return tree_of(what); }, message);
  return sequence(tag(static_cast<unsigned>(message.index())), std::move(content));
}
Tree tree_of(const Single& message) {
  if (const auto* ack = std::get_if<Ack>(&message)) return sequence(tag(1), number(ack->number));
  const auto& numbered = std::get<Numbered>(message);
  return sequence(tag(0), number(numbered.number), bytes(numbered.destination),
                  tree_of(numbered.message));
}

std::size_t size_of(const Tree& tree) {
  if (const auto* parts = std::get_if<Sequence>(&tree.node)) {
    std::size_t size = 0;
    for (const Tree& part : *parts) size += size_of(part);
    return size;
  }
  if (const auto* buffer = std::get_if<Buffer>(&tree.node)) return 8 + buffer->size();
  return std::holds_alternative<Tag>(tree.node) ? 1 : 8;
}

std::byte* store(std::byte* at, const Tree& tree) {
  if (const auto* parts = std::get_if<Sequence>(&tree.node)) {
    for (const Tree& part : *parts) at = store(at, part);
    return at;
  }
  if (const auto* buffer = std::get_if<Buffer>(&tree.node)) {
    return ironkv::store_bytes(at, *buffer);
  }
  if (const auto* one = std::get_if<Tag>(&tree.node)) return ironkv::store_byte(at, *one);
  return ironkv::store_le64(at, std::get<Number>(tree.node));
}

// --- Reading.

Buffer copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

EndPoint read_end_point(WireReader& reader) {
  return copy(reader.bytes(ironkv::kMostEndPointBytes));
}
KeyBound<Key> read_bound(WireReader& reader) {
  return reader.is_present() ? KeyBound<Key>::at(reader.number()) : KeyBound<Key>::infinity();
}
KeyRange read_range(WireReader& reader) {
  const KeyBound<Key> low = read_bound(reader);
  return {low, read_bound(reader)};
}
OptionalValue read_value(WireReader& reader) {
  if (!reader.is_present()) return std::nullopt;
  return copy(reader.bytes());
}

std::map<Key, Value> read_table(WireReader& reader) {
  std::map<Key, Value> table;
  const std::uint64_t count = reader.number();
  const std::size_t before = reader.left();
  for (std::uint64_t i = 0; i < count && reader.is_good(); ++i) {
    const Key key = reader.number();
    if (!table.empty() && key <= table.rbegin()->first) reader.fail();
    table.emplace_hint(table.end(), key, copy(reader.bytes()));
  }
  if (before - reader.left() > ironkv::kMostDelegateBytes) reader.fail();
  return table;
}

// The members are read in the order in which they stand in the braces.
std::optional<Message> read_message(WireReader& reader) {
  switch (reader.byte()) {
    case 0:
      return Get{reader.number()};
    case 1:
      return Set{reader.number(), read_value(reader)};
    case 2:
      return Reply{reader.number(), read_value(reader)};
    case 3:
      return Redirect{reader.number(), read_end_point(reader)};
    case 4:
      return Shard{read_range(reader), read_end_point(reader)};
    case 5:
      return Delegate{read_range(reader), read_table(reader)};
    default:
      return std::nullopt;
  }
}

}  // namespace

Buffer marshal(const Single& message) {
  const Tree tree = tree_of(message);
  Buffer buffer(size_of(tree));
  store(buffer.data(), tree);
  return buffer;
}

std::optional<Single> parse(Bytes bytes) {
  WireReader reader(bytes);
  const unsigned kind = reader.byte();
  const std::uint64_t count = reader.number();
  if (kind == 1 && reader.is_done()) return Ack{count};
  if (kind != 0) return std::nullopt;
  EndPoint destination = read_end_point(reader);
  std::optional<Message> message = read_message(reader);
  if (!message || !reader.is_done()) return std::nullopt;
  return Numbered{count, std::move(destination), std::move(*message)};
}

}  // namespace quintet::baselines::ironfleet
