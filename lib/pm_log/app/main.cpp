// SPDX-License-Identifier: MIT
#include <exception>

#include "pm_log/app/arguments.hpp"

// pmlog: the logs of lib/pm_log on the command line.
int main(int count, char** arguments) {
  namespace app = quintet::pm_log::app;
  try {
    const auto command = app::command_from(count, arguments);
    if (!command) return command.error();
    auto done = (*command)();
    if (done) done = app::put_now();
    if (done) return 0;
    // What was printed comes before the line that says why it ends.
    if (auto last = app::put_now(); !last) done = last;
    app::say(done.error().text);
    return done.error().status;
  } catch (const std::exception& error) {  // memory, for one
    app::say(error.what());
    return app::kFailed;
  }
}
