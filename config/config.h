// Every option struct of the house in one value. Made by load(); each room gets only its own part.
#pragma once

#include "broker/options.h"
#include "coordinator/options.h"
#include "log/options.h"
#include "scheduler/options.h"

namespace orloj::config {

struct Config {
  log::LogOptions log;
  scheduler::SchedulerOptions scheduler;
  coordinator::CoordinatorOptions coordinator;
  broker::BrokerOptions broker;
};

}  // namespace orloj::config
