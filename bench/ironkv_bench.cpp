// SPDX-License-Identifier: MIT
#include "ironkv_cases/settings.hpp"
#include "support/case.hpp"
#include "support/flags.hpp"
#include "support/run.hpp"

// IronKV: servers under load beside others, and the host alone. The cases are in
// bench/ironkv_cases/.
namespace quintet::bench {
namespace ironkv_cases {
namespace {

CountFlag operations_flag("operations", "requests that a sample of the host alone makes",
                          {.value = 2'000'000, .quick = 20'000, .min = 1, .max = 1'000'000'000});
CountFlag keys_flag("keys", "keys that the table has",
                    {.value = 1'000, .quick = 1'000, .min = 1, .max = 10'000'000});
CountFlag load_ms_flag("load_ms", "milliseconds of a sample of load on servers",
                       {.value = 1'000, .quick = 20, .min = 1, .max = 3'600'000});
// In the order of ironkv::SocketEngine.
ChoiceFlag load_sockets_flag("load_sockets", "what waits for the load's connections",
                             {"auto", "epoll", "io_uring"});
FolderFlag data_flag("data_dir", "folder for what servers keep, on the disk to be measured",
                     "/var/tmp");

}  // namespace

std::uint64_t operations() { return operations_flag.value(); }
std::uint64_t keys() { return keys_flag.value(); }
std::uint64_t load_ms() { return load_ms_flag.value(); }
ironkv::SocketEngine load_sockets() { return load_sockets_flag.as<ironkv::SocketEngine>(); }
const std::filesystem::path& data_folder() { return data_flag.value(); }

}  // namespace ironkv_cases

void register_cases() {
  ironkv_cases::register_host_cases();
  ironkv_cases::register_map_cases();
  ironkv_cases::register_network_cases();
  ironkv_cases::register_library_cases();
}

}  // namespace quintet::bench
