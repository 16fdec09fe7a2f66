// orloj_load VERB …: puts a load on a broker and prints one JSON object of figures.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <functional>
#include <iostream>

#include "bench/load/verbs.h"

namespace orloj::bench {
namespace {

using Verb = std::function<Figures()>;

void add_target(CLI::App& verb, Target& target) {
  verb.add_option("--port", target.port, "port of the broker on 127.0.0.1")->required();
  verb.add_option("--topic", target.topic)->required();
  verb.add_option("--broker-process", target.broker_process,
                  "id of the process whose processor time is measured");
}

// Options that several loads have under the same name.
template <class Load>
void add_timing(CLI::App& verb, Load& load) {
  verb.add_option("--warm-seconds", load.warm_seconds, "before anything is measured");
  verb.add_option("--seconds", load.seconds, "measured, at most");
}

template <class Load>
void add_records(CLI::App& verb, Load& load) {
  verb.add_option("--records", load.records, "in a batch");
  verb.add_option("--record-bytes", load.record_bytes);
  verb.add_option("--acks", load.acks);
}

void add_produce(CLI::App& app, ProduceLoad& load, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("produce", "write batches, in closed or open loop");
  add_target(*verb, load.target);
  add_timing(*verb, load);
  add_records(*verb, load);
  verb->add_option("--partitions", load.partitions);
  verb->add_option("--connections", load.connections);
  verb->add_option("--in-flight", load.in_flight, "requests of a connection; closed loop");
  verb->add_option("--rate", load.rate, "requests a second; above 0: open loop");
  verb->add_option("--requests", load.requests, "measured, at most");
  verb->callback([&] { chosen = [&load] { return produce(load); }; });
}

void add_end_to_end(CLI::App& app, EndToEndLoad& load, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("end-to-end", "a producer and a consumer");
  add_target(*verb, load.target);
  add_timing(*verb, load);
  add_records(*verb, load);
  verb->add_option("--rate", load.rate, "requests a second");
  verb->callback([&] { chosen = [&load] { return end_to_end(load); }; });
}

void add_fetch(CLI::App& app, FetchLoad& load, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("fetch", "read what is there, over and over");
  add_target(*verb, load.target);
  add_timing(*verb, load);
  verb->add_option("--connections", load.connections);
  verb->add_option("--partition-max-bytes", load.partition_max_bytes, "of one answer");
  verb->add_option("--bytes", load.bytes, "measured, at most");
  verb->add_flag("--verify", load.verify, "the checksum of every batch");
  verb->callback([&] { chosen = [&load] { return fetch(load); }; });
}

void add_fire(CLI::App& app, FireLoad& load, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("fire", "schedule records and see how late they come");
  add_target(*verb, load.target);
  verb->add_option("--pending", load.pending, "records that are due in an hour");
  verb->add_option("--rate", load.rate, "records a second that fire");
  verb->add_option("--seconds", load.seconds, "of firing");
  verb->add_option("--record-bytes", load.record_bytes);
  verb->callback([&] { chosen = [&load] { return fire(load); }; });
}

void add_first_ack(CLI::App& app, FirstAckLoad& load, Verb& chosen) {
  CLI::App* verb = app.add_subcommand("first-ack", "write one record as soon as that works");
  add_target(*verb, load.target);
  verb->add_option("--since-ns", load.since_ns, "of the monotonic clock")->required();
  verb->add_option("--deadline-seconds", load.deadline_seconds);
  verb->callback([&] { chosen = [&load] { return first_ack(load); }; });
}

void print(const Figures& figures) {
  std::string text;
  for (const auto& [name, value] : figures) {
    text += fmt::format("{}\"{}\": {}", text.empty() ? "" : ", ", name, value);
  }
  std::cout << "{" << text << "}\n";
}

int run(int argc, char** argv) {
  CLI::App app("Load generator for brokers that speak Kafka's protocol", "orloj_load");
  app.require_subcommand(1);
  ProduceLoad produce_load;
  EndToEndLoad end_to_end_load;
  FetchLoad fetch_load;
  FireLoad fire_load;
  FirstAckLoad first_ack_load;
  Verb chosen;
  add_produce(app, produce_load, chosen);
  add_end_to_end(app, end_to_end_load, chosen);
  add_fetch(app, fetch_load, chosen);
  add_fire(app, fire_load, chosen);
  add_first_ack(app, first_ack_load, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    return app.exit(end);
  }
  print(chosen());
  return 0;
}

}  // namespace
}  // namespace orloj::bench

int main(int argc, char** argv) {
  try {
    return orloj::bench::run(argc, argv);
  } catch (const std::exception& fault) {
    std::cerr << "orloj_load: " << fault.what() << "\n";
    return 1;
  }
}
