// SPDX-License-Identifier: MIT
// Stands in for libFuzzer: runs its target on every file of a folder, and on as many inputs that
// are made from these.   open_fuzz CORPUS COUNT   or, to repeat one:   open_fuzz FILE
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

const Bytes* running = nullptr;

void run(const Bytes& input) {
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

Bytes file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Changes some bytes, mostly by little or to an extreme, and adds some edits of the same form.
class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  Bytes mutated(Bytes input) {
    input.resize(std::max<std::size_t>(input.size(), 2));
    if (below(3) == 0) input[0] = byte();
    if (below(2) == 0) input[1] = below(2) == 0 ? 63 : byte();
    for (std::size_t edits = below(4); edits != 0; --edits) {
      input.push_back(byte());
      if (below(2) == 0) {
        add_byte(input);
      } else {
        add_word(input);
      }
    }
    if (input.size() > 2 && below(2) == 0) input[2 + below(input.size() - 2)] = byte();
    return input;
  }
  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  void add_byte(Bytes& input) {
    input.push_back(static_cast<std::uint8_t>(below(2) * below(72)));
    input.push_back(below(8) == 0 ? byte() : std::uint8_t{0});
    input.push_back(byte());
  }
  // Small, or near the greatest.
  void add_word(Bytes& input) {
    input.push_back(static_cast<std::uint8_t>(8 * below(9)));
    input.push_back(7);
    const std::uint8_t high = below(2) == 0 ? std::uint8_t{0xFF} : std::uint8_t{0};
    for (int i = 0; i < 8; ++i) input.push_back(i == 0 ? byte() : high);
  }
  std::uint8_t byte() {
    static constexpr std::uint8_t kExtremes[] = {0, 1, 2, 63, 64, 127, 128, 255};
    return below(3) == 0 ? kExtremes[below(std::size(kExtremes))]
                         : static_cast<std::uint8_t>(random_());
  }

  std::mt19937_64 random_;
};

}  // namespace

int main(int count, char** arguments) {
  for (const int number : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(number, keep_input);
  const std::filesystem::path path = count > 1 ? arguments[1] : "";
  if (count == 2 && std::filesystem::is_regular_file(path)) {
    run(file(path));
    return 0;
  }
  if (count != 3 || !std::filesystem::is_directory(path)) {
    std::fputs("usage: open_fuzz CORPUS COUNT, or open_fuzz FILE\n", stderr);
    return 2;
  }
  std::vector<Bytes> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    corpus.push_back(file(entry.path()));
    run(corpus.back());
  }
  corpus.push_back({});
  const char* text = std::getenv("QUINTET_SEED");
  const std::uint64_t seed =
      text != nullptr ? std::strtoull(text, nullptr, 0) : std::random_device{}();
  const std::uint64_t inputs = std::strtoull(arguments[2], nullptr, 0);
  std::printf("%zu files, then %llu inputs of seed %llu (QUINTET_SEED)\n", corpus.size() - 1,
              static_cast<unsigned long long>(inputs), static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Mutator mutator(seed);
  for (std::uint64_t i = 0; i < inputs; ++i) {
    run(mutator.mutated(corpus[mutator.below(corpus.size())]));
  }
  return 0;
}
