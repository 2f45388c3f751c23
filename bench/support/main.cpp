// SPDX-License-Identifier: MIT
#include "support/run.hpp"

int main(int argc, char** argv) {
  return quintet::bench::run(argc, argv, quintet::bench::register_cases);
}
