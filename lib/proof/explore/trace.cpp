// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>

#include "proof/explore/execution.hpp"

// What an execution says about itself: a line a step, in columns of number, thread and operation.
namespace quintet::proof::explore {
namespace {

constexpr std::size_t kThreadColumn = 10;
constexpr std::uint64_t kLargeDecimal = 100'000;  // from here on values are shown in hexadecimal

const char* order_text(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_consume:
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    default:
      return "seq_cst";
  }
}

std::string hexadecimal(std::uint64_t value) {
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value, 16).ptr;
  return "0x" + std::string(std::begin(digits), end);
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width > text.size() ? width - text.size() : 1, ' ');
}

std::string older_text(const Outcome& outcome) {
  const std::uint32_t age = outcome.newest_store - outcome.read_store;
  if (age == 0) return "";
  return "   (old: " + std::to_string(age) + (age == 1 ? " newer store)" : " newer stores)");
}

}  // namespace

std::string Execution::cell_text(LocationId location) const {
  const Cell& cell = cells_[location];
  if (cell.name == nullptr) return "cell#" + std::to_string(location);
  std::string text = cell.name;
  if (cell.index) text += "[" + std::to_string(*cell.index) + "]";
  return text;
}

// Addresses differ from run to run, so they are numbered.
std::string Execution::value_text(LocationId location, std::uint64_t value) {
  if (cells_[location].is_pointer) {
    if (value == 0) return "null";
    const auto found = std::find(pointers_.begin(), pointers_.end(), value);
    const auto number = found - pointers_.begin();
    if (found == pointers_.end()) pointers_.push_back(value);
    return "object#" + std::to_string(number);
  }
  const auto as_signed = static_cast<std::int64_t>(value);
  const auto as_int = static_cast<std::int32_t>(value);
  if (as_int < 0 && value >> 32 == 0 && as_int > -1000) return std::to_string(as_int);
  if (as_signed < 0 && as_signed > -1000) return std::to_string(as_signed);
  return value < kLargeDecimal ? std::to_string(value) : hexadecimal(value);
}

std::string Execution::event_text(const Event& event) {
  const Operation& operation = event.operation;
  const Outcome& outcome = event.outcome;
  const std::string order = order_text(operation.order);
  if (operation.kind == Kind::kHeavyFence) return "heavy fence";
  if (operation.kind == Kind::kFence) return "fence(" + order + ")";
  const std::string cell = cell_text(operation.location);
  const std::string read = value_text(operation.location, outcome.read);
  switch (operation.kind) {
    case Kind::kLoad:
      return cell + ".load(" + order + ") is " + read + older_text(outcome);
    case Kind::kAwait:
      return "await(" + cell + ", " + order + ") is " + read + older_text(outcome);
    case Kind::kStore:
      return cell + ".store(" + value_text(operation.location, outcome.written) + ", " + order +
             ")";
    default:
      break;
  }
  const std::string verb = operation.verb != nullptr ? operation.verb : "update";
  const std::string what = cell + "." + verb + "(" + order + "): ";
  if (outcome.wrote) return what + read + " -> " + value_text(operation.location, outcome.written);
  return what + "refused, is " + read + ", not " +
         value_text(operation.location, operation.expected);
}

std::string Execution::waiting_text(ThreadId thread) const {
  const Thread& who = threads_[thread];
  return who.name + " waits for " + cell_text(who.pending.location);
}

void Execution::say(ThreadId thread, const std::string& text) {
  const std::string number = std::to_string(trace_->size() + 1);
  const std::string column(number.size() < 4 ? 4 - number.size() : 0, ' ');
  trace_->push_back(column + number + "  " + padded(threads_[thread].name, kThreadColumn) + text);
}

}  // namespace quintet::proof::explore
