// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// The seeded faults of the test suite, which some check must catch each and which no real
// instantiation has: a constant parameter of the parts that hold the decisions.
namespace quintet::ironkv {

enum class Fault : std::uint8_t {
  kNone,
  // Single delivery.
  kDuplicateExecuted,  // a message that was received before is carried out again
  kGapAccepted,        // a message is taken although one before it is missing
  kGapAcknowledged,    // one that is not taken is acknowledged all the same
  kAckBeyondSent,      // an acknowledgement of what was never sent is believed
  kResendOnlyLast,     // of several unacknowledged messages only the last is sent again
  // The delegation map.
  kEndNotPinned,    // setting a range gives away what is behind it, too
  kMergesOthers,    // neighbours with different owners become one
  kEraseKeepsLast,  // an entry within the range stays
  // Moving keys.
  kShardKeepsKeys,        // the keys stay in the table
  kShardKeepsOwnership,   // the map is not changed
  kShardSkipsKey,         // one key is left out of what is handed over
  kShardNotOwner,         // a range is handed over of which not every key is ours
  kShardTooMany,          // 62 keys or more are handed over
  kDelegateFromStranger,  // keys are taken from one that is no host
  kDelegateNotOwned,      // they are taken, the map is not changed
  // Requests.
  kServesForeignKeys,  // a key that is another host's is served all the same
  kAbsentAsEmpty,      // a delete stores an empty value
  // What outlives a crash.
  kTombstoneNotSaved,  // a snapshot leaves out which messages were received
  kWindowNotSaved,     // and what is not yet acknowledged
  kMapNotSaved,        // and whose keys are whose
  kAckBeforeDurable,   // outputs leave before their record is durable
  // A host that begins with nothing.
  kForgottenServes,    // although another one knows it
  kFirstIgnoresMoves,  // the first one serves although ranges have moved
  kServesUnheard,      // before all others have answered
  // The client.
  kAnswersUnfiltered,   // an answer is taken twice
  kNewNumberOnResend,   // a request that is sent again gets a new number
  kRedirectAtOnce,      // a redirect loop is followed without a pause
  kForgetsOnReconnect,  // what was sent before the connection broke is not sent again
  kDivertsSaid,         // what may have reached one server is asked of another
  kEnd,
};

}  // namespace quintet::ironkv
