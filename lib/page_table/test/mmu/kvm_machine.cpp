// SPDX-License-Identifier: MIT
// KVM as an MMU: one virtual machine per run. A fresh one each time also makes sure that no shadow
// page tables from an earlier run survive: with shadow paging, edits by the host are not seen.
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "page_table/test/mmu/descriptor.hpp"
#include "page_table/test/mmu/machine.hpp"
#include "page_table/test/mmu/protocol.hpp"

namespace quintet::page_table::mmu {
namespace {

// struct kvm_cpuid2 as the kernel means it. In C++ the one of <linux/kvm.h> is 12 bytes before its
// entries (an empty struct has size 1), and the ioctl numbers made from it are wrong.
struct CpuidList {
  static constexpr std::uint32_t kCapacity = 256;
  std::uint32_t count = kCapacity, padding = 0;
  kvm_cpuid_entry2 entries[kCapacity] = {};
};
constexpr unsigned long kGetSupportedCpuid = _IOWR(KVMIO, 0x05, std::uint64_t);
constexpr unsigned long kSetCpuid2 = _IOW(KVMIO, 0x90, std::uint64_t);

class RunPage {
 public:
  RunPage(int vcpu, std::size_t size)
      : size_(size), page_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0)) {}
  RunPage(const RunPage&) = delete;
  RunPage& operator=(const RunPage&) = delete;
  ~RunPage() {
    if (page_ != MAP_FAILED) munmap(page_, size_);
  }
  [[nodiscard]] kvm_run* get() const {
    return page_ == MAP_FAILED ? nullptr : static_cast<kvm_run*>(page_);
  }

 private:
  std::size_t size_;
  void* page_;
};

// Interrupts a blocked KVM_RUN of the calling thread from `after` on, again and again, so that no
// interrupt is lost between the look at the clock and the next KVM_RUN.
class Alarm {
 public:
  explicit Alarm(std::chrono::seconds after) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, &before_);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR1;
    event._sigev_un._tid = static_cast<int>(syscall(SYS_gettid));
    armed_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    const itimerspec when{{0, 100'000'000}, {after.count(), 0}};
    if (armed_) timer_settime(timer_, 0, &when, nullptr);
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() {
    if (armed_) timer_delete(timer_);
    sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  struct sigaction before_{};
  timer_t timer_{};
  bool armed_ = false;
};

kvm_segment flat_segment(std::uint16_t selector, bool code) {
  kvm_segment segment{};
  segment.limit = 0xffffffff;
  segment.selector = selector;
  segment.type = code ? 11 : 3;  // accessed; execute and read, or read and write
  segment.present = 1;
  segment.s = 1;
  segment.l = code ? 1 : 0;
  segment.db = code ? 0 : 1;
  segment.g = 1;
  return segment;
}

class KvmMachine : public Machine {
 public:
  explicit KvmMachine(int fd) : Machine("kvm"), kvm_(fd) {}

  /// kvm_pvm (KVM without processor support) keeps PML4 entry 256 to itself while ring 3 runs:
  /// every user access there is answered with "not present".
  [[nodiscard]] bool can_ask(const Probe& probe) const override {
    return !software_ || !probe.access.user || ((probe.va >> 39) & 511) != 256;
  }

 protected:
  std::expected<void, std::string> execute(Guest& guest) override {
    const Descriptor vm(ioctl(kvm_.get(), KVM_CREATE_VM, 0));
    if (vm.get() < 0) return std::unexpected(system_error("KVM_CREATE_VM"));
    ioctl(vm.get(), KVM_SET_TSS_ADDR, 0xfffbd000);  // wanted by Intel only, harmless elsewhere
    kvm_userspace_memory_region memory{};
    memory.memory_size = Guest::kEnd;
    memory.userspace_addr = reinterpret_cast<std::uintptr_t>(guest.words().data());
    if (ioctl(vm.get(), KVM_SET_USER_MEMORY_REGION, &memory) != 0) {
      return std::unexpected(system_error("KVM_SET_USER_MEMORY_REGION"));
    }
    const Descriptor vcpu(ioctl(vm.get(), KVM_CREATE_VCPU, 0));
    if (vcpu.get() < 0) return std::unexpected(system_error("KVM_CREATE_VCPU"));
    const int size = ioctl(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
    const RunPage run(vcpu.get(), static_cast<std::size_t>(std::max(size, 4096)));
    if (run.get() == nullptr) return std::unexpected(system_error("mmap of the vcpu"));
    if (auto set = set_cpuid(vcpu.get()); !set) return set;
    if (auto set = set_registers(vcpu.get(), guest); !set) return set;
    return loop(vcpu.get(), *run.get());
  }

 private:
  std::expected<void, std::string> set_cpuid(int vcpu) {
    CpuidList cpuid;
    if (ioctl(kvm_.get(), kGetSupportedCpuid, &cpuid) != 0) {
      return std::unexpected(system_error("KVM_GET_SUPPORTED_CPUID"));
    }
    if (ioctl(vcpu, kSetCpuid2, &cpuid) != 0) {
      return std::unexpected(system_error("KVM_SET_CPUID2"));
    }
    return {};
  }

  static std::expected<void, std::string> set_registers(int vcpu, Guest& guest) {
    const Header header = *reinterpret_cast<const Header*>(&guest.word(kHeaderAddress));
    kvm_sregs sregs{};
    if (ioctl(vcpu, KVM_GET_SREGS, &sregs) != 0) {
      return std::unexpected(system_error("KVM_GET_SREGS"));
    }
    sregs.cr0 = 0x80010033;  // PG, WP, NE, ET, MP, PE
    sregs.cr3 = header.boot_root;
    sregs.cr4 = header.boot_cr4;
    sregs.efer = 0xd01;  // NXE, LMA, LME, SCE
    sregs.cs = flat_segment(0x08, true);
    sregs.ss = sregs.ds = sregs.es = sregs.fs = sregs.gs = flat_segment(0x10, false);
    if (ioctl(vcpu, KVM_SET_SREGS, &sregs) != 0) {
      return std::unexpected(system_error("KVM_SET_SREGS"));
    }
    kvm_regs regs{};
    regs.rip = header.window + kImageAddress + kImageEntry64;
    regs.rflags = 2;
    if (ioctl(vcpu, KVM_SET_REGS, &regs) != 0) {
      return std::unexpected(system_error("KVM_SET_REGS"));
    }
    return {};
  }

  std::expected<void, std::string> loop(int vcpu, kvm_run& run) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const Alarm alarm(timeout);
    while (true) {
      if (ioctl(vcpu, KVM_RUN, 0) != 0) {
        if (errno != EINTR) return std::unexpected(system_error("KVM_RUN"));
        if (std::chrono::steady_clock::now() < deadline) continue;
        return std::unexpected("no end after " + std::to_string(timeout.count()) + " s; stopped");
      }
      if (run.exit_reason == KVM_EXIT_IO && run.io.port == kExitPort) return {};
      if (run.exit_reason == KVM_EXIT_MMIO) {  // no memory there: loads see 0, stores vanish
        if (!run.mmio.is_write) std::memset(run.mmio.data, 0, sizeof(run.mmio.data));
        continue;
      }
      kvm_regs regs{};
      ioctl(vcpu, KVM_GET_REGS, &regs);
      char text[120];
      std::snprintf(text, sizeof text, "KVM exit reason %u (suberror %u) at rip 0x%llx",
                    run.exit_reason, run.internal.suberror, regs.rip);
      return std::unexpected(text);
    }
  }

  Descriptor kvm_;
  bool software_ = access("/sys/module/kvm_pvm", F_OK) == 0;
};

}  // namespace

std::expected<std::unique_ptr<Machine>, Missing> open_kvm() {
  const int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::unexpected(system_error("/dev/kvm"));
  auto machine = std::make_unique<KvmMachine>(fd);
  if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
    return std::unexpected("/dev/kvm does not speak API version 12");
  }
  const Descriptor vm(ioctl(fd, KVM_CREATE_VM, 0));
  if (vm.get() < 0) return std::unexpected(system_error("/dev/kvm cannot create a machine"));
  return machine;
}

}  // namespace quintet::page_table::mmu
