// The faulty twin of the machine: SimDisk, a clock moved by hand, randomness from a seed.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <random>

#include "log/env/env.h"
#include "tests/support/sim_disk.h"

namespace orloj::test {

// Stands still until moved. Thread-safe.
class SimClock final : public log::Clock {
 public:
  std::int64_t wall_us() const override { return wall_us_.load(); }
  std::int64_t boot_ns() const override { return boot_ns_.load(); }

  void advance_ms(std::int64_t ms) {  // time passes
    wall_us_ += ms * 1000;
    boot_ns_ += ms * 1'000'000;
  }
  void step_wall_ms(std::int64_t ms) { wall_us_ += ms * 1000; }  // somebody sets the clock

 private:
  std::atomic<std::int64_t> wall_us_{1'700'000'000'000'000};
  std::atomic<std::int64_t> boot_ns_{1'000'000'000};
};

class SimRandom final : public log::Random {
 public:
  explicit SimRandom(std::uint64_t seed) : random_(seed) {}

  std::uint64_t next_u64() override {
    const std::lock_guard lock(mutex_);
    return random_();
  }
  void fill(log::MutableBytes out) override {
    const std::lock_guard lock(mutex_);
    for (std::byte& byte : out) {
      byte = static_cast<std::byte>(random_());
    }
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;
};

// Owns one of each.
class SimEnv {
 public:
  explicit SimEnv(std::uint64_t seed) : disk(seed), random(seed), env_(disk, clock, random) {}
  SimEnv(const SimEnv&) = delete;
  SimEnv& operator=(const SimEnv&) = delete;

  log::Env& env() { return env_; }

  SimDisk disk;
  SimClock clock;
  SimRandom random;

 private:
  log::Env env_;
};

}  // namespace orloj::test
