#include "broker/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <map>
#include <utility>

#include "broker/metrics/families.h"
#include "broker/metrics/process_stats.h"

namespace orloj::broker {
namespace {

using Families = std::vector<prometheus::MetricFamily>;
constexpr double kMicrosecondsPerSecond = 1e6;
constexpr double kMsPerSecond = 1e3;
constexpr const char* kOtherTopics = "(other)";

double number(auto value) {
  return static_cast<double>(value);
}

double load(const std::atomic<std::uint64_t>& value) {
  return number(value.load(std::memory_order_relaxed));
}

double load(const std::atomic<std::int64_t>& value) {
  return number(value.load(std::memory_order_relaxed));
}

void add_single(Families& out, prometheus::MetricFamily family, double value, Labels labels = {}) {
  add(family, value, std::move(labels));
  out.push_back(std::move(family));
}

HistogramData latency_of(const ApiStats& api) {
  HistogramData data;
  for (const auto bound : kLatencyBoundsUs) {
    data.upper_bounds.push_back(number(bound) / kMicrosecondsPerSecond);
  }
  for (const auto& count : api.latency_counts) {
    data.counts.push_back(count.load(std::memory_order_relaxed));
  }
  data.sum = load(api.latency_us_sum) / kMicrosecondsPerSecond;
  return data;
}

void add_requests(Families& out, const MetricsSources& sources) {
  auto requests = counter_family("orloj_requests_total", "Requests answered, by API.");
  auto errors =
      counter_family("orloj_request_errors_total", "Answers that carry an error code, by API.");
  auto latency = histogram_family("orloj_request_duration_seconds",
                                  "From the last byte of a request to its answer, by API.");
  for (std::size_t key = 0; key < kApiKeysMax; ++key) {
    const std::string name = sources.api_name(static_cast<std::int16_t>(key));
    if (name.empty()) continue;
    const ApiStats& api = sources.broker->apis[key];
    const Labels labels{{"api", name}};
    add(requests, load(api.requests_total), labels);
    add(errors, load(api.errors_total), labels);
    add(latency, latency_of(api), labels);
  }
  out.push_back(std::move(requests));
  out.push_back(std::move(errors));
  out.push_back(std::move(latency));
}

void add_connections(Families& out, const BrokerStats& stats) {
  add_single(out, gauge_family("orloj_connections", "Open client connections."),
             load(stats.connections));
  add_single(out, counter_family("orloj_connections_accepted_total", "Connections accepted."),
             load(stats.connections_accepted_total));
  add_single(out, counter_family("orloj_connections_refused_total", "Connections over a limit."),
             load(stats.connections_refused_total));
  add_single(
      out,
      counter_family("orloj_connections_timed_out_total", "Connections closed as idle or slow."),
      load(stats.connections_timed_out_total));
  add_single(out,
             counter_family("orloj_malformed_requests_total", "Requests that could not be read."),
             load(stats.malformed_requests_total));
  add_single(out, counter_family("orloj_received_bytes_total", "Bytes received from clients."),
             load(stats.received_bytes_total));
  add_single(out, counter_family("orloj_sent_bytes_total", "Bytes sent to clients."),
             load(stats.sent_bytes_total));
  add_single(out, gauge_family("orloj_fetch_sessions", "Fetch sessions kept."),
             load(stats.fetch_sessions));
  add_single(out, counter_family("orloj_fetch_session_evictions_total", "Fetch sessions evicted."),
             load(stats.fetch_session_evictions_total));
}

struct TopicTotals {
  std::int64_t partitions = 0;
  std::int64_t compaction_halted = 0;
  std::int64_t producer_state_damaged = 0;
  log::PartitionStats logs;
};

void add_topic(TopicTotals& total, const log::PartitionStats& stats) {
  ++total.partitions;
  total.logs.data_bytes += stats.data_bytes;
  total.logs.schedule_bytes += stats.schedule_bytes;
  total.logs.appended_records_total += stats.appended_records_total;
  total.logs.appended_bytes_total += stats.appended_bytes_total;
  total.logs.duplicate_batches_total += stats.duplicate_batches_total;
  total.logs.damaged_offsets += stats.damaged_offsets;
  total.compaction_halted += stats.compaction_halted ? 1 : 0;
  total.producer_state_damaged += stats.producer_state_damaged ? 1 : 0;
}

void add_logs(Families& out, const log::LogStore& logs) {
  std::map<std::string, TopicTotals> topics;
  for (const auto& partition : logs.all()) {
    const std::string& topic = partition->spec().topic;
    const bool known = topics.contains(topic) || topics.size() < kTopicLabelsMax;
    add_topic(topics[known ? topic : kOtherTopics], partition->stats());
  }
  auto partitions = gauge_family("orloj_topic_partitions", "Partitions, by topic.");
  auto bytes = gauge_family("orloj_log_bytes", "Bytes on disk, by topic and kind of log.");
  auto records =
      counter_family("orloj_records_in_total", "Records appended since the start, by topic.");
  auto in =
      counter_family("orloj_produce_bytes_total", "Bytes appended since the start, by topic.");
  auto duplicates =
      counter_family("orloj_duplicate_batches_total", "Batches that a retry sent again, by topic.");
  auto halted = gauge_family("orloj_log_compaction_halted_partitions",
                             "Partitions that compaction leaves alone: it met damage, by topic.");
  auto unsure = gauge_family("orloj_log_producer_state_damaged_partitions",
                             "Partitions that nothing fires into: their producer state is damaged, "
                             "by topic.");
  auto damaged = gauge_family("orloj_log_damaged_offsets",
                              "Offsets that are lost or can't be read and answer CORRUPT_MESSAGE, "
                              "by topic.");
  for (const auto& [topic, total] : topics) {
    add(damaged, number(total.logs.damaged_offsets), {{"topic", topic}});
    add(halted, number(total.compaction_halted), {{"topic", topic}});
    add(unsure, number(total.producer_state_damaged), {{"topic", topic}});
    add(partitions, number(total.partitions), {{"topic", topic}});
    add(bytes, number(total.logs.data_bytes), {{"topic", topic}, {"kind", "data"}});
    add(bytes, number(total.logs.schedule_bytes), {{"topic", topic}, {"kind", "schedule"}});
    add(records, number(total.logs.appended_records_total), {{"topic", topic}});
    add(in, number(total.logs.appended_bytes_total), {{"topic", topic}});
    add(duplicates, number(total.logs.duplicate_batches_total), {{"topic", topic}});
  }
  for (auto* family :
       {&partitions, &bytes, &records, &in, &duplicates, &halted, &unsure, &damaged}) {
    out.push_back(std::move(*family));
  }
}

HistogramData lateness_of(const scheduler::LatenessHistogram& lateness) {
  HistogramData data;
  for (const auto bound : scheduler::kLatenessBoundsMs) {
    data.upper_bounds.push_back(number(bound) / kMsPerSecond);
  }
  data.counts.assign(lateness.counts.begin(), lateness.counts.end());
  data.sum = lateness.sum_seconds;
  return data;
}

void add_schedule_topics(Families& out, const scheduler::SchedulerStats& stats) {
  auto pending =
      gauge_family("orloj_schedule_pending", "Records that wait for their time, by topic.");
  auto accepted =
      counter_family("orloj_schedule_accepted_total", "Records accepted to wait, by topic.");
  auto fired = counter_family("orloj_schedule_fired_total", "Records fired, by topic.");
  std::map<std::string, scheduler::TopicScheduleStats> topics;
  for (const auto& topic : stats.topics) {
    const bool known = topics.contains(topic.topic) || topics.size() < kTopicLabelsMax;
    auto& total = topics[known ? topic.topic : kOtherTopics];
    total.pending += topic.pending;
    total.accepted_total += topic.accepted_total;
    total.fired_total += topic.fired_total;
  }
  for (const auto& [topic, total] : topics) {
    add(pending, number(total.pending), {{"topic", topic}});
    add(accepted, number(total.accepted_total), {{"topic", topic}});
    add(fired, number(total.fired_total), {{"topic", topic}});
  }
  for (auto* family : {&pending, &accepted, &fired}) out.push_back(std::move(*family));
}

void add_schedules(Families& out, const scheduler::SchedulerStats& stats) {
  add_schedule_topics(out, stats);
  auto lateness = histogram_family("orloj_schedule_fire_lateness_seconds",
                                   "Append instant minus due instant of fired records.");
  add(lateness, lateness_of(stats.lateness));
  out.push_back(std::move(lateness));
  add_single(out, gauge_family("orloj_schedule_overdue", "Records that are due and not fired yet."),
             number(stats.overdue));
  add_single(
      out,
      gauge_family("orloj_schedule_oldest_overdue_seconds", "Age of the oldest overdue record."),
      number(stats.oldest_overdue_ms) / kMsPerSecond);
  add_single(out,
             gauge_family("orloj_schedule_damaged_entries",
                          "Pending records that cannot fire: damaged on disk."),
             number(stats.damaged));
  if (stats.next_due_ms >= 0) {
    add_single(
        out,
        gauge_family("orloj_schedule_next_due_timestamp_seconds", "When the next record is due."),
        number(stats.next_due_ms) / kMsPerSecond);
  }
  add_single(out,
             gauge_family("orloj_schedule_wheel_entries", "Records loaded into the timing wheel."),
             number(stats.wheel_entries));
  add_single(out,
             counter_family("orloj_schedule_clock_steps_total", "Forward steps of the wall clock."),
             number(stats.clock_steps_total));
  add_single(
      out, gauge_family("orloj_schedule_firing_paused", "1 while firing waits after a clock step."),
      stats.firing_paused ? 1 : 0);
}

void add_groups(Families& out, const coordinator::GroupCoordinatorStats& stats) {
  add_single(out, gauge_family("orloj_groups", "Consumer groups."), number(stats.groups));
  add_single(out, gauge_family("orloj_group_members", "Members of all groups."),
             number(stats.members));
  add_single(out, gauge_family("orloj_group_offsets", "Committed offsets kept."),
             number(stats.offsets));
  add_single(out, counter_family("orloj_group_rebalances_total", "Rebalances completed."),
             number(stats.rebalances_total));
  add_single(out, counter_family("orloj_group_commits_total", "Offsets committed."),
             number(stats.commits_total));
}

void add_process(Families& out, const MetricsSources& sources) {
  add_single(out, gauge_family("orloj_build_info", "Always 1; the version is a label."), 1,
             {{"version", sources.version}});
  add_single(out, gauge_family("process_start_time_seconds", "When the process started."),
             sources.start_time_seconds);
  const ProcessStats process = read_process_stats();
  add_single(out, counter_family("process_cpu_seconds_total", "User and system time."),
             process.cpu_seconds);
  add_single(out, gauge_family("process_resident_memory_bytes", "Resident memory."),
             number(process.resident_bytes));
  add_single(out, gauge_family("process_open_fds", "Open file descriptors."),
             number(process.open_fds));
  add_single(out, gauge_family("process_max_fds", "Limit of open file descriptors."),
             number(process.max_fds));
}

}  // namespace

Metrics::Metrics(MetricsSources sources) : sources_(std::move(sources)) {
}

std::string Metrics::render() const {
  Families families;
  add_process(families, sources_);
  add_requests(families, sources_);
  add_connections(families, *sources_.broker);
  add_logs(families, *sources_.logs);
  add_schedules(families, sources_.scheduler->stats());
  add_groups(families, sources_.groups->stats());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace orloj::broker
