// SPDX-License-Identifier: MIT
#include "pm_log/app/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "pm_log/describe.hpp"

namespace quintet::pm_log::app {
namespace {

// A new name is durable when its folder is.
Outcome<void> sync_folder(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return {};  // a folder that may not be read: nothing more can be done
  const bool synced = ::fsync(file) == 0 || errno == EINVAL || errno == EROFS;
  ::close(file);
  if (synced) return {};
  return failed(fmt::format("{}: its folder cannot be made durable: {}; check the file system",
                            path, std::strerror(errno)));
}

}  // namespace

bool is_there(const std::string& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_character_device(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode);
}

std::uint64_t now_unix() { return static_cast<std::uint64_t>(std::time(nullptr)); }

std::string time_text(std::uint64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return std::to_string(unix_seconds) + " s";
  char text[64];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts));
}

Outcome<void> make_file(const std::string& path, const std::function<Outcome<void>()>& make) {
  if (is_there(path)) {
    return failed(describe(Error{.code = Errc::kIo, .a = EEXIST}, path));
  }
  auto made = make();
  if (!made) {
    ::unlink(path.c_str());
    return made;
  }
  return sync_folder(path);
}

Outcome<void> replace_file(const std::string& path,
                           const std::function<Outcome<void>(const std::string& draft)>& make) {
  const std::string draft = fmt::format("{}.draft-{}", path, ::getpid());
  auto made = make_file(draft, [&] { return make(draft); });
  if (!made) return made;
  if (std::rename(draft.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    ::unlink(draft.c_str());
    return failed(fmt::format("{} cannot be replaced: {}", path, why));
  }
  return sync_folder(path);
}

}  // namespace quintet::pm_log::app
