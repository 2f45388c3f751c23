// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pm_log/error.hpp"
#include "pm_log/layout.hpp"
#include "pm_log/mapped_pm.hpp"
#include "pm_log/options.hpp"

// What the library's values are called before people, and ids that nobody else has.
namespace quintet::pm_log {

[[nodiscard]] std::string_view name(Errc code);
[[nodiscard]] std::string_view name(Part part);
[[nodiscard]] std::string_view name(Commit commit);
[[nodiscard]] std::string_view name(Durability durability);

// One sentence, without a full stop: what was refused, with the values, and what to do about it.
// `path` is the pool's file; `log` the name of the log concerned, if it is known.
[[nodiscard]] std::string describe(const Error& error, std::string_view path,
                                   std::string_view log = {});

// "01234567-89ab-cdef-0123-456789abcdef".
[[nodiscard]] std::string to_text(const Uuid& id);
// The id that is written so, in small or capital letters; nothing if the text is none.
[[nodiscard]] std::optional<Uuid> uuid_from_text(std::string_view text);

// An id that no other pool has: 122 random bits (RFC 9562, version 4), from getrandom(2).
// Errors: kIo.
[[nodiscard]] Result<Uuid> random_uuid();

}  // namespace quintet::pm_log
