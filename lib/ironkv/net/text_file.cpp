// SPDX-License-Identifier: MIT
#include "ironkv/net/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace quintet::ironkv {
namespace {

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0)
      : file_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  [[nodiscard]] bool is_open() const { return file_ >= 0; }
  [[nodiscard]] int get() const { return file_; }

 private:
  int file_;
};

std::unexpected<std::string> failed(const std::string& path, std::string_view what, int error,
                                    std::string_view remedy) {
  std::string text = path;
  text.append(" ").append(what).append(": ").append(std::strerror(error));
  return std::unexpected(std::move(text.append("; ").append(remedy)));
}

std::unexpected<std::string> there_already(const std::string& path) {
  return std::unexpected(path +
                         " exists: move it away, choose another name, or allow to replace it");
}

// False, and errno, if not all could be written.
bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(file) == 0 || errno == EINVAL || errno == EROFS;
}

// A name next to `path` that nobody else uses.
std::string draft_of(const std::string& path) {
  static std::atomic<unsigned> count{0};
  return path + ".draft-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

// Gives the draft its name. The errno, or 0.
int rename_to(const std::string& draft, const std::string& path, IfThere if_there) {
  if (if_there == IfThere::kReplace) return std::rename(draft.c_str(), path.c_str()) ? errno : 0;
  if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot do both at once.
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) return EEXIST;
  return std::rename(draft.c_str(), path.c_str()) ? errno : 0;
}

// The new name is durable when the folder is; a folder that cannot say so is left as it is.
void sync_folder_of(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const File file(folder, O_RDONLY | O_DIRECTORY);
  if (file.is_open()) ::fsync(file.get());
}

}  // namespace

std::expected<std::string, std::string> read_text_file(const std::string& path,
                                                       std::size_t most_bytes) {
  const File file(path, O_RDONLY | O_NOCTTY);
  if (!file.is_open()) {
    return failed(path, "cannot be read", errno, "check the name, or make it with ironkv-certs");
  }
  std::string text;
  std::array<char, 16'384> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(path, "cannot be read", errno, "give it a file");
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > most_bytes) {
      return std::unexpected(path + " is larger than " + std::to_string(most_bytes >> 20) +
                             " MiB: give a file that ironkv-certs wrote");
    }
  }
}

std::expected<void, std::string> write_text_file(const std::string& path, std::string_view text,
                                                 Readers readers, IfThere if_there) {
  const std::string draft = draft_of(path);
  int error = 0;
  {
    const File file(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                    readers == Readers::kOwnerOnly ? 0600 : 0666);
    if (!file.is_open()) {
      return failed(path, "cannot be made", errno, "check that its folder exists and is yours");
    }
    if (!write_all(file.get(), text)) error = errno;
  }
  if (error == 0) error = rename_to(draft, path, if_there);
  if (error == 0) {
    sync_folder_of(path);
    return {};
  }
  ::unlink(draft.c_str());
  if (error == EEXIST) return there_already(path);
  return failed(path, "cannot be written", error, "check the disk and the name");
}

}  // namespace quintet::ironkv
