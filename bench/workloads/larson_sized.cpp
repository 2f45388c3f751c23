// SPDX-License-Identifier: MIT
#include "larson.hpp"

// The row larson-sized: operator delete[] is told each block's size.
namespace {

struct Release {
  void operator()(char* block, std::size_t size) const { ::operator delete[](block, size); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"larson_sized", "as larson, with the size of each block that is freed.",
              Threads::kMany, larson<Release>},
             argc, argv);
}
