// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "allocator_cases/program_inputs.hpp"
#include "allocator_cases/redis.hpp"
#include "allocator_cases/reference.hpp"
#include "allocator_cases/settings.hpp"
#include "support/case.hpp"
#include "support/programs.hpp"

// Programs as Debian has them, under each allocator, with inputs that are made here.
namespace quintet::bench::allocator_cases {
namespace {

using Arguments = std::vector<std::string>;

// A new file in `folder`; its path. Throws where it cannot be written, which fails the case.
std::string write_file(const TemporaryFolder& folder, const char* name, const std::string& text) {
  const std::string path = folder.file(name);
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path + " (--work_dir)");
  return path;
}

struct Program {
  const char* workload;
  const char* file;
  const char* package;
  Arguments (*prepare)(const TemporaryFolder& folder, std::uint64_t threads);
  bool threaded = false;
  bool deterministic = true;  // else it prints times, and only its status counts
};

Arguments prepare_gs(const TemporaryFolder& folder, std::uint64_t) {
  return {"-q",
          "-dBATCH",
          "-dNOPAUSE",
          "-sDEVICE=pgmraw",
          "-r72",
          "-sOutputFile=/dev/null",
          write_file(folder, "input.ps", postscript_input(scaled(3000)))};
}
Arguments prepare_lua(const TemporaryFolder& folder, std::uint64_t) {
  return {write_file(folder, "input.lua", lua_input(scaled(4000)))};
}
Arguments prepare_ruby(const TemporaryFolder& folder, std::uint64_t threads) {
  return {"--disable-gems", write_file(folder, "input.rb", ruby_input(scaled(5'000'000), threads))};
}
Arguments prepare_z3(const TemporaryFolder& folder, std::uint64_t) {
  return {"-smt2", write_file(folder, "input.smt2", smt2_input(scaled(300)))};
}
Arguments prepare_rocksdb(const TemporaryFolder& folder, std::uint64_t) {
  return {"--benchmarks=fillrandom", fmt::format("--num={}", scaled(300'000)), "--seed=1",
          "--compression_type=none", "--db=" + folder.file("database")};
}

constexpr Program kPrograms[] = {
    {"gs", "gs", "ghostscript", prepare_gs},
    {"lua", "lua5.4", "lua5.4", prepare_lua},
    {"rbstress", "ruby", "ruby", prepare_ruby, true},
    {"z3", "z3", "z3", prepare_z3},
    {"rocksdb", "db_bench", "rocksdb-tools", prepare_rocksdb, false, false},
};

Outcome run_program(const Implementation& one, const Program& program, std::uint64_t threads) {
  const auto preload = preload_of(one);
  if (!preload) return std::unexpected(preload.error());
  const auto path = installed_program(program.file);
  if (!path) return skip(program.package);
  const TemporaryFolder folder(work_dir());
  const Command command{
      .program = *path, .arguments = program.prepare(folder, threads), .preload = *preload};
  const ChildResult result =
      program.deterministic ? run_checked(fmt::format("{}/threads:{}", program.workload, threads),
                                          command, child_seconds())
                            : run_child(command, child_seconds());
  if (!result) return fail(result.error());
  return suite_sample(*result);
}

Outcome run_redis(const Implementation& one) {
  const auto preload = preload_of(one);
  if (!preload) return std::unexpected(preload.error());
  const auto redis = find_redis();
  if (!redis) return skip("redis-tools");
  const TemporaryFolder folder(work_dir());
  const ChildResult result =
      drive_redis(*redis, *preload, folder, scaled(400'000, 800), child_seconds());
  if (!result) return fail(result.error());
  return suite_sample(*result);
}

}  // namespace

void register_program_cases(const Implementations& all) {
  for (const Implementation& one : all) {
    register_case(fmt::format("allocator/suite/{}/workload:redis/threads:1", one.name),
                  [=] { return run_redis(one); });
  }
  for (const Program& program : kPrograms) {
    for (const std::uint64_t threads : thread_counts()) {
      if (threads > 1 && !program.threaded) continue;
      for (const Implementation& one : all) {
        register_case(fmt::format("allocator/suite/{}/workload:{}/threads:{}", one.name,
                                  program.workload, threads),
                      [=, &program] { return run_program(one, program, threads); });
      }
    }
  }
}

}  // namespace quintet::bench::allocator_cases
