// Runs a fuzz target without libFuzzer: its seeds, then a fixed number of inputs that are damaged
// seeds.
//
//   PROGRAM [RUNS [SEED [FIRST]]]   SEED 0: a random one, which is printed when an input fails
//   PROGRAM --write-seeds FOLDER    the seeds as files, to begin a corpus with
#include <csignal>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/mutator.h"

// Of the sanitizers, where they are linked.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

using orloj::test::FuzzInput;

constexpr std::uint64_t kRunsUnlessTold = 10'000;

std::uint64_t seed_of_this_run = 0;
std::uint64_t current_run = 0;

void tell() {
  std::fprintf(stderr, "the input of run %lu failed; repeat with the arguments 1 %lu %lu\n",
               current_run, seed_of_this_run, current_run);
}

void tell_and_abort(int signal) {
  tell();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const FuzzInput& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

int write_seeds(const std::string& folder) {
  int number = 0;
  for (const FuzzInput& seed : orloj::test::fuzz_seeds()) {
    std::ofstream file(folder + "/seed-" + std::to_string(number++), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()),
               static_cast<std::streamsize>(seed.size()));
    if (!file.flush()) return 1;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 3 && std::string(arguments[1]) == "--write-seeds") return write_seeds(arguments[2]);
  const auto number = [&](int index, std::uint64_t otherwise) {
    return index < count ? std::stoull(arguments[index]) : otherwise;
  };
  const std::uint64_t runs = number(1, kRunsUnlessTold);
  seed_of_this_run = number(2, 0);
  if (seed_of_this_run == 0) seed_of_this_run = std::random_device{}();
  const std::uint64_t first = number(3, 0);
  std::printf("seed %lu\n", seed_of_this_run);
  std::fflush(stdout);
  std::signal(SIGABRT, tell_and_abort);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(tell);

  const auto seeds = orloj::test::fuzz_seeds();
  current_run = first;
  if (first == 0) {
    for (const FuzzInput& seed : seeds) run(seed);
  }
  for (; current_run < first + runs; ++current_run) {
    orloj::test::Mutator mutator(seed_of_this_run + current_run);
    run(mutator.damaged(seeds));
  }
  return 0;
}
