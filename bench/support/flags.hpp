// SPDX-License-Identifier: MIT
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Typed command-line flags of a benchmark binary, next to Google Benchmark's. A family declares
// them at namespace scope, and that registers them:
//
//   CountFlag pages("pages", "pages to map per case",
//                   {.value = 10'000'000, .quick = 100'000, .min = 512, .max = 1u << 30});
//   ... pages.value() ...
//
// Their values are fixed before cases are registered. Every flag is in --help and, as
// qt_flag_<name>, in the context of the JSON. Single-threaded until main has parsed them.
namespace quintet::bench {

class Flag {
 public:
  Flag(const char* name, const char* help);
  virtual ~Flag() = default;
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] std::string_view help() const noexcept { return help_; }

  // Takes the text after `=`, nothing if there was no `=`. Error: what is wrong, in one line.
  virtual std::expected<void, std::string> parse(std::optional<std::string_view> text) = 0;
  // The value in force, as it could be given.
  [[nodiscard]] virtual std::string text() const = 0;
  // For help: "=N (default 10M, ...)".
  [[nodiscard]] virtual std::string usage() const = 0;
  // Whether the value stays out of results, because it says where things are on one machine.
  [[nodiscard]] virtual bool is_private() const noexcept { return false; }

 private:
  const char* name_;
  const char* help_;
};

// Every declared flag, by name.
[[nodiscard]] std::vector<Flag*> all_flags();

// Whether --quick was given: cases only show that they work. What that means is said by the flags
// that have a quick default, and nowhere else; `./quintet run --quick` gives this flag.
[[nodiscard]] bool quick() noexcept;

// Where every random choice of a case starts.
[[nodiscard]] std::uint64_t seed() noexcept;

// A number, with an optional decimal suffix K, M or G (10M is 10,000,000).
class CountFlag : public Flag {
 public:
  struct Spec {
    std::uint64_t value;                      // the default
    std::optional<std::uint64_t> quick = {};  // the default with --quick
    std::uint64_t min = 0;
    std::uint64_t max = UINT64_MAX;
    const CountFlag* with = nullptr;  // whose default is not 0: ours follows its value
  };
  CountFlag(const char* name, const char* help, Spec spec);

  // What was given; else the default, times value / default of `with`, within min and max.
  [[nodiscard]] std::uint64_t value() const noexcept;
  // Whether it was given, so that `value` is no default.
  [[nodiscard]] bool is_given() const noexcept { return given_.has_value(); }

  std::expected<void, std::string> parse(std::optional<std::string_view> text) override;
  [[nodiscard]] std::string text() const override;
  [[nodiscard]] std::string usage() const override;

 private:
  [[nodiscard]] std::uint64_t preset() const noexcept;

  Spec spec_;
  std::optional<std::uint64_t> given_;
};

// --name or --name=true|false; false unless given.
class BoolFlag : public Flag {
 public:
  using Flag::Flag;

  [[nodiscard]] bool value() const noexcept { return value_; }

  std::expected<void, std::string> parse(std::optional<std::string_view> text) override;
  [[nodiscard]] std::string text() const override;
  [[nodiscard]] std::string usage() const override;

 private:
  bool value_ = false;
};

// One of a few words. List them in the order of the enumerators that they stand for.
class ChoiceFlag : public Flag {
 public:
  ChoiceFlag(const char* name, const char* help, std::initializer_list<const char*> choices,
             std::size_t default_index = 0)
      : Flag(name, help), choices_(choices), index_(default_index) {}

  template <class Enum>
  [[nodiscard]] Enum as() const noexcept {
    return static_cast<Enum>(index_);
  }

  std::expected<void, std::string> parse(std::optional<std::string_view> text) override;
  [[nodiscard]] std::string text() const override { return choices_[index_]; }
  [[nodiscard]] std::string usage() const override;

 private:
  [[nodiscard]] std::string joined(const char* separator) const;

  std::vector<const char*> choices_;
  std::size_t index_;
};

// A folder that exists.
class FolderFlag : public Flag {
 public:
  FolderFlag(const char* name, const char* help, const char* value)
      : Flag(name, help), value_(value) {}

  [[nodiscard]] const std::filesystem::path& value() const noexcept { return value_; }

  std::expected<void, std::string> parse(std::optional<std::string_view> text) override;
  [[nodiscard]] std::string text() const override { return value_.string(); }
  [[nodiscard]] std::string usage() const override;
  [[nodiscard]] bool is_private() const noexcept override { return true; }

 private:
  std::filesystem::path value_;
};

// Reads "250", "10K", "10M" or "1G". Error: what is wrong.
[[nodiscard]] std::expected<std::uint64_t, std::string> parse_count(std::string_view text);

// The shortest text that parse_count reads as `count`.
[[nodiscard]] std::string count_text(std::uint64_t count);

}  // namespace quintet::bench
