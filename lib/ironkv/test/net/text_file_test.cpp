// SPDX-License-Identifier: MIT
#include "ironkv/net/text_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "ironkv/test/net/folder.hpp"
#include "testing/catch.hpp"

using namespace quintet::ironkv;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("a text file that is written is read back and no draft of it stays") {
  const Folder folder;
  const std::string path = folder / "file";
  REQUIRE(write_text_file(path, "one line", Readers::kAnyone, IfThere::kRefuse));
  CHECK(read_text_file(path) == "one line");
  REQUIRE(write_text_file(folder / "empty", "", Readers::kAnyone, IfThere::kRefuse));
  CHECK(read_text_file(folder / "empty") == "");
  const std::string large(100'000, 'x');
  REQUIRE(write_text_file(folder / "large", large, Readers::kAnyone, IfThere::kRefuse));
  CHECK(read_text_file(folder / "large") == large);
  CHECK(folder.count() == 3);
}

TEST_CASE("a file is for its owner alone or for whom the umask allows") {
  const Folder folder;
  const mode_t umask = ::umask(022);
  REQUIRE(write_text_file(folder / "open", "x", Readers::kAnyone, IfThere::kRefuse));
  REQUIRE(write_text_file(folder / "secret", "x", Readers::kOwnerOnly, IfThere::kRefuse));
  ::umask(077);
  REQUIRE(write_text_file(folder / "closed", "x", Readers::kAnyone, IfThere::kRefuse));
  ::umask(umask);
  CHECK(mode_of(folder / "open") == 0644);
  CHECK(mode_of(folder / "secret") == 0600);
  CHECK(mode_of(folder / "closed") == 0600);
}

TEST_CASE("a file that is there is replaced only when told so") {
  const Folder folder;
  const std::string path = folder / "file";
  REQUIRE(write_text_file(path, "first", Readers::kAnyone, IfThere::kReplace));
  const auto refused = write_text_file(path, "second", Readers::kOwnerOnly, IfThere::kRefuse);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() ==
        path + " exists: move it away, choose another name, or allow to replace it");
  CHECK(read_text_file(path) == "first");
  REQUIRE(write_text_file(path, "third", Readers::kOwnerOnly, IfThere::kReplace));
  CHECK(read_text_file(path) == "third");
  CHECK(mode_of(path) == 0600);  // a secret does not inherit the rights of what it replaces
  CHECK(folder.count() == 1);
}

TEST_CASE("a link to nowhere counts as a file that is there") {
  const Folder folder;
  std::filesystem::create_symlink(folder / "nowhere", folder / "link");
  CHECK_FALSE(write_text_file(folder / "link", "x", Readers::kOwnerOnly, IfThere::kRefuse));
  CHECK(folder.count() == 1);
}

TEST_CASE("what cannot be written is refused by name and leaves nothing") {
  const Folder folder;
  std::filesystem::create_directory(folder / "folder");
  const auto taken = write_text_file(folder / "folder", "x", Readers::kAnyone, IfThere::kReplace);
  REQUIRE_FALSE(taken);
  CHECK(taken.error() == folder / "folder" +
                             " cannot be written: Is a directory; check the disk "
                             "and the name");
  const auto nowhere = write_text_file(folder / "no/x", "x", Readers::kAnyone, IfThere::kRefuse);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error() == folder / "no/x" +
                               " cannot be made: No such file or directory; check "
                               "that its folder exists and is yours");
  CHECK(folder.count() == 1);
}

TEST_CASE("what cannot be read is refused by name") {
  const Folder folder;
  const auto missing = read_text_file(folder / "missing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error() == folder / "missing" +
                               " cannot be read: No such file or directory; check "
                               "the name, or make it with ironkv-certs");
  const auto directory = read_text_file(folder.path());
  REQUIRE_FALSE(directory);
  CHECK(directory.error() == folder.path() + " cannot be read: Is a directory; give it a file");
  const auto endless = read_text_file("/dev/zero");
  REQUIRE_FALSE(endless);
  CHECK(endless.error() == "/dev/zero is larger than 64 MiB: give a file that ironkv-certs wrote");
}
