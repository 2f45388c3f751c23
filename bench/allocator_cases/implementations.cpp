// SPDX-License-Identifier: MIT
#include "allocator_cases/implementations.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include "allocator_cases/child.hpp"
#include "support/programs.hpp"

namespace quintet::bench::allocator_cases {
namespace {

namespace fs = std::filesystem;

RivalFlag rival_flag("rival", "measure the allocator in this shared library, too (repeatable)");

constexpr double kProbeSeconds = 30;

// Where distributions keep shared libraries.
constexpr std::string_view kLibraryFolders[] = {"/usr/lib/x86_64-linux-gnu",
                                                "/usr/lib/aarch64-linux-gnu", "/usr/lib64",
                                                "/usr/lib", "/usr/local/lib"};

struct Packaged {
  const char* name;
  const char* soname;
  const char* package;
};
constexpr Packaged kPackaged[] = {
    {"mimalloc", "libmimalloc.so.2", "libmimalloc2.0"},
    {"jemalloc", "libjemalloc.so.2", "libjemalloc2"},
    {"tcmalloc", "libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"},
};
struct Built {
  const char* name;
  const char* file;
};
constexpr Built kBuilt[] = {
    {"quintet", "libquintet-malloc.so"},
    {"quintet_hardened", "libquintet-malloc-hardened.so"},
};

std::string installed_library(std::string_view soname) {
  for (const std::string_view folder : kLibraryFolders) {
    const fs::path path = fs::path(folder) / soname;
    std::error_code code;
    if (fs::is_regular_file(path, code)) return path;
  }
  return {};
}

// Empty if a program could be started with this library, as far as its first bytes tell.
std::string library_error(const std::string& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return "names no file";
  if (path.find_first_of(" :") != path.npos) {
    return "has a space or a colon in its path, which LD_PRELOAD cannot have";
  }
  Elf64_Ehdr header{};
  std::ifstream file(path, std::ios::binary);
  if (!file) return "names a file that cannot be read";
  file.read(reinterpret_cast<char*>(&header), sizeof header);
  const bool shared = file.gcount() == sizeof header &&
                      std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                      header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_type == ET_DYN;
  return shared ? "" : "names no 64-bit shared library";
}

bool is_built_in(std::string_view name) {
  return name == "glibc" ||
         std::ranges::any_of(kPackaged, [&](auto& p) { return name == p.name; }) ||
         std::ranges::any_of(kBuilt, [&](auto& b) { return name == b.name; });
}

// Empty if a program under `one` has its malloc from there, else what is wrong.
std::string origin_error(const Implementation& one) {
  const ChildResult result = run_child(
      {.program = own_program("allocator_micro"), .arguments = {"origin"}, .preload = one.library},
      kProbeSeconds);
  if (!result) return result.error();
  const std::string origin = result->output.substr(0, result->output.find('\n'));
  std::error_code code;
  const bool same = one.library.contains('/') ? fs::equivalent(origin, one.library, code)
                                              : fs::path(origin).filename() == one.library;
  if (same) return {};
  return fmt::format("{} does not take over malloc: under it malloc is that of {}",
                     fs::path(one.library).filename().string(),
                     fs::path(origin).filename().string());
}

// The same, asked once in a process.
const std::string& known_origin_error(const Implementation& one) {
  static std::map<std::string, std::string> errors;
  auto known = errors.find(one.library);
  if (known == errors.end()) known = errors.emplace(one.library, origin_error(one)).first;
  return known->second;
}

}  // namespace

std::expected<void, std::string> RivalFlag::parse(std::optional<std::string_view> text) {
  static const std::regex grammar("[a-z0-9_]+");
  const std::size_t equals = text ? text->find('=') : std::string_view::npos;
  if (equals == std::string_view::npos || equals + 1 == text->size()) {
    return std::unexpected("is not NAME=PATH, for example mine=./libmine.so");
  }
  const std::string name(text->substr(0, equals));
  if (!std::regex_match(name, grammar)) {
    return std::unexpected("has a name that is not of lower case, digits and underscores");
  }
  const auto has_name = [&](const Implementation& one) { return one.name == name; };
  if (is_built_in(name) || std::ranges::any_of(rivals_, has_name)) {
    return std::unexpected(fmt::format("uses the name '{}', which is taken: use another", name));
  }
  std::error_code code;
  const std::string path = fs::absolute(text->substr(equals + 1), code);
  if (const std::string problem = library_error(path); !problem.empty()) {
    return std::unexpected(problem);
  }
  const Implementation rival{.name = name, .library = path, .package = {}};
  if (const std::string& problem = known_origin_error(rival); !problem.empty()) {
    return std::unexpected(
        fmt::format("names no allocator: {}; give a library that has a malloc", problem));
  }
  rivals_.push_back(rival);
  return {};
}

std::string RivalFlag::text() const {
  std::string all;
  for (const Implementation& one : rivals_) {
    all += fmt::format("{}{}={}", all.empty() ? "" : ",", one.name, one.library);
  }
  return all;
}

std::vector<Implementation> implementations() {
  std::vector<Implementation> all;
  for (const Built& built : kBuilt) {
    const std::string path = built_file(std::string("lib/allocator/").append(built.file));
    all.push_back({built.name, fs::exists(path) ? path : "", ""});
  }
  all.push_back(glibc());
  for (const Packaged& packaged : kPackaged) {
    all.push_back({packaged.name, installed_library(packaged.soname), packaged.package});
  }
  all.insert(all.end(), rival_flag.value().begin(), rival_flag.value().end());
  return all;
}

const Implementation& glibc() {
  // Named, so that it comes before an allocator that a program is linked with.
  static const Implementation one{.name = "glibc", .library = "libc.so.6", .package = "libc6"};
  return one;
}

std::expected<std::string, NoSample> preload_of(const Implementation& one) {
  if (one.library.empty()) {
    if (!one.package.empty()) return std::unexpected(skip(one.package).error());
    return std::unexpected(NoSample{"its library is not built: ./quintet build perf"});
  }
  const std::string& error = known_origin_error(one);
  if (!error.empty()) return std::unexpected(NoSample{error});
  return one.library;
}

std::string version_of(const Implementation& one) {
  if (one.name == glibc().name) return gnu_get_libc_version();
  std::error_code code;
  const fs::path path = fs::canonical(one.library, code);
  return code ? "unknown" : path.filename().string();
}

}  // namespace quintet::bench::allocator_cases
