// SPDX-License-Identifier: MIT
#include "pm_log/describe.hpp"

#include <sys/random.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "pm_log/text.hpp"

namespace quintet::pm_log {
namespace {

// What an error is about, and the words for it.
struct Subject {
  const Error& error;
  std::string path;
  std::string_view log_name;

  [[nodiscard]] std::string a() const { return std::to_string(error.a); }
  [[nodiscard]] std::string b() const { return std::to_string(error.b); }
  [[nodiscard]] std::string log() const {
    if (!log_name.empty()) return joined({"log '", log_name, "'"});
    return joined({"log ", std::to_string(error.log)});
  }
  [[nodiscard]] std::string of_path() const { return joined({path, ": ", log()}); }
  // For shells, as far as an answer can be pasted.
  [[nodiscard]] std::string run(std::string_view command, std::string_view rest = "") const {
    return joined({"`pmlog ", command, " ", path, rest, "`"});
  }
};

// The first eight bytes of an id, as its text starts.
std::string id_start(std::uint64_t half) {
  Uuid id;
  std::memcpy(id.bytes.data(), &half, sizeof half);
  return to_text(id).substr(0, 18);
}

std::string not_a_log(const Subject& s) {
  if (s.error.a == 0) {
    return joined(
        {s.path, " is empty, not a log: make one with ", s.run("create", " --size 64MiB --force")});
  }
  return joined({s.path, " is not a log: no superblock in its ", counted(s.error.a, "byte"),
                 "; name another file, or make a log there, which replaces what it holds, with ",
                 s.run("create", " --size 64MiB --force")});
}

std::string size_mismatch(const Subject& s) {
  const std::string both =
      joined({s.path, " has ", s.b(), " bytes, but was made with ", s.a(), ": "});
  if (s.error.b < s.error.a) return both + "it was cut off; restore it from a copy";
  return joined(
      {both, "something was added to it; if that may go, `truncate -s ", s.a(), " ", s.path, "`"});
}

std::string corrupt(const Subject& s) {
  const bool of_log = s.error.part == Part::kDirectory || s.error.part == Part::kLogSlot ||
                      s.error.part == Part::kPayload || s.error.part == Part::kRecord;
  const std::string where =
      s.error.part == Part::kRecord
          ? joined({"no whole record at position ", s.a(), " of ", s.log()})
          : joined({"the ", name(s.error.part), " at offset ", hex(s.error.a),
                    of_log ? " of " + s.log() : "", " is not what was written"});
  return joined({s.path, ": ", where, "; ", s.run("verify"),
                 " lists all damage; restore the pool from a copy, or make a new one"});
}

std::string media(const Subject& s) {
  return joined({s.path, ": the device cannot read offset ", hex(s.error.a),
                 ": bad memory, or a file that was cut off; ", s.run("verify"),
                 " says what else is lost; restore the pool from a copy"});
}

std::string no_space(const Subject& s) {
  return joined({s.of_path(), " has room for ", counted(s.error.a, "byte"), ", not for ", s.b(),
                 ": drop old entries with ", s.run("drop", " --to POSITION"),
                 ", or make a larger pool if all it can hold is less"});
}

std::string too_small(const Subject& s) {
  if (s.error.a == UINT64_MAX) {
    return joined({s.path, ": logs of these capacities fit no memory: ask for less"});
  }
  return joined({s.path, ": ", counted(s.error.b, "byte"),
                 " are too few for these logs: give it at least ", s.a(),
                 ", or smaller or fewer logs"});
}

std::string too_many_logs(const Subject& s) {
  if (s.error.a == 1) {
    return joined({s.path, " has ", s.b(), " logs, and this opens pools of one: say which log"});
  }
  return joined({s.path, ": a pool has 1 to ", s.a(), " logs, not ", s.b()});
}

std::string io(const Subject& s) {
  const int code = static_cast<int>(s.error.a);
  switch (code) {
    case 0:
      return joined({s.path, ": the device did not take what was written: what it holds now is ",
                     "known after opening it again; check the device"});
    case ENOENT:
      return joined({s.path, " does not exist: check the name and its folder, or make a log with ",
                     s.run("create", " --size 64MiB")});
    case EEXIST:
      return joined(
          {s.path, " exists: choose another name, or remove it first (create has --force)"});
    case EISDIR:
      return joined({s.path, " is a folder, not a log: name a file in it"});
    case ENOTDIR:
      return joined({s.path, " goes through something that is no folder: check the name"});
    case ENOSPC:
    case EFBIG:
      return joined({s.path, ": the file system has no room for a file of that size: ",
                     "free some, or choose a smaller --size"});
    case EACCES:
    case EPERM:
    case EROFS:
      return joined({s.path, ": ", std::generic_category().message(code),
                     ": run as a user who may open it, or change its permissions"});
    default:
      return joined({s.path, ": the system says '", std::generic_category().message(code),
                     "' (errno ", s.a(), "): is it a regular file or a /dev/dax device?"});
  }
}

// What concerns positions in a log.
std::string position_error(const Subject& s) {
  const std::string position = joined({s.of_path(), ": position ", s.b()});
  switch (s.error.code) {
    case Errc::kBeforeHead:
      return joined({position, " lies before the head: what was there has been dropped; start at ",
                     s.a(), " or later"});
    case Errc::kPastTail:
      return joined({position, " and what was asked for behind it reach beyond the tail: ",
                     "ask for what lies before ", s.a()});
    case Errc::kHeadBeforeHead:
      return joined({position, " was dropped before: the head is at ", s.a(),
                     " and only moves forward; choose a position from there on"});
    default:
      return joined({position, " lies beyond the tail: the head can move to ", s.a(), " at most"});
  }
}

std::string reserved(const Subject& s) {
  if (s.error.b != 0) {
    return joined({s.of_path(), ": ", counted(s.error.b, "byte"),
                   " are more than the reservation at position ", s.a(),
                   " has: publish at most what was reserved"});
  }
  return joined({s.of_path(), ": a reservation at position ", s.a(),
                 " is open: publish it before appending, or abort"});
}

std::string refused(const Subject& s) {
  switch (s.error.code) {
    case Errc::kNotContiguous:
      return joined({s.of_path(), " has ", counted(s.error.a, "byte"),
                     " before its ring starts again, not ", s.b(),
                     ": reserve that many at most, or append a copy"});
    case Errc::kBadName:
      return joined({s.path, " cannot have the name that log ", std::to_string(s.error.log),
                     " was to have, of ", counted(s.error.b, "byte"), ": use at most ", s.a(),
                     ", none of them zero, and another name for each log"});
    case Errc::kReserved:
      return reserved(s);
    case Errc::kNotRecords:
      return joined({s.of_path(), " holds plain bytes, no records: read it as bytes, or make a ",
                     "pool with ", s.run("create", " --records")});
    case Errc::kExists:
      return joined(
          {s.path, " holds a log already: choose another name, or replace it with ", "--force"});
    case Errc::kBusy:
      return joined({s.path, " is busy: another process has it open for writing; wait for it, ",
                     "or end it"});
    case Errc::kReadOnly:
      return joined({s.path, " is open read-only: open it for writing to change it"});
    default:
      return joined({s.path, " has ", counted(s.error.a, "log"), ": use an index below ", s.a()});
  }
}

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  const int small = std::tolower(static_cast<unsigned char>(letter));
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// Whether the text of an id has a dash before its byte `i`.
bool dash_before(std::size_t i) { return i == 4 || i == 6 || i == 8 || i == 10; }

}  // namespace

std::string describe(const Error& error, std::string_view path, std::string_view log) {
  const Subject s{error, std::string(path), log};
  switch (error.code) {
    case Errc::kNotALog:
      return not_a_log(s);
    case Errc::kVersionUnsupported:
      return joined({s.path, " has format version ", s.a(), ", this program reads version ", s.b(),
                     ": use the program that made it"});
    case Errc::kIdMismatch:
      return joined({s.path, " is another pool than expected: its id starts with ",
                     id_start(error.b), ", not ", id_start(error.a),
                     ": name the right file, or the right id"});
    case Errc::kSizeMismatch:
      return size_mismatch(s);
    case Errc::kCorrupt:
      return corrupt(s);
    case Errc::kMedia:
      return media(s);
    case Errc::kNoSpace:
      return no_space(s);
    case Errc::kTooSmall:
      return too_small(s);
    case Errc::kTooManyLogs:
      return too_many_logs(s);
    case Errc::kBeforeHead:
    case Errc::kPastTail:
    case Errc::kHeadBeforeHead:
    case Errc::kHeadBeyondTail:
      return position_error(s);
    case Errc::kIo:
      return io(s);
    default:
      return refused(s);
  }
}

std::string_view name(Errc code) {
  // In the order of the enumeration.
  constexpr std::array<std::string_view, 22> kNames{
      "not a log",   "version unsupported", "id mismatch",      "size mismatch",
      "corrupt",     "media error",         "no space",         "invalid log",
      "before head", "past tail",           "head before head", "head beyond tail",
      "too small",   "too many logs",       "bad name",         "not contiguous",
      "reserved",    "not records",         "exists",           "busy",
      "read only",   "input or output"};
  static_assert(kNames.size() == static_cast<std::size_t>(Errc::kIo) + 1);
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "unknown error";
}

std::string_view name(Part part) {
  constexpr std::array<std::string_view, 8> kNames{"pool",        "superblock", "directory entry",
                                                   "commit word", "root",       "log slot",
                                                   "payload",     "record"};
  static_assert(kNames.size() == static_cast<std::size_t>(Part::kRecord) + 1);
  const auto index = static_cast<std::size_t>(part);
  return index < kNames.size() ? kNames[index] : "unknown part";
}

std::string_view name(Commit commit) { return commit == Commit::kFast ? "fast" : "strict"; }

std::string_view name(Durability durability) {
  return durability == Durability::kFlush ? "flush" : "msync";
}

std::string to_text(const Uuid& id) {
  std::string text;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (dash_before(i)) text += '-';
    const auto byte = std::to_integer<unsigned>(id.bytes[i]);
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::optional<Uuid> uuid_from_text(std::string_view text) {
  if (text.size() != 36) return {};
  Uuid id;
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return {};
    const int high = digit_of(text[at]);
    const int low = digit_of(text[at + 1]);
    if (high < 0 || low < 0) return {};
    id.bytes[i] = static_cast<std::byte>(high << 4 | low);
    at += 2;
  }
  return id;
}

Result<Uuid> random_uuid() {
  Uuid id;
  if (::getrandom(id.bytes.data(), id.bytes.size(), 0) !=
      static_cast<ssize_t>(id.bytes.size())) {  // which 16 bytes never are in part
    return std::unexpected(
        Error{.code = Errc::kIo, .a = static_cast<std::uint64_t>(static_cast<unsigned>(errno))});
  }
  id.bytes[6] = (id.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
  id.bytes[8] = (id.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return id;
}

}  // namespace quintet::pm_log
