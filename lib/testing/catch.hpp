// SPDX-License-Identifier: MIT
#pragma once

// The one place that includes Catch2 (v2.13, the version of Debian 12). Its assertions are not
// thread-safe: workers record, the main thread checks.
#include <catch2/catch.hpp>
