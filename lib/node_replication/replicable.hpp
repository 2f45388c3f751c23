// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

// What can be replicated: any sequential data structure whose changes are values.
//
//   struct Counter {
//     struct WriteOp { std::uint64_t add; };
//     std::uint64_t apply(const WriteOp& op) { return value += op.add; }   // the response
//     std::uint64_t value = 0;
//   };
//
// An operation is applied once to every replica, each time to an equal state; so apply() is a
// function of the state and the operation: no clock, no random numbers, no addresses. It must not
// throw (that ends the process), and not use the object that replicates it. Nor may moving an
// operation throw once a call has begun: it is moved into the log. Reads are closures over a const
// structure.
// Optional: `void prefetch(const WriteOp&) const`, which fetches what apply() will touch, without
// waiting for it: called a moment before apply(), where there is something else to do meanwhile.
namespace quintet::node_replication {

template <class D>
concept Replicable =
    std::move_constructible<D> && std::move_constructible<typename D::WriteOp> &&
    requires(D& data, const typename D::WriteOp& op) { data.apply(op); } &&
    (std::is_void_v<decltype(std::declval<D&>().apply(
         std::declval<const typename D::WriteOp&>()))> ||
     std::movable<decltype(std::declval<D&>().apply(std::declval<const typename D::WriteOp&>()))>);

// What apply() answers; may be void. Else it is made empty before, and then assigned.
template <Replicable D>
using Response = decltype(std::declval<D&>().apply(std::declval<const typename D::WriteOp&>()));

// The same as an object, into which batches are answered: default-constructible if not void.
struct NoResponse {};
template <Replicable D>
using ResponseObject = std::conditional_t<std::is_void_v<Response<D>>, NoResponse, Response<D>>;

}  // namespace quintet::node_replication
