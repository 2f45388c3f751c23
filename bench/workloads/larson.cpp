// SPDX-License-Identifier: MIT
#include "larson.hpp"

// The row larson: blocks are freed by operator delete[] without their size.
namespace {

struct Release {
  void operator()(char* block, std::size_t) const { ::operator delete[](block); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"larson", "random replacement by threads that hand their blocks on when they end.",
              Threads::kMany, larson<Release>},
             argc, argv);
}
