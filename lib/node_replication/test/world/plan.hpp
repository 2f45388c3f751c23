// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Small concurrent programs on a replicated structure, as data: who is where and does what.
namespace quintet::node_replication::world {

// A thread with a session of `replica`. What it does, a letter each:
//   w  writes                        r  reads
//   2..9  writes so many at once     s  brings its replica up to date
//   u  submits a write and takes it  d  detaches, and attaches again
//   !  says how much it has written  ?  hears what others have said
// and without a session (`replica` does not matter):
//   +  adds a replica                -  removes the last one that was there at first
//   =  brings all replicas up to date
struct Actor {
  std::size_t replica;
  std::string acts;
  bool attaches = false;  // itself, and not before the threads start
};

// Which structure (sheet.hpp).
enum class Kind { kSmall, kWide, kOwning };

struct Plan {
  std::string name;
  std::size_t replicas;
  std::vector<Actor> actors;
  Kind kind = Kind::kSmall;
  std::size_t lines = 4;
  std::size_t written = 0;  // so many writes have been made before the threads start
  std::size_t few = 2;      // Env::is_few()
};

}  // namespace quintet::node_replication::world
