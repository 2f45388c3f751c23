// SPDX-License-Identifier: MIT
#include "ironkv/net/journal.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ironkv/test/collecting_sinks.hpp"
#include "ironkv/test/net/folder.hpp"
#include "testing/catch.hpp"

// The journal in a folder: what was committed is there again, what was not is not, and what is
// damaged or does not belong together is refused.
namespace quintet::ironkv {
namespace {

const std::vector<EndPoint> kHosts = {end_point("first"), end_point("second")};

Host new_host() { return std::move(*Host::create({.hosts = kHosts})); }

std::vector<std::byte> state_of(const Host& host) {
  std::vector<std::byte> snapshot;
  host.save(snapshot);
  return snapshot;
}

// Writes what the host carries out to a journal.
class DurableSink : public CollectingSink {
 public:
  DurableSink(const Host& host, Journal& journal) : host_(host), journal_(journal) {}
  void executed(PeerId source, Bytes frame) {
    std::vector<std::byte> record;
    host_.append_record(source, frame, record);
    REQUIRE(journal_.append(record));
  }

 private:
  const Host& host_;
  Journal& journal_;
};

// A host with its journal, and a client that sets keys.
struct Durable {
  explicit Durable(const std::string& folder)
      : journal(std::move(*Journal::open({.folder = folder, .log_bytes = 16 << 20}))),
        host(new_host()) {
    const auto found = journal.recover(host);
    INFO((found ? "" : found.error()));
    REQUIRE(found);
    recovered = *found;
    client = *host.peer(end_point("client"));
    number = host.peers()[client].last_received;
  }
  void set(Key key, std::string_view value) {
    DurableSink sink(host, journal);
    const FrameView frame{
        .number = ++number,
        .message = {
            .kind = MessageKind::kSet, .key = key, .has_value = true, .value = bytes_of(value)}};
    REQUIRE(host.on_frame(client, bytes_of(frame), sink) == Outcome::kExecuted);
  }
  // The client has the answers; a journal does not hear of that.
  void acknowledge() {
    CollectingSink sink;
    const FrameView ack{.is_ack = true, .number = number};
    REQUIRE(host.on_frame(client, bytes_of(ack), sink) == Outcome::kAck);
  }

  Journal journal;
  Host host;
  Recovered recovered;
  PeerId client = 0;
  std::uint64_t number = 0;
};

std::string refusal(const std::string& folder) {
  auto journal = Journal::open({.folder = folder});
  if (!journal) return journal.error();
  Host host = new_host();
  const auto recovered = journal->recover(host);
  return recovered ? "" : recovered.error();
}

}  // namespace

TEST_CASE("what a journal has committed is there again and what it has not is not") {
  const Folder folder;
  std::vector<std::byte> committed;
  {
    Durable first(folder.path());
    CHECK(first.recovered.is_new);
    first.set(1, "one");
    first.set(2, "two");
    CHECK(first.journal.has_uncommitted());
    REQUIRE(first.journal.commit());
    CHECK_FALSE(first.journal.has_uncommitted());
    committed = state_of(first.host);
    first.set(3, "never committed");
  }
  const Durable again(folder.path());
  CHECK_FALSE(again.recovered.is_new);
  CHECK(again.recovered.records == 2);
  CHECK(state_of(again.host) == committed);
}

TEST_CASE("a checkpoint takes the place of the records before it") {
  const Folder folder;
  std::vector<std::byte> last;
  {
    Durable first(folder.path());
    first.set(1, "one");
    REQUIRE(first.journal.checkpoint(first.host));
    first.set(2, "two");
    first.host.forget(*first.host.peer(end_point("nobody")));
    REQUIRE(first.journal.commit());
    last = state_of(first.host);
  }
  {
    Durable second(folder.path());
    CHECK(second.recovered.records == 1);
    CHECK(second.recovered.snapshot_bytes > 0);
    CHECK(state_of(second.host) == last);
    second.set(3, "three");
    REQUIRE(second.journal.checkpoint(second.host));
    last = state_of(second.host);
  }
  const Durable third(folder.path());
  CHECK(third.recovered.records == 0);
  CHECK(state_of(third.host) == last);
}

TEST_CASE("a forgotten client is forgotten after a restart") {
  const Folder folder;
  {
    Durable first(folder.path());
    first.set(1, "one");
    std::vector<std::byte> record;
    first.host.append_forget_record(first.client, record);
    REQUIRE(first.journal.append(record));
    first.host.forget(first.client);
    REQUIRE(first.journal.commit());
  }
  const Durable again(folder.path());
  CHECK(again.recovered.records == 2);
  CHECK(again.number == 0);  // it may begin at 1 again
}

TEST_CASE("checkpoints let a journal go on for ever") {
  const Folder folder;
  const std::string value(1000, 'v');
  Durable host(folder.path());
  int checkpoints = 0;
  for (int i = 0; i < 40'000; ++i) {  // more than twice the log
    host.set(static_cast<Key>(i % 50), value);
    host.acknowledge();
    if (!host.journal.wants_checkpoint()) continue;
    REQUIRE(host.journal.checkpoint(host.host));
    CHECK_FALSE(host.journal.wants_checkpoint());
    ++checkpoints;
  }
  CHECK(checkpoints >= 2);
}

TEST_CASE("a full journal is an error that names the file") {
  const Folder folder;
  auto journal = Journal::open({.folder = folder.path(), .log_bytes = 16 << 20});
  REQUIRE(journal);
  const std::vector<std::byte> record(1 << 20);
  std::string error;
  for (int i = 0; i < 32 && error.empty(); ++i) {
    if (const auto done = journal->append(record); !done) error = done.error();
  }
  CHECK(error.find("/journal") != std::string::npos);
}

TEST_CASE("damaged and foreign journals are refused with the file's name") {
  const Folder folder;
  {
    Durable host(folder.path());
    host.set(1, "one");
    REQUIRE(host.journal.checkpoint(host.host));
    host.set(2, "two");
    REQUIRE(host.journal.commit());
  }
  CHECK(refusal(folder.path()).empty());
  const std::string checkpoint = folder.path() + "/checkpoint";
  const auto bytes = std::filesystem::file_size(checkpoint);
  std::filesystem::copy_file(checkpoint, folder.path() + "/copy");
  {
    std::fstream file(checkpoint, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(bytes) - 1);
    file.put('!');
  }
  CHECK(refusal(folder.path()) == checkpoint + " is damaged: restore it from a copy");
  std::filesystem::resize_file(checkpoint, bytes - 1);
  CHECK(refusal(folder.path()) ==
        checkpoint + " is not a whole checkpoint: restore it from a copy");
  std::filesystem::remove(checkpoint);
  CHECK(refusal(folder.path()).find("does not belong to") != std::string::npos);
  std::filesystem::copy_file(folder.path() + "/copy", checkpoint);
  CHECK(refusal(folder.path()).empty());
}

TEST_CASE("a journal is of one process and of one host") {
  const Folder folder;
  {
    Durable host(folder.path());
    host.set(1, "one");
    REQUIRE(host.journal.checkpoint(host.host));
    CHECK(refusal(folder.path()).find("/journal") != std::string::npos);  // in use
  }
  auto journal = Journal::open({.folder = folder.path()});
  REQUIRE(journal);
  Host other = std::move(*Host::create({.hosts = kHosts, .me = 1}));
  const auto recovered = journal->recover(other);
  REQUIRE_FALSE(recovered);
  CHECK(recovered.error().find("another host") != std::string::npos);
}

TEST_CASE("a journal that cannot be made says why") {
  const Folder folder;
  const std::string file = folder.path() + "/file";
  std::ofstream(file) << "text";
  CHECK(Journal::open({.folder = file + "/below"}).error().find(file) == 0);
  CHECK(Journal::open({.folder = folder.path(), .log_bytes = 1}).error().find("at least 16 MiB") !=
        std::string::npos);
}

}  // namespace quintet::ironkv
