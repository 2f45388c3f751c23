// SPDX-License-Identifier: MIT
#include <algorithm>
#include <sstream>

#include "page_table/test/property/property.hpp"

namespace quintet::page_table::world {
namespace {

// Whether the table may say that it ran out of frames: an allocation was refused on purpose, or
// what the operation needs is more than there is.
bool rightly_out_of_frames(Episode& episode, std::size_t refusals) {
  Op needed = episode.op;
  if (needed.what == Do::kMapBatch) needed.batch.resize(episode.answer.index + 1);
  spec::AddressSpace after = episode.model;
  if (carry_out(after, needed).reasons != 0) return false;  // there is a better reason
  if (episode.table.traits().counts_frames && refusals == 0 && episode.memory().refusing()) {
    return true;  // available() told it of the refusal to come
  }
  const std::size_t more = after.tables() - episode.model.tables();
  return refusals > 0 ? more > 0 : more > episode.memory().free_frames();
}

// Where empty tables are kept, a range goes into them with smaller pages than it might, and merge
// tells an empty table from none. Both are documented; the model follows.
void follow_kept_tables(Episode& episode, const spec::AddressSpace& before, Answer& expected) {
  const Op& op = episode.op;
  if (op.what == Do::kMerge && expected.reasons == spec::kNotMapped &&
      episode.answer.error == Error::kNotMergeable) {
    expected.reasons = spec::kNotMergeable;
  }
  if (op.what != Do::kMapRange || expected.reasons != 0 || episode.answer.error) return;
  for (const PlacedPage& page : episode.tables().pages) {
    if (before.resolve(page.va)) continue;
    for (auto found = episode.model.resolve(page.va); found && found->page.size > page.page.size;
         found = episode.model.resolve(page.va)) {
      static_cast<void>(episode.model.split(page.va));
    }
  }
}

// Hardware sets accessed or dirty in memory and in the model.
void touch(Episode& episode) {
  const Tables tables = episode.tables();
  const std::uint64_t va = episode.op.va;
  for (std::size_t i = 0; i < tables.pages.size(); ++i) {
    if (va - tables.pages[i].va < tables.pages[i].page.size) {
      episode.memory().hardware_or(tables.leaves[i].first, episode.op.flags);
    }
  }
}

// Gives every new mapping frames of its own.
class FrameDealer {
 public:
  void deal(Op& op) {
    if (op.what == Do::kMap) op.pa = next(op.size, op.size);
    if (op.what == Do::kMapRange) {
      op.pa = next(op.bytes & ~0xFFFULL, op.bytes >= spec::kMedium ? spec::kLarge : spec::kSmall) +
              (op.bytes >= spec::kMedium ? op.va & (spec::kLarge - 1) & ~0xFFFULL : 0);
    }
    if (op.what != Do::kMapBatch) return;
    for (PlacedPage& request : op.batch) request.page.pa = next(spec::kSmall, spec::kSmall);
  }

 private:
  std::uint64_t next(std::uint64_t bytes, std::uint64_t alignment) {
    const std::uint64_t pa = (at_ + alignment - 1) & ~(alignment - 1);
    at_ = pa + bytes + alignment;
    return pa;
  }
  std::uint64_t at_ = 4 * spec::kLarge;
};

void step(Episode& episode, Property& property, bool& agreed) {
  const spec::AddressSpace before = episode.model;
  episode.touched.clear();
  property.before(episode);
  static_cast<void>(episode.memory().take_refusals());
  if (episode.op.what == Do::kTouch) touch(episode);
  episode.answer = carry_out(episode.table, episode.op);
  const std::size_t refusals = episode.memory().take_refusals();
  for (const auto& [va, bits] : episode.touched) episode.model.touch(va, bits);
  episode.refused = episode.answer.error.has_value();
  episode.out_of_frames = episode.answer.error == Error::kOutOfFrames;
  if (episode.out_of_frames) {
    if (rightly_out_of_frames(episode, refusals)) return property.after(episode);
    agreed = false;
    return property.disagreed(episode, "out of frames without reason");
  }
  Answer expected = carry_out(episode.model, episode.op);
  if (!episode.traits().policy.reclaims()) follow_kept_tables(episode, before, expected);
  const std::string how = disagreement(episode.answer, expected);
  agreed = how.empty();
  agreed ? property.after(episode) : property.disagreed(episode, how);
}

std::string describe(const std::string& what, const Episode& episode, std::size_t step) {
  std::ostringstream text;
  text << what << "\n  table: " << episode.traits().name << "\n  at step " << step << ": "
       << episode.op;
  if (episode.answer.error) text << " = " << page_table::to_string(*episode.answer.error);
  return text.str();
}

}  // namespace

std::optional<std::string> judge(const Configuration& configuration, const Script& script,
                                 const MakeProperty& make) {
  const auto table = configuration.make(static_cast<std::size_t>(std::max(script.frames, 1)));
  const auto property = make();
  if (!property->applies(configuration.traits)) return std::nullopt;
  Episode episode(*table, script);
  FrameDealer dealer;
  table->memory().observer = property.get();
  property->begin(episode);
  bool agreed = true;
  std::size_t done = 0;
  while (agreed && done < script.draws.size() && !property->violation()) {
    episode.op = decode(script.draws[done], script, episode.model, configuration.traits);
    if (property->wants_disjoint_frames()) dealer.deal(episode.op);
    step(episode, *property, agreed);
    ++done;
  }
  if (agreed && !property->violation()) property->end(episode);
  table->memory().observer = nullptr;
  table->memory().before_exchange = nullptr;
  if (!property->violation()) return std::nullopt;
  return describe(*property->violation(), episode, done);
}

}  // namespace quintet::page_table::world
