// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Attributes of a mapping: every bit of a leaf that is neither address nor structure.
//
// Stored in the layout of a 4 KiB entry, so encoding costs one OR there; larger leaves move the
// PAT bit (entry.hpp). The default is the safest mapping: read-only, supervisor, not executable,
// write-back. Setters return a changed copy, so that a constant reads as a sentence:
// `PageFlags().writable().user()`. Source: Intel SDM vol. 3A, tables 4-17 to 4-20; AMD APM vol. 2,
// section 5.4.
namespace quintet::page_table {

// Bit positions that all leaf sizes share, and the 4 KiB position of PAT.
namespace flag_bit {
inline constexpr std::uint64_t kWritable = 1ULL << 1;
inline constexpr std::uint64_t kUser = 1ULL << 2;
inline constexpr std::uint64_t kWriteThrough = 1ULL << 3;
inline constexpr std::uint64_t kCacheDisable = 1ULL << 4;
inline constexpr std::uint64_t kAccessed = 1ULL << 5;
inline constexpr std::uint64_t kDirty = 1ULL << 6;
inline constexpr std::uint64_t kPat = 1ULL << 7;
inline constexpr std::uint64_t kGlobal = 1ULL << 8;
inline constexpr std::uint64_t kSoftwareLow = 7ULL << 9;      // bits 11:9
inline constexpr std::uint64_t kSoftwareHigh = 127ULL << 52;  // bits 58:52
inline constexpr std::uint64_t kKey = 15ULL << 59;            // bits 62:59
inline constexpr std::uint64_t kNoExecute = 1ULL << 63;
inline constexpr std::uint64_t kAll = kWritable | kUser | kWriteThrough | kCacheDisable |
                                      kAccessed | kDirty | kPat | kGlobal | kSoftwareLow |
                                      kSoftwareHigh | kKey | kNoExecute;
inline constexpr std::uint64_t kAccessedDirty = kAccessed | kDirty;
}  // namespace flag_bit

template <class W>
class BasicPageFlags {
 public:
  constexpr BasicPageFlags() : bits_(W(flag_bit::kNoExecute)) {}

  // Wraps raw bits in 4 KiB layout. Requires: only bits of `flag_bit::kAll` are set; the table's
  // operations answer `Error::kBadFlags` otherwise.
  [[nodiscard]] static constexpr BasicPageFlags from_bits(W bits) {
    BasicPageFlags flags;
    flags.bits_ = bits;
    return flags;
  }
  [[nodiscard]] constexpr W bits() const { return bits_; }

  [[nodiscard]] constexpr BasicPageFlags writable(bool on = true) const {
    return with(flag_bit::kWritable, on);
  }
  [[nodiscard]] constexpr BasicPageFlags user(bool on = true) const {
    return with(flag_bit::kUser, on);
  }
  // Positive sense of XD: executable pages have XD clear.
  [[nodiscard]] constexpr BasicPageFlags executable(bool on = true) const {
    return with(flag_bit::kNoExecute, !on);
  }
  [[nodiscard]] constexpr BasicPageFlags global(bool on = true) const {
    return with(flag_bit::kGlobal, on);
  }
  [[nodiscard]] constexpr BasicPageFlags accessed(bool on = true) const {
    return with(flag_bit::kAccessed, on);
  }
  [[nodiscard]] constexpr BasicPageFlags dirty(bool on = true) const {
    return with(flag_bit::kDirty, on);
  }
  // Index 0 to 7 into the page-attribute table, IA32_PAT (PAT:PCD:PWT).
  [[nodiscard]] constexpr BasicPageFlags memory_type(unsigned pat_index) const {
    return with(flag_bit::kWriteThrough, (pat_index & 1U) != 0)
        .with(flag_bit::kCacheDisable, (pat_index & 2U) != 0)
        .with(flag_bit::kPat, (pat_index & 4U) != 0);
  }
  // Protection key 0 to 15 (ignored by the CPU unless CR4.PKE or CR4.PKS is set).
  [[nodiscard]] constexpr BasicPageFlags protection_key(unsigned key) const {
    return from_bits((bits_ & W(~flag_bit::kKey)) | W((std::uint64_t{key} & 15U) << 59));
  }
  // Ten bits for the caller: bits 2:0 go to 11:9, bits 9:3 to 58:52.
  [[nodiscard]] constexpr BasicPageFlags software(unsigned value) const {
    const std::uint64_t low = (std::uint64_t{value} & 7U) << 9;
    const std::uint64_t high = ((std::uint64_t{value} >> 3) & 127U) << 52;
    constexpr std::uint64_t kBoth = flag_bit::kSoftwareLow | flag_bit::kSoftwareHigh;
    return from_bits((bits_ & W(~kBoth)) | W(low | high));
  }

  [[nodiscard]] constexpr bool is_writable() const { return has(flag_bit::kWritable); }
  [[nodiscard]] constexpr bool is_user() const { return has(flag_bit::kUser); }
  [[nodiscard]] constexpr bool is_executable() const { return !has(flag_bit::kNoExecute); }
  [[nodiscard]] constexpr bool is_global() const { return has(flag_bit::kGlobal); }
  [[nodiscard]] constexpr bool is_accessed() const { return has(flag_bit::kAccessed); }
  [[nodiscard]] constexpr bool is_dirty() const { return has(flag_bit::kDirty); }
  [[nodiscard]] constexpr W memory_type() const {
    return ((bits_ >> 3) & W(3)) | ((bits_ >> 5) & W(4));
  }
  [[nodiscard]] constexpr W protection_key() const { return (bits_ >> 59) & W(15); }
  [[nodiscard]] constexpr W software() const {
    return ((bits_ >> 9) & W(7)) | (((bits_ >> 52) & W(127)) << 3);
  }
  // The same attributes with accessed and dirty cleared: what the caller asked for, without what
  // the hardware has noted since.
  [[nodiscard]] constexpr BasicPageFlags without_accessed_dirty() const {
    return from_bits(bits_ & W(~flag_bit::kAccessedDirty));
  }

  friend constexpr auto operator==(const BasicPageFlags& a, const BasicPageFlags& b) {
    return a.bits_ == b.bits_;
  }

 private:
  [[nodiscard]] constexpr bool has(std::uint64_t bit) const {
    return bool((bits_ & W(bit)) != W(0));
  }
  [[nodiscard]] constexpr BasicPageFlags with(std::uint64_t bit, bool on) const {
    return from_bits(on ? (bits_ | W(bit)) : (bits_ & W(~bit)));
  }

  W bits_;
};

using PageFlags = BasicPageFlags<std::uint64_t>;

}  // namespace quintet::page_table
