// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

// What the calls of this library refuse. What arrives from the network is never an Error: it is
// dropped and counted, as the protocol has it (host.hpp).
namespace quintet::ironkv {

enum class Error : std::uint8_t {
  kNoHosts,            // a cluster has at least one host
  kDuplicateHost,      // two hosts with the same end point
  kUnknownHost,        // not a host of this cluster
  kEndPointTooLong,    // an end point of 1 MiB or more
  kTooManyPeers,       // as many end points are known as the options allow
  kBadOption,          // an option outside its limits
  kEmptyRange,         // a range of keys with nothing in it
  kMovesToItself,      // keys are to move to the host that has them
  kNotOwner,           // no key of the range belongs to this host
  kValueTooLong,       // a value of 1024 bytes or more is never answered by a host
  kTooManyCalls,       // as many calls are open as the options allow
  kBadSnapshot,        // not a snapshot, of another version, or damaged
  kSnapshotOfAnother,  // a snapshot of another host or of another list of hosts
  kBadRecord,          // not a record of a journal, or damaged
  kNotServing,         // a server that has not heard yet whether others know it
};

template <class T>
using Result = quintet::Result<T, Error>;

// One sentence in lower case without a full stop: what is wrong and what helps.
[[nodiscard]] constexpr std::string_view to_string(Error error) {
  switch (error) {
    case Error::kNoHosts:
      return "the list of hosts is empty: name at least one";
    case Error::kDuplicateHost:
      return "two hosts have the same end point: give each its own key";
    case Error::kUnknownHost:
      return "not a host of this cluster: see the service file";
    case Error::kEndPointTooLong:
      return "an end point has 1 MiB or more: use a hash of the key";
    case Error::kTooManyPeers:
      return "too many end points are known: forget idle ones";
    case Error::kBadOption:
      return "an option is outside its limits";
    case Error::kEmptyRange:
      return "the range holds no key: its end is not above its begin";
    case Error::kMovesToItself:
      return "the keys are to move to the host that has them";
    case Error::kNotOwner:
      return "this host owns no key of the range: ask the host that does";
    case Error::kValueTooLong:
      return "the value is longer than 1023 bytes: store it in parts";
    case Error::kTooManyCalls:
      return "too many calls are open: wait for some to finish";
    case Error::kBadSnapshot:
      return "not a whole snapshot of this version";
    case Error::kSnapshotOfAnother:
      return "the snapshot is of another host or list of hosts";
    case Error::kBadRecord:
      return "not a whole record of a journal";
    case Error::kNotServing:
      return "the server waits for the others before it serves: start them";
  }
  return "unknown error";
}

}  // namespace quintet::ironkv
