// SPDX-License-Identifier: MIT
// Stands in for libFuzzer: runs its target on every file of a folder, and on as many inputs that
// are made of these.   frames_fuzz CORPUS COUNT   or, to repeat one:   frames_fuzz FILE
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

const Input* running = nullptr;

void run(const Input& input) {
  running = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

// Leaves the input behind, so that it can be repeated. Signal-safe.
void keep_input(int number) {
  const int file = ::open("failed_frames", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && ::write(file, running->data(), running->size()) >= 0) {
    static constexpr char kWhere[] = "the input is in ./failed_frames\n";
    (void)!::write(STDERR_FILENO, kWhere, sizeof kWhere - 1);
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

Input file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Inputs one after the other, of which a few bytes are changed or left out.
class Maker {
 public:
  Maker(std::vector<Input> corpus, std::uint64_t seed)
      : corpus_(std::move(corpus)), random_(seed) {}

  Input make() {
    Input made;
    for (std::size_t parts = 1 + below(4); parts != 0; --parts) {
      const Input& part = corpus_[below(corpus_.size())];
      made.insert(made.end(), part.begin(), part.end());
    }
    for (std::size_t edits = below(4); edits != 0 && !made.empty(); --edits) {
      const std::size_t at = below(made.size());
      if (below(4) == 0) {
        made.erase(made.begin() + static_cast<std::ptrdiff_t>(at));
      } else if (below(2) == 0) {
        made[at] ^= static_cast<std::uint8_t>(1U << below(8));
      } else {
        made[at] = static_cast<std::uint8_t>(below(2) == 0 ? random_() : below(6));
      }
    }
    return made;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  std::vector<Input> corpus_;
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
    std::fputs("usage: frames_fuzz CORPUS COUNT, or frames_fuzz FILE\n", stderr);
    return 2;
  }
  std::vector<Input> corpus;
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
  Maker maker(std::move(corpus), seed);
  for (std::uint64_t i = 0; i < inputs; ++i) run(maker.make());
  return 0;
}
