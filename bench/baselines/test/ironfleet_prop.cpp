// SPDX-License-Identifier: MIT
#include <string>
#include <utility>
#include <vector>

#include "baselines/test/ironfleet_driver.hpp"
#include "testing/rapidcheck.hpp"

// The re-created host beside ours: whatever is put to both, they send the same bytes to the same
// end points in the same order. Left out is what they are known to differ in: acknowledgements of
// what was never sent, and Delegates with keys outside of their range.
namespace quintet::baselines::ironfleet {
namespace {

using Sent = std::vector<std::pair<EndPoint, Buffer>>;

// Keys are few, so that they meet.
Key key() {
  return *rc::gen::weightedOneOf<Key>(
      {{9, rc::gen::inRange<Key>(0, 200)}, {1, rc::gen::just(~Key{0})}});
}

KeyRange range() {
  const auto bound = [] {
    return *rc::gen::inRange(0, 8) == 0 ? ironkv::KeyBound<Key>::infinity()
                                        : ironkv::KeyBound<Key>::at(key());
  };
  const auto low = bound();
  return {low, bound()};
}

class Pair {
 public:
  explicit Pair(ironkv::PeerId me)
      : fleet_(me), quintet_(ironkv::Host::create(ironkv::three_hosts(me)).value()) {
    names_ = three_names();
    for (const char* client : {"a client", "another", ""}) {
      names_.push_back(ironkv::end_point(client));
    }
    numbers_.resize(names_.size());
    answers_.resize(names_.size());
    for (const EndPoint& name : names_) RC_ASSERT(quintet_.peer(name).has_value());
    names_[me] = names_.back();  // a host says nothing to itself
  }

  void put(const EndPoint& source, const Buffer& bytes) {
    fleet_.frame(source, bytes);
    quintet_.on_frame(quintet_.peer(source).value(), bytes, sink_);
    Sent ours;
    for (const auto& frame : sink_.take()) {
      ours.emplace_back(quintet_.peers()[frame.to].end_point, frame.bytes);
    }
    RC_ASSERT(fleet_.network.sent == ours);
    for (const auto& [to, frame] : std::exchange(fleet_.network.sent, {})) {
      if (!ironkv::read_frame(frame)->is_ack) ++answers_[index_of(to)];
    }
  }

  void say_something() {
    const auto source = *rc::gen::inRange<std::size_t>(0, names_.size());
    if (*rc::gen::inRange(0, 6) == 0) return acknowledge(source);
    const auto message = some_message();
    const Buffer bytes = bytes_of(FrameView{.number = some_number(index_of(names_[source])),
                                            .destination = names_[1],
                                            .message = message});
    put(names_[source], *rc::gen::inRange(0, 20) == 0 ? damaged(bytes) : bytes);
  }

 private:
  // The first place of that name.
  std::size_t index_of(const EndPoint& name) const {
    return static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
  }
  std::uint64_t some_number(std::size_t source) {
    const int kind = *rc::gen::inRange(0, 12);
    if (kind == 0) return *rc::gen::inRange<std::uint64_t>(0, numbers_[source] + 1);
    if (kind == 1) return numbers_[source] + 2;
    return ++numbers_[source];
  }
  void acknowledge(std::size_t source) {
    const std::uint64_t most = answers_[index_of(names_[source])];
    const auto number = *rc::gen::inRange<std::uint64_t>(0, most + 1);
    Buffer ack(ironkv::kAckBytes);
    ironkv::write_ack(number, ack.data());
    put(names_[source], ack);
  }
  Buffer damaged(Buffer bytes) {
    if (*rc::gen::arbitrary<bool>()) bytes.pop_back();
    bytes[0] = *rc::gen::arbitrary<bool>() ? std::byte{0x10} : bytes[0];
    if (*rc::gen::arbitrary<bool>()) bytes.push_back(std::byte{0});
    return bytes;
  }

  MessageView some_message() {
    value_ = std::string(*rc::gen::elementOf(std::vector<std::size_t>{0, 1, 40, 1023, 1024}), 'v');
    const Bytes name = names_[*rc::gen::inRange<std::size_t>(0, names_.size())];
    switch (
        *rc::gen::weightedElement<int>({{4, 0}, {6, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 5}, {2, 6}})) {
      case 0:
        return ironkv::get(key());
      case 1:
        return ironkv::set(key(), value_);
      case 2:
        return ironkv::erase(key());
      case 3:
        return ironkv::reply(key(), value_);
      case 4:
        return {.kind = ironkv::MessageKind::kRedirect, .key = key(), .end_point = name};
      case 5:
        return {.kind = ironkv::MessageKind::kShard, .end_point = name, .range = range()};
      default:
        return some_delegate();
    }
  }
  MessageView some_delegate() {
    const KeyRange of = range();
    const auto most = *rc::gen::elementOf(std::vector<std::uint64_t>{0, 2, 61, 62});
    table_.clear();
    std::uint64_t count = 0;
    for (Key at = of.low.key; !of.low.is_infinite && count < most && of.contains(at); at += 2) {
      ironkv::append_entry(table_, at, bytes_of(value_));
      ++count;
      if (at > ~Key{0} - 2) break;
    }
    return ironkv::delegate(of, table_, count);
  }

  FleetDriver fleet_;
  ironkv::Host quintet_;
  ironkv::CollectingSink sink_;
  std::vector<EndPoint> names_;
  std::vector<std::uint64_t> numbers_;  // said last, by each name
  std::vector<std::uint64_t> answers_;  // to each name
  std::string value_;                   // what the views of a message point to
  Buffer table_;
};

TEST_CASE("the fleet's host and ours say the same bytes in the same order") {
  rc::prop("for any messages", [](bool is_root) {
    Pair pair(is_root ? 0 : 1);
    const int messages = *rc::gen::inRange(1, 300);
    for (int i = 0; i < messages; ++i) pair.say_something();
  });
}

}  // namespace
}  // namespace quintet::baselines::ironfleet
