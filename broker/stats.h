// What the broker room counts. Written by reactors, read at scrape time; all relaxed atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace orloj::broker {

// Upper bounds of the request latency histogram in microseconds; one more bucket counts what is
// above.
inline constexpr std::array<std::int64_t, 14> kLatencyBoundsUs = {
    50,     100,    250,     500,     1'000,     2'500,     5'000,
    10'000, 25'000, 100'000, 500'000, 1'000'000, 5'000'000, 30'000'000};

struct ApiStats {
  std::atomic<std::uint64_t> requests_total{0};
  std::atomic<std::uint64_t> errors_total{0};  // answers that carry at least one error code
  std::atomic<std::uint64_t> latency_us_sum{0};
  std::array<std::atomic<std::uint64_t>, kLatencyBoundsUs.size() + 1> latency_counts{};

  void observe(std::int64_t latency_us) {
    std::size_t bucket = 0;
    while (bucket < kLatencyBoundsUs.size() && latency_us > kLatencyBoundsUs[bucket]) ++bucket;
    latency_counts[bucket].fetch_add(1, std::memory_order_relaxed);
    latency_us_sum.fetch_add(static_cast<std::uint64_t>(latency_us), std::memory_order_relaxed);
    requests_total.fetch_add(1, std::memory_order_relaxed);
  }
};

inline constexpr std::size_t kApiKeysMax = 128;  // api keys are below

struct BrokerStats {
  std::array<ApiStats, kApiKeysMax> apis;  // by api key
  std::atomic<std::int64_t> connections{0};
  std::atomic<std::uint64_t> connections_accepted_total{0};
  std::atomic<std::uint64_t> connections_refused_total{0};  // over a limit
  std::atomic<std::uint64_t> connections_timed_out_total{0};
  std::atomic<std::uint64_t> malformed_requests_total{0};
  std::atomic<std::uint64_t> received_bytes_total{0};
  std::atomic<std::uint64_t> sent_bytes_total{0};
  std::atomic<std::int64_t> fetch_sessions{0};
  std::atomic<std::uint64_t> fetch_session_evictions_total{0};
};

}  // namespace orloj::broker
