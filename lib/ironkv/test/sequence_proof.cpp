// SPDX-License-Identifier: MIT
#include "ironkv/sequence.hpp"
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// Single delivery, for every number: an inductive invariant between one sender and one receiver,
// over a network that may deliver anything that was ever sent, at any time and any number of times.
//
//   sender    acked <= sent            (the messages acked + 1 to sent are kept)
//   receiver  last                     (its tombstone: messages 1 to last were carried out)
//   I         acked <= last <= sent    what is forgotten was received, what was received was sent
//
// Of what is on its way it is known: a message has a number of 1 to sent, an acknowledgement one of
// 1 to last. So a message is carried out exactly when it is the next, whatever arrives; P6 and P7.
namespace quintet::ironkv::proof_world {
namespace {

using proof::any;
using proof::assume;
using proof::Boolean;
using proof::prove;
using proof::Word;

using W = Word<64>;

struct State {
  W acked;
  W sent;
  W last;
};
Boolean holds(const State& state) {
  return (state.acked <= state.last) & (state.last <= state.sent);
}
State any_state() {
  const State state{any<W>("acked"), any<W>("sent"), any<W>("last")};
  assume(holds(state));
  return state;
}

void prove_send() {
  State state = any_state();
  const W unacked = state.sent - state.acked;
  if (!has_next_number(state.acked, unacked)) {
    prove("only the last number of all has none after it", state.sent == ~W(0));
    return;
  }
  const W number = state.acked + unacked + W(1);
  prove("the next number is one more and does not wrap",
        (number == state.sent + W(1)) & (number > state.sent));
  state.sent = number;
  prove("I holds after sending", holds(state));
}

template <Fault kFault>
void prove_receive() {
  State state = any_state();
  const W number = any<W>("number");
  assume((W(1) <= number) & (number <= state.sent));
  const Arrival arrival = arrival_of<kFault>(number, state.last);
  const Boolean is_next = number == state.last + W(1);
  if (arrival == Arrival::kFresh) {
    prove("carried out: the next one", is_next);
    state.last = number;
    prove("I holds after receiving", holds(state));
  } else if (arrival == Arrival::kDuplicate) {
    prove("a duplicate was carried out before", number <= state.last);
  } else {
    prove("a gap: an earlier one is missing", number > state.last);
    prove("and it is not the next", !is_next);
  }
}

template <Fault kFault>
void prove_ack() {
  State state = any_state();
  const W number = any<W>("number");
  assume((W(1) <= number) & (number <= state.last));
  const W settled = settled_by<kFault>(number, state.acked, state.sent - state.acked);
  state.acked = state.acked + settled;
  prove("I holds after an acknowledgement", holds(state));
  prove("what it names is settled", number <= state.acked);
}

// Of what was never sent, as a faulty or hostile peer may say.
template <Fault kFault>
void prove_false_ack() {
  const State state = any_state();
  const W number = any<W>("number");
  assume(number > state.sent);
  const W settled = settled_by<kFault>(number, state.acked, state.sent - state.acked);
  prove("nothing is settled", settled == W(0));
}

// Number 0 is of no message.
void prove_zero() {
  const W last = any<W>("last");
  prove("0 is a duplicate", Boolean(arrival_of(W(0), last) == Arrival::kDuplicate));
}

const bool kRegistered[] = {
    proof::obligation("ironkv/delivery_send", prove_send),
    proof::obligation("ironkv/delivery_receive", prove_receive<Fault::kNone>),
    proof::obligation("ironkv/delivery_ack", prove_ack<Fault::kNone>),
    proof::obligation("ironkv/delivery_false_ack", prove_false_ack<Fault::kNone>),
    proof::obligation("ironkv/delivery_zero", prove_zero),
    proof::must_refute("ironkv/delivery_receive/duplicate_executed",
                       prove_receive<Fault::kDuplicateExecuted>),
    proof::must_refute("ironkv/delivery_receive/gap_accepted", prove_receive<Fault::kGapAccepted>),
    proof::must_refute("ironkv/delivery_false_ack/ack_beyond_sent",
                       prove_false_ack<Fault::kAckBeyondSent>),
};

}  // namespace
}  // namespace quintet::ironkv::proof_world
