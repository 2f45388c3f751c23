// SPDX-License-Identifier: MIT
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// allocator_fragmentation LIVE_MIB: a long-running program in short. It always holds LIVE_MIB of
// blocks, but in each phase it asks for other sizes. What it drops for them is chosen at random, so
// that some blocks of earlier phases are still there, between those that were given back.
//
// Prints a line for each phase, `rss_<phase> <MiB>`, with the memory in use at its end, and then
// `live_mib <MiB>`. Every block is full of a byte that is looked at when it is given back.
namespace {

struct Sizes {
  std::uint32_t least;
  std::uint32_t most;
};
// Small ones, large ones, and mixed; neighbours have no size class in common.
constexpr Sizes kPhases[] = {
    {16, 64},     {512, 1024}, {80, 320},    {2048, 8192}, {24, 40},   {8192, 65536},
    {1000, 3000}, {48, 128},   {4000, 5000}, {16, 2000},   {300, 500}, {20000, 40000},
    {64, 96},     {130, 250},  {6000, 9000}, {32, 512},
};
constexpr double kTurnover = 2.3;  // e^-2.3: a tenth survives blocks of its own size

struct Block {
  unsigned char* bytes;
  std::uint64_t size;
};

std::uint64_t state = 0x9E37'79B9'7F4A'7C15;
std::uint64_t random_below(std::uint64_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return ((state >> 32) * below) >> 32;
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "allocator_fragmentation: %s\n", why);
  std::exit(1);
}

double rss_mib() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  long all = 0;
  long resident = 0;
  if (file == nullptr || std::fscanf(file, "%ld %ld", &all, &resident) != 2) {
    give_up("cannot read its memory in use");
  }
  std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// What it holds. The table is no block, and its pages are touched before anything is counted.
class Holding {
 public:
  explicit Holding(std::uint64_t live) : live_(live), bytes_(live / 16 * sizeof(Block)) {
    void* const memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) give_up("out of memory: use a smaller LIVE_MIB");
    blocks_ = static_cast<Block*>(memory);
  }

  [[nodiscard]] double table_mib() const { return static_cast<double>(bytes_) / (1 << 20); }

  void run(const Sizes& sizes) {
    const auto turnover = static_cast<std::uint64_t>(kTurnover * static_cast<double>(live_));
    for (std::uint64_t taken = 0; taken < turnover;) {
      const std::uint64_t size = sizes.least + random_below(sizes.most - sizes.least + 1);
      while (held_ + size > live_) drop();
      take(size);
      taken += size;
    }
  }

 private:
  void take(std::uint64_t size) {
    auto* const bytes = static_cast<unsigned char*>(std::malloc(size));
    if (bytes == nullptr) give_up("out of memory: use a smaller LIVE_MIB");
    std::memset(bytes, static_cast<int>(size & 0xFF), size);
    blocks_[count_++] = {bytes, size};
    held_ += size;
  }
  void drop() {
    Block& victim = blocks_[random_below(count_)];
    const auto expected = static_cast<unsigned char>(victim.size & 0xFF);
    if (victim.bytes[0] != expected || victim.bytes[victim.size - 1] != expected) {
      give_up("a block has changed while it was held");
    }
    std::free(victim.bytes);
    held_ -= victim.size;
    victim = blocks_[--count_];
  }

  std::uint64_t live_;
  std::uint64_t bytes_;
  Block* blocks_;
  std::uint64_t count_ = 0;
  std::uint64_t held_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t mib = argc == 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (mib == 0 || mib > 1 << 16) {
    std::fputs("usage: allocator_fragmentation LIVE_MIB (1 to 65536)\n", stderr);
    return 2;
  }
  Holding holding(mib << 20);
  int phase = 0;
  for (const Sizes& sizes : kPhases) {
    holding.run(sizes);
    std::printf("rss_%02d %.6g\n", phase++, rss_mib() - holding.table_mib());
  }
  std::printf("live_mib %.6g\n", static_cast<double>(mib));
  return 0;
}
