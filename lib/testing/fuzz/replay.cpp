// SPDX-License-Identifier: MIT
#include "testing/fuzz/replay.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using quintet::testing::FuzzInput;

const FuzzInput* running = nullptr;

void run(const FuzzInput& input) {
  running = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// Leaves the input behind, so that it can be repeated. Signal-safe.
void keep_input(int number) {
  const int file = ::open("failed_input", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && ::write(file, running->data(), running->size()) >= 0) {
    static constexpr char kWhere[] = "the input is in ./failed_input\n";
    (void)!::write(STDERR_FILENO, kWhere, sizeof kWhere - 1);
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

FuzzInput file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

int main(int count, char** arguments) {
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(number, keep_input);
  const std::filesystem::path path = count > 1 ? arguments[1] : "";
  if (count == 2 && std::filesystem::is_regular_file(path)) {
    run(file(path));
    return 0;
  }
  if (count != 3 || !std::filesystem::is_directory(path)) {
    std::fputs("usage: FUZZER CORPUS COUNT, or FUZZER FILE\n", stderr);
    return 2;
  }
  std::vector<FuzzInput> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    corpus.push_back(file(entry.path()));
    run(corpus.back());
  }
  const std::size_t files = corpus.size();
  corpus.push_back({});
  const char* text = std::getenv("QUINTET_SEED");
  const std::uint64_t seed =
      text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
  const std::uint64_t inputs = std::strtoull(arguments[2], nullptr, 0);
  std::printf("%zu files, then %llu inputs of seed %llu (QUINTET_SEED)\n", files,
              static_cast<unsigned long long>(inputs), static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  quintet::testing::FuzzRandom random(seed);
  for (std::uint64_t i = 0; i < inputs; ++i) run(quintet::testing::make_input(corpus, random));
  return 0;
}
