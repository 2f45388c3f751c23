// SPDX-License-Identifier: MIT
#include "page_table/address.hpp"

#include <string>

#include "testing/catch.hpp"

namespace quintet::page_table {
namespace {

TEST_CASE("canonical addresses are the sign-extended ones") {
  CHECK(is_canonical<4>(VirtAddr(0)));
  CHECK(is_canonical<4>(VirtAddr(0x0000'7FFF'FFFF'FFFF)));
  CHECK_FALSE(is_canonical<4>(VirtAddr(0x0000'8000'0000'0000)));
  CHECK_FALSE(is_canonical<4>(VirtAddr(0xFFFF'7FFF'FFFF'FFFF)));
  CHECK(is_canonical<4>(VirtAddr(0xFFFF'8000'0000'0000)));
  CHECK(is_canonical<4>(VirtAddr(0xFFFF'FFFF'FFFF'FFFF)));
  CHECK(is_canonical<5>(VirtAddr(0x0000'8000'0000'0000)));
  CHECK(is_canonical<5>(VirtAddr(0x00FF'FFFF'FFFF'FFFF)));
  CHECK_FALSE(is_canonical<5>(VirtAddr(0x0100'0000'0000'0000)));
  CHECK_FALSE(is_canonical<5>(VirtAddr(0xFEFF'FFFF'FFFF'FFFF)));
  CHECK(is_canonical<5>(VirtAddr(0xFF00'0000'0000'0000)));
}

TEST_CASE("each level indexes its own nine bits") {
  const VirtAddr va((std::uint64_t{1} << 48) | (std::uint64_t{2} << 39) | (std::uint64_t{3} << 30) |
                    (std::uint64_t{4} << 21) | (std::uint64_t{5} << 12) | 0xFFF);
  CHECK(table_index(va, 5) == 1);
  CHECK(table_index(va, 4) == 2);
  CHECK(table_index(va, 3) == 3);
  CHECK(table_index(va, 2) == 4);
  CHECK(table_index(va, 1) == 5);
  CHECK(entry_address(PhysAddr(0x7000), va, 3) == PhysAddr(0x7018));
  CHECK(entry_address(PhysAddr(0x7000), VirtAddr(0xFFFF'FFFF'FFFF'F000), 1) == PhysAddr(0x7FF8));
}

TEST_CASE("page sizes have their bytes and names") {
  CHECK(page_bytes(PageSize::k4K) == 0x1000);
  CHECK(page_bytes(PageSize::k2M) == 0x20'0000);
  CHECK(page_bytes(PageSize::k1G) == 0x4000'0000);
  CHECK(to_string(PageSize::k4K) == std::string("4K"));
  CHECK(to_string(PageSize::k2M) == std::string("2M"));
  CHECK(to_string(PageSize::k1G) == std::string("1G"));
  CHECK(is_aligned(std::uint64_t{0x3000}, 0x1000));
  CHECK_FALSE(is_aligned(std::uint64_t{0x3008}, 0x1000));
}

}  // namespace
}  // namespace quintet::page_table
