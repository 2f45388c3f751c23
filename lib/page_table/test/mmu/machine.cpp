// SPDX-License-Identifier: MIT
#include "page_table/test/mmu/machine.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "page_table/test/mmu/protocol.hpp"

namespace quintet::page_table::mmu {
namespace {

constexpr std::uint64_t kPresent = 1, kWritable = 2, kUser = 4, kAccessed = 0x20, kDirty = 0x40;
constexpr std::uint64_t kLarge = 0x80;
constexpr std::uint64_t kTable = kPresent | kWritable | kUser | kAccessed;
constexpr std::uint64_t kSupervisorPage = kPresent | kWritable | kAccessed | kDirty;

constexpr std::uint64_t kCr4Pae = 1u << 5, kCr4Pge = 1u << 7, kCr4Osfxsr = 1u << 9;
constexpr std::uint64_t kCr4La57 = 1u << 12, kCr4Smep = 1u << 20, kCr4Smap = 1u << 21;
constexpr std::uint64_t kCr4Pke = 1u << 22, kCr4Pks = 1u << 24;

// The page tables of the harness window: [0, 8 MiB) of which the last 4 MiB are mapped.
struct Window {
  static constexpr std::uint64_t kRoot = kWindowTables;
  static constexpr std::uint64_t kPml4 = kWindowTables + 0x1000;  // five levels only
  static constexpr std::uint64_t kPdpt = kWindowTables + 0x2000;
  static constexpr std::uint64_t kPd = kWindowTables + 0x3000;
  static constexpr std::uint64_t kPt = kWindowTables + 0x4000;
  static constexpr std::uint64_t kLast = kWindowTables + 0x5000;

  static std::uint64_t root_entry(int levels) { return (levels == 5 ? kPml4 : kPdpt) | kTable; }
};

std::uint64_t window_address(unsigned slot, int levels) {
  const int shift = levels == 5 ? 48 : 39;
  const std::uint64_t va = std::uint64_t{slot} << shift;
  return slot < 256 ? va : va | ~std::uint64_t{0} << (shift + 8);
}

void write_window(Guest& guest, int levels) {
  for (std::uint64_t pa = Window::kRoot; pa < Window::kLast; pa += 8) guest.word(pa) = 0;
  guest.word(Window::kRoot) = Window::root_entry(levels);  // identity, for the switch to paging
  guest.word(Window::kRoot + guest.harness_slot() * 8ull) = Window::root_entry(levels);
  guest.word(Window::kPml4) = Window::kPdpt | kTable;
  guest.word(Window::kPdpt) = Window::kPd | kTable;
  guest.word(Window::kPd + std::uint64_t{2} * 8) = Window::kPt | kTable;
  guest.word(Window::kPd + std::uint64_t{3} * 8) = kHeaderAddress | kSupervisorPage | kLarge;
  for (std::uint64_t page = 0; page < 512; ++page) {
    const std::uint64_t pa = kImageAddress + page * 4096;
    const bool user = pa == kImageAddress + kUserStubOffset;
    guest.word(Window::kPt + page * 8) = pa | kSupervisorPage | (user ? kUser : 0);
  }
}

std::uint64_t cr4_of(const spec::Controls& c) {
  return kCr4Pae | kCr4Pge | kCr4Osfxsr | (c.levels == 5 ? kCr4La57 : 0) | (c.smep ? kCr4Smep : 0) |
         (c.smap ? kCr4Smap : 0) | (c.pke ? kCr4Pke : 0) | (c.pks ? kCr4Pks : 0);
}

Record record_of(const Batch& batch, const Probe& probe) {
  const spec::Controls& c = batch.controls;
  Record record{};
  record.cr3 = batch.root;
  record.cr0 = 0x80000033 | (c.wp ? 0x10000u : 0u);  // PG, NE, ET, MP, PE
  record.cr4 = cr4_of(c);
  record.efer = 0x501u | (c.nxe ? 0x800u : 0u);  // LMA, LME, SCE
  record.pkru = c.pkru;
  record.pkrs = c.pkrs;
  record.op = (probe.access.kind == spec::Access::Kind::kWrite ? 1u : 0u) |
              (probe.access.kind == spec::Access::Kind::kFetch ? 2u : 0u) |
              (probe.access.user ? 4u : 0u);
  record.va = probe.va;
  record.value = probe.value;
  record.rflags = 2u | (c.ac ? 0x40000u : 0u);
  record.vector = -2;
  return record;
}

Header& header_of(Guest& guest) { return *reinterpret_cast<Header*>(&guest.word(kHeaderAddress)); }

std::span<Record> records_of(Guest& guest) {
  return {reinterpret_cast<Record*>(&guest.word(kRecordsAddress)), kMaxRecords};
}

Limits limits_of(const Header& h) {
  const auto bit = [](std::uint64_t word, int at) { return ((word >> at) & 1) != 0; };
  constexpr std::uint64_t kAuth = 0x68747541, kHygo = 0x6f677948;  // AuthenticAMD, HygonGenuine
  Limits limits;
  limits.levels = bit(h.cpuid_7_ecx, 16) ? 5 : 4;
  limits.maxphyaddr = static_cast<int>(h.cpuid_80000008_eax & 0xff);
  limits.nxe = bit(h.cpuid_80000001_edx, 20);
  limits.smep = bit(h.cpuid_7_ebx, 7);
  limits.smap = bit(h.cpuid_7_ebx, 20);
  limits.ac = limits.smap;
  limits.gib_pages = bit(h.cpuid_80000001_edx, 26);
  limits.amd_pml4_bit8 = h.cpuid_0_ebx == kAuth || h.cpuid_0_ebx == kHygo;
  limits.pke = bit(h.cpuid_7_ecx, 3);
  limits.pks = bit(h.cpuid_7_ecx, 31);
  return limits;
}

// One line naming the first thing asked for that the CPU lacks; empty if none.
std::string unsupported(const spec::Controls& asked, const Limits& can) {
  if (asked.levels > can.levels) return "5-level paging";
  if (asked.maxphyaddr != can.maxphyaddr) return "another MAXPHYADDR than its own";
  if (asked.gib_pages != can.gib_pages) return "another answer on 1 GiB pages than its own";
  if (asked.nxe && !can.nxe) return "EFER.NXE";
  if (asked.smep && !can.smep) return "CR4.SMEP";
  if (asked.smap && !can.smap) return "CR4.SMAP";
  if (asked.pke && !can.pke) return "CR4.PKE";
  if (asked.pks && !can.pks) return "CR4.PKS";
  return {};
}

// Lends one root entry to the harness for as long as it lives.
class BorrowedSlots {
 public:
  BorrowedSlots(Guest& guest, std::span<const Batch> batches, int levels) : guest_(guest) {
    for (const Batch& batch : batches) {
      const std::uint64_t at = (batch.root & ~std::uint64_t{0xfff}) + guest.harness_slot() * 8ull;
      if (seen_.insert(at).second) saved_.emplace_back(at, guest.word(at));
      guest.word(at) = Window::root_entry(levels);
    }
  }
  BorrowedSlots(const BorrowedSlots&) = delete;
  BorrowedSlots& operator=(const BorrowedSlots&) = delete;
  ~BorrowedSlots() {
    for (const auto& [at, entry] : saved_) guest_.word(at) = entry;
  }

 private:
  Guest& guest_;
  std::set<std::uint64_t> seen_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> saved_;
};

}  // namespace

std::expected<Limits, std::string> Machine::limits() {
  if (limits_known_) return limits_;
  auto guest = Guest::create();
  if (!guest) return std::unexpected(name_ + ": " + guest.error());
  if (auto done = boot(*guest, {}, 4); !done) return std::unexpected(done.error());
  limits_ = limits_of(header_of(*guest));
  correct(limits_);
  limits_known_ = true;
  return limits_;
}

std::expected<std::vector<Answer>, std::string> Machine::run(Guest& guest,
                                                             std::span<const Batch> batches) {
  const auto can = limits();
  if (!can) return std::unexpected(can.error());
  if (batches.empty()) return std::vector<Answer>{};
  std::size_t count = 0;
  const int levels = batches.front().controls.levels;
  for (const Batch& batch : batches) {
    count += batch.probes.size();
    const std::string lacks = unsupported(batch.controls, *can);
    if (!lacks.empty()) return std::unexpected(name_ + ": the CPU cannot provide " + lacks);
    if (batch.controls.levels != levels) {
      return std::unexpected(name_ + ": 4-level and 5-level batches need separate runs");
    }
  }
  if (count > kMaxRecords) {
    return std::unexpected(name_ + ": " + std::to_string(count) + " probes in one run: at most " +
                           std::to_string(kMaxRecords));
  }
  return boot(guest, batches, levels);
}

std::expected<std::vector<Answer>, std::string> Machine::boot(Guest& guest,
                                                              std::span<const Batch> batches,
                                                              int levels) {
  const auto image = guest_image();
  std::memcpy(&guest.word(kImageAddress), image.data(), image.size());
  write_window(guest, levels);
  const std::span<Record> records = records_of(guest);
  std::size_t count = 0;
  for (const Batch& batch : batches) {
    for (const Probe& probe : batch.probes) records[count++] = record_of(batch, probe);
  }
  Header& header = header_of(guest);
  header = Header{};
  header.boot_root = Window::kRoot;
  header.boot_cr4 = kCr4Pae | kCr4Pge | kCr4Osfxsr | (levels == 5 ? kCr4La57 : 0);
  header.window = window_address(guest.harness_slot(), levels);
  header.count = count;
  {
    const BorrowedSlots borrowed(guest, batches, levels);
    if (auto ended = execute(guest); !ended) {
      return std::unexpected(name_ + ": " + ended.error() + " (after " +
                             std::to_string(header.done) + " of " + std::to_string(count) +
                             " probes)");
    }
  }
  if (header.magic == kFaultMagic) {
    return std::unexpected(name_ + ": exception " + std::to_string(header.fault_vector) +
                           " inside the harness at image offset " +
                           std::to_string(header.fault_rip - header.window - kImageAddress) +
                           " after " + std::to_string(header.done) + " probes");
  }
  if (header.magic != kDoneMagic || header.done != count) {
    return std::unexpected(name_ + ": the guest stopped after " + std::to_string(header.done) +
                           " of " + std::to_string(count) + " probes");
  }
  std::vector<Answer> answers;
  answers.reserve(count);
  for (const Record& record : records.first(count)) {
    Answer answer{static_cast<int>(record.vector), 0, 0, 0};
    if (record.vector < 0) {
      if ((record.op & 1) == 0) answer.value = record.loaded;
    } else {
      answer.code = static_cast<std::uint32_t>(record.code);
      if (record.vector == 14) answer.cr2 = record.cr2;
    }
    normalise(answer);
    answers.push_back(answer);
  }
  answered_ += count;
  return answers;
}

}  // namespace quintet::page_table::mmu
