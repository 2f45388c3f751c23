// SPDX-License-Identifier: MIT
#include "support/flags.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/assert.hpp"

namespace quintet::bench {
namespace {

struct Suffix {
  char letter;
  std::uint64_t unit;
};
constexpr std::array<Suffix, 3> kSuffixes = {
    {{'G', 1'000'000'000}, {'M', 1'000'000}, {'K', 1'000}}};

// A function-local static, because flags register during static initialisation.
std::vector<Flag*>& registry() {
  static std::vector<Flag*> flags;
  return flags;
}

BoolFlag quick_flag("quick", "small settings: shows that every case works, measures nothing");
CountFlag seed_flag("seed", "where random choices start", {.value = 1});

std::unexpected<std::string> needs_value() { return std::unexpected<std::string>("needs a value"); }

}  // namespace

Flag::Flag(const char* name, const char* help) : name_(name), help_(help) {
  QT_CHECK(std::ranges::none_of(registry(), [&](const Flag* f) { return f->name() == name; }),
           "two flags have one name");
  registry().push_back(this);
}

std::vector<Flag*> all_flags() {
  std::vector<Flag*> flags = registry();
  std::ranges::sort(flags, {}, &Flag::name);
  return flags;
}

bool quick() noexcept { return quick_flag.value(); }

std::uint64_t seed() noexcept { return seed_flag.value(); }

CountFlag::CountFlag(const char* name, const char* help, Spec spec)
    : Flag(name, help), spec_(spec) {}

std::uint64_t CountFlag::preset() const noexcept {
  return quick() && spec_.quick ? *spec_.quick : spec_.value;
}

std::uint64_t CountFlag::value() const noexcept {
  if (given_) return *given_;
  if (spec_.with == nullptr || !spec_.with->given_) return preset();
  __extension__ using Wide = unsigned __int128;  // the product of two numbers fits
  const Wide scaled = Wide{preset()} * *spec_.with->given_ / spec_.with->preset();
  return static_cast<std::uint64_t>(std::clamp<Wide>(scaled, spec_.min, spec_.max));
}

std::expected<void, std::string> CountFlag::parse(std::optional<std::string_view> text) {
  if (!text) return needs_value();
  const auto count = parse_count(*text);
  if (!count) return std::unexpected(count.error());
  if (*count < spec_.min || *count > spec_.max) {
    return std::unexpected(
        fmt::format("is outside {}..{}", count_text(spec_.min), count_text(spec_.max)));
  }
  given_ = *count;
  return {};
}

std::string CountFlag::text() const { return std::to_string(value()); }

std::string CountFlag::usage() const {
  std::string usage = fmt::format("=N (default {}", count_text(spec_.value));
  if (spec_.quick) usage += fmt::format(", {} with --quick", count_text(*spec_.quick));
  if (spec_.with != nullptr) usage += fmt::format(", in step with --{}", spec_.with->name());
  return usage + ")";
}

std::expected<void, std::string> BoolFlag::parse(std::optional<std::string_view> text) {
  if (text && *text != "true" && *text != "false") return std::unexpected("is not true or false");
  value_ = !text || *text == "true";
  return {};
}

std::string BoolFlag::text() const { return value_ ? "true" : "false"; }

std::string BoolFlag::usage() const { return ""; }

std::expected<void, std::string> ChoiceFlag::parse(std::optional<std::string_view> text) {
  if (!text) return needs_value();
  const auto found =
      std::ranges::find(choices_, *text, [](const char* c) { return std::string_view(c); });
  if (found == choices_.end()) return std::unexpected("is not one of " + joined(", "));
  index_ = static_cast<std::size_t>(found - choices_.begin());
  return {};
}

std::string ChoiceFlag::usage() const {
  return fmt::format("={} (default {})", joined("|"), text());
}

std::string ChoiceFlag::joined(const char* separator) const {
  return fmt::format("{}", fmt::join(choices_, separator));
}

std::expected<void, std::string> FolderFlag::parse(std::optional<std::string_view> text) {
  if (!text || text->empty()) return needs_value();
  std::error_code code;
  if (!std::filesystem::is_directory(*text, code)) return std::unexpected("is no folder");
  value_ = *text;
  return {};
}

std::string FolderFlag::usage() const { return fmt::format("=FOLDER (default {})", text()); }

std::expected<std::uint64_t, std::string> parse_count(std::string_view text) {
  const auto suffix =
      std::ranges::find_if(kSuffixes, [&](const Suffix& s) { return text.ends_with(s.letter); });
  const std::uint64_t unit = suffix == kSuffixes.end() ? 1 : suffix->unit;
  const std::string_view digits = unit == 1 ? text : text.substr(0, text.size() - 1);
  std::uint64_t count = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (code == std::errc::result_out_of_range || (code == std::errc{} && count > UINT64_MAX / unit))
    return std::unexpected("does not fit 64 bits");
  if (code != std::errc{} || end != digits.data() + digits.size()) {
    return std::unexpected("is not a number such as 500, 10K, 10M or 1G");
  }
  return count * unit;
}

std::string count_text(std::uint64_t count) {
  for (const auto& [letter, unit] : kSuffixes) {
    if (count != 0 && count % unit == 0) return fmt::format("{}{}", count / unit, letter);
  }
  return std::to_string(count);
}

}  // namespace quintet::bench
