// SPDX-License-Identifier: MIT
#include <exception>

#include "ironkv/app/certs_arguments.hpp"

// ironkv-certs: makes the keys and files of an IronKV service, and shows them.
int main(int count, char** arguments) {
  namespace certs = quintet::ironkv::certs;
  try {
    const auto command = certs::command_from(count, arguments);
    if (!command) return command.error();
    auto done = (*command)();
    if (done) done = certs::put_now();
    if (done) return 0;
    // What was printed comes before the line that says why it ends.
    if (auto last = certs::put_now(); !last) done = last;
    certs::say(done.error().text);
    return done.error().status;
  } catch (const std::exception& error) {  // memory, for one
    certs::say(error.what());
    return certs::kFailed;
  }
}
