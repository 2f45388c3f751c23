// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>

#include "pm_log/test/world/subject.hpp"
#include "proof/choose.hpp"

// Making a pool, and the power fails: every image at every fence opens as a whole, empty pool, or
// as what was there before (nothing, or an older pool), or as nothing.
namespace quintet::pm_log::world {

template <Fault kFault>
class CreateCheck {
 public:
  using Pool = PoolOf<kFault>;

  explicit CreateCheck(const Scenario& scenario)
      : scenario_(scenario), memory_(memory_for(scenario)), image_(memory_for(scenario)) {}

  Report run() {
    create(false);
    if (report_.violation.empty()) create(true);
    return std::move(report_);
  }

 private:
  void create(bool over_another) {
    ++report_.sequences;
    Uuid id = test_id();
    if (over_another) id.bytes[0] ^= std::byte{0xFF};
    const Uuid old_id = test_id();
    memory_.watch([&](CrashMemory::Event event) {
      if (event == CrashMemory::Event::kBeforeFence) examine(id, over_another ? &old_id : nullptr);
    });
    const auto specs = specs_of(scenario_);
    const auto made =
        Pool::create(CrashMemoryRef(memory_), specs,
                     {.id = id, .commit = scenario_.commit, .overwrite = over_another});
    memory_.watch({});
    if (!made || !memory_.is_quiet()) violated("P1 create() leaves something outstanding");
    examine(id, &id);
  }

  // What is there must be the pool `id`, or `old` if there was one; only with old == id it must be.
  void examine(const Uuid& id, const Uuid* old) {
    ++report_.crash_points;
    proof::Trail trail;
    do {
      if (!report_.violation.empty()) return;
      ++report_.images;
      image_.become_image(memory_, trail);
      const auto opened = Pool::open(CrashMemoryRef(image_), {});
      if (!opened) {
        if (opened.error().code != Errc::kNotALog) violated("P2 create() left a damaged pool");
        if (old == &id) violated("P1 create() is undone by a power failure");
        continue;
      }
      const bool known = opened->id() == id || (old != nullptr && opened->id() == *old);
      if (!known || !shows(seen(*opened), AbstractPool(scenario_.capacities))) {
        violated("P1 create() left what is no empty pool");
      }
    } while (trail.advance());
  }

  void violated(const std::string& what) {
    if (report_.violation.empty()) report_.violation = what + ", " + scenario_.name;
  }

  const Scenario& scenario_;
  CrashMemory memory_;
  CrashMemory image_;
  Report report_{};
};

}  // namespace quintet::pm_log::world
