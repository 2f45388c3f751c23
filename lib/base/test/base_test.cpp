// SPDX-License-Identifier: MIT
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "base/align.hpp"
#include "base/assert.hpp"
#include "base/asymmetric_fence.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "testing/catch.hpp"
#include "testing/child.hpp"

namespace {

using namespace quintet::literals;
using Word = std::uint64_t;

static_assert(quintet::align_down<Word>(0x1fff, 0x1000) == 0x1000);
static_assert(quintet::align_up<Word>(0x1001, 0x1000) == 0x2000);
static_assert(quintet::align_up<Word>(0x1000, 0x1000) == 0x1000);
static_assert(quintet::is_aligned<Word>(2_MiB, 4_KiB) && !quintet::is_aligned<Word>(1, 2));
static_assert(2_MiB == 2 * quintet::kMiB && 1_TiB == 1024_GiB);

constexpr int checked_increment(int value) {
  QT_CHECK(value >= 0, "usable in constant expressions");
  return value + 1;
}
static_assert(checked_increment(1) == 2);

enum class Error : std::uint8_t { kOdd };

quintet::Result<int, Error> half(int value) {
  if (value % 2 != 0) return std::unexpected(Error::kOdd);
  return value / 2;
}

TEST_CASE("result carries a value or an error") {
  CHECK(half(4).value() == 2);
  CHECK(half(3).error() == Error::kOdd);
}

TEST_CASE("a failing check prints expression file line and message and aborts") {
  const auto child = quintet::testing::run_child([] { QT_CHECK(1 + 1 == 3, "sums are off"); });
  CHECK(child.signal == SIGABRT);
  CHECK_THAT(child.error_output, Catch::Contains("base_test.cpp:"));
  CHECK_THAT(child.error_output, Catch::Contains("QT_CHECK failed: 1 + 1 == 3: sums are off\n"));
}

TEST_CASE("a handler hears of checks that break while it lives and of no requirement") {
  struct Ended {
    std::string message;
  };
  {
    const quintet::CheckHandler handler(
        [](const quintet::BrokenCheck& broken) { throw Ended{broken.message}; });
    try {
      QT_CHECK(1 + 1 == 3, "sums are off");
      FAIL("the handler was not called");
    } catch (const Ended& ended) {
      CHECK(ended.message == "sums are off");
    }
    const auto child = quintet::testing::run_child([] { QT_REQUIRE(1 + 1 == 3); });
    CHECK(child.signal == SIGABRT);
    CHECK_THAT(child.error_output, Catch::Contains("QT_REQUIRE failed: 1 + 1 == 3\n"));
  }
  const auto child = quintet::testing::run_child([] { QT_CHECK(1 + 1 == 3); });
  CHECK(child.signal == SIGABRT);
}

TEST_CASE("an assertion is evaluated exactly when NDEBUG is not defined") {
  int evaluations = 0;
  [[maybe_unused]] const auto count = [&evaluations] { return ++evaluations > 0; };
  QT_ASSERT(count());
#ifdef NDEBUG
  CHECK(evaluations == 0);
#else
  CHECK(evaluations == 1);
#endif
}

static_assert(quintet::internal::kMembarrier == SYS_membarrier);
static_assert(quintet::internal::kPrivateExpedited == MEMBARRIER_CMD_PRIVATE_EXPEDITED);
static_assert(quintet::internal::kRegisterPrivateExpedited ==
              MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);

// That it orders stores and loads is the kernel's promise; how code relies on it is checked in the
// interleaving explorer (proof/explore/test/litmus_model.cpp).
TEST_CASE("there is a heavy fence exactly where the kernel says so, also in a child") {
  const long commands = ::syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  const bool told = commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;
  CHECK(quintet::has_heavy_fence() == told);
  if (!quintet::has_heavy_fence()) return;
  quintet::heavy_fence();
  const auto child = quintet::testing::run_child([] { quintet::heavy_fence(); });
  CHECK(child.signal == 0);
}

}  // namespace
