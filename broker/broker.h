// The roof: builds the rooms in order, joins them, serves, and takes everything down in reverse.
// The only composition point.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker_setting.h"
#include "broker/error.h"
#include "broker/options.h"
#include "broker/router.h"
#include "coordinator/catalog.h"
#include "coordinator/options.h"
#include "log/env/env.h"
#include "log/log_store.h"
#include "log/options.h"
#include "scheduler/options.h"

namespace orloj::broker {

struct BrokerConfig {
  BrokerOptions broker;
  log::LogOptions log;
  scheduler::SchedulerOptions scheduler;
  coordinator::CoordinatorOptions coordinator;
  std::vector<BrokerSetting> settings;  // for DescribeConfigs
};

class Broker {
 public:
  // A failed write or sync: called once, from any thread. The process must end at once (promise 9).
  using FatalHandler = std::function<void(const std::string& message)>;

  // Binds every listener, locks and recovers the data directory, attaches schedules, loads groups,
  // then answers clients. Blocking; the error says what to do. `env` outlives the broker.
  static Result<std::unique_ptr<Broker>> start(log::Env env, BrokerConfig config,
                                               FatalHandler fatal);
  ~Broker();

  // "NAME://host:port" of each listener as clients are told.
  std::vector<std::string> advertised() const;
  std::uint16_t port(std::size_t listener) const;  // bound; until stop()
  const coordinator::Catalog& catalog() const;
  const log::LogStore& logs() const;
  const Router& router() const;
  // The page of /metrics. Any thread, until stop().
  std::string metrics() const;

  // Why clients had better go elsewhere although the broker runs; empty: no reason. Any thread,
  // until stop().
  std::string unready_reason() const;

  // An operator's "go" after a clock step; whether firing was paused. Any thread, until stop().
  bool resume_after_clock_step() const;

  // Stops accepting, finishes or refuses what is in flight within drain_max_ms, flushes, writes the
  // clean marker.
  Status stop();

 private:
  struct Impl;
  explicit Broker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace orloj::broker
