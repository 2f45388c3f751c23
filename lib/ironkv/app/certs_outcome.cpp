// SPDX-License-Identifier: MIT
#include "ironkv/app/certs_outcome.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ironkv/app/certs_text.hpp"

namespace quintet::ironkv::certs {
namespace {

std::unexpected<Problem> not_taken() {
  return failed(fmt::format("cannot write the output: {}", std::strerror(errno)));
}

}  // namespace

Outcome<void> put(std::string_view text) {
  if (text.empty()) return {};
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) return not_taken();
  return {};
}

Outcome<void> put_now(std::string_view text) {
  if (auto done = put(text); !done) return done;
  if (std::fflush(stdout) != 0) return not_taken();
  return {};
}

void say(std::string_view text) { fmt::print(stderr, "ironkv-certs: {}\n", printable(text)); }

}  // namespace quintet::ironkv::certs
