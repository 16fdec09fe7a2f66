#include "broker/broker.h"

#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "broker/blocking_pool.h"
#include "broker/damage_watch.h"
#include "broker/handlers/handlers.h"
#include "broker/logger.h"
#include "broker/metrics/metrics.h"
#include "broker/net/server.h"
#include "broker/topics.h"
#include "broker/version.h"
#include "coordinator/catalog.h"
#include "coordinator/group_coordinator.h"
#include "coordinator/local_metadata_store.h"
#include "coordinator/producer_ids.h"
#include "log/log_store.h"
#include "scheduler/scheduler.h"

namespace orloj::broker {
namespace {

constexpr std::int64_t kTombstoneCheckIntervalMs = 60'000;
constexpr std::int64_t kDamageCheckIntervalMs = 60'000;
constexpr double kMicrosecondsPerSecond = 1e6;

Error room_error(const std::string& message) {
  return Error{ErrorCode::kRoom, message};
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

// In the order of construction; destroyed in reverse, so that callbacks find what they point to.
struct Broker::Impl {
  Impl(log::Env machine, BrokerConfig settings, FatalHandler on_fatal)
      : env(machine), config(std::move(settings)), fatal(std::move(on_fatal)) {}
  ~Impl() { (void)stop(); }

  Status start();
  Status stop();

  Status open_metadata();
  Status open_logs();
  Status open_scheduler();
  void open_groups();
  void introduce();
  Status serve();
  coordinator::Result<std::vector<std::shared_ptr<log::Partition>>> offsets_partitions(
      coordinator::GroupCoordinator::IfMissing if_missing);
  void forget_tombstones();
  void tell_damage();
  MetricsSources metrics_sources() const;

  log::Env env;
  BrokerConfig config;
  FatalHandler fatal;
  BrokerStats stats;
  Identity identity;
  std::unique_ptr<Server> server;
  std::unique_ptr<coordinator::MetadataStore> metadata;
  std::unique_ptr<coordinator::Catalog> catalog;
  std::optional<coordinator::ProducerIds> producer_ids;
  std::unique_ptr<log::LogStore> logs;
  DamageWatch damage;
  std::unique_ptr<scheduler::Scheduler> scheduler;
  std::optional<Topics> topics;
  std::unique_ptr<BlockingPool> blocking;
  std::unique_ptr<coordinator::GroupCoordinator> groups;
  std::optional<Router> router;
  std::optional<Metrics> metrics;
  bool running = false;
};

Status Broker::Impl::open_metadata() {
  auto store = coordinator::LocalMetadataStore::open(config.coordinator);
  if (!store) return room_error(store.error().message);
  metadata = std::move(*store);
  auto opened = coordinator::Catalog::open(env, *metadata, config.coordinator);
  if (!opened) return room_error(opened.error().message);
  catalog = std::move(*opened);
  if (const auto pinned = coordinator::pin_offsets_durability(*catalog); !pinned) {
    return room_error(pinned.error().message);
  }
  producer_ids.emplace(*metadata, config.coordinator.producer_id_block);
  return {};
}

Status Broker::Impl::open_logs() {
  // The catalogue lies below the lock that the store takes first.
  const auto read_facts = [this]() -> log::Result<log::CatalogFacts> {
    if (const Status opened = open_metadata(); !opened) {
      return log::Error{log::ErrorCode::kIo, opened.error().message};
    }
    return catalog->log_facts();
  };
  auto opened = log::LogStore::open(env, config.log, read_facts,
                                    [this](const log::Error& error) { fatal(error.message); });
  if (!opened) return room_error(opened.error().message);
  logs = std::move(*opened);
  const log::RecoveryReport& report = logs->recovery();
  log_info("recovered " + std::to_string(report.partitions) + " partitions after " +
           (report.clean_stop ? "a clean stop" : "an unclean stop or a first start") + ": " +
           std::to_string(report.journal_frames_replayed) + " journal frames replayed, " +
           std::to_string(report.bytes_truncated) + " bytes of torn tails cut");
  for (const std::string& message : report.messages) log_info(message);
  return {};
}

Status Broker::Impl::open_scheduler() {
  auto opened = scheduler::Scheduler::open(env, config.scheduler,
                                           [](const std::string& line) { log_warning(line); });
  if (!opened) return room_error(opened.error().message);
  scheduler = std::move(*opened);
  topics.emplace(
      Topics::Parts{*catalog, *logs, *scheduler, config.coordinator.topic_defaults, fatal});
  for (const auto& [name, topic] : catalog->snapshot()->by_name) {
    if (topic->internal) continue;
    const auto schedule_config = topics->schedule_config(*topic);
    for (std::int32_t index = 0; index < topic->partition_count; ++index) {
      const auto partition = topics->partition(*topic, index);
      if (partition == nullptr) continue;
      const auto attached = scheduler->attach(partition, *schedule_config);
      if (!attached) return room_error(attached.error().message);
    }
  }
  return {};
}

coordinator::Result<std::vector<std::shared_ptr<log::Partition>>> Broker::Impl::offsets_partitions(
    coordinator::GroupCoordinator::IfMissing if_missing) {
  auto topic = catalog->find(coordinator::kOffsetsTopic);
  if (topic == nullptr && if_missing == coordinator::GroupCoordinator::IfMissing::kCreate) {
    auto created = topics->create(coordinator::offsets_topic(config.coordinator.groups));
    if (!created) return created.error();
    topic = *created;
  }
  std::vector<std::shared_ptr<log::Partition>> partitions;
  if (topic == nullptr) return partitions;
  for (std::int32_t index = 0; index < topic->partition_count; ++index) {
    auto partition = topics->partition(*topic, index);
    if (partition == nullptr) {
      return coordinator::Error{coordinator::ErrorCode::kLog,
                                std::string(coordinator::kOffsetsTopic) + "-" +
                                    std::to_string(index) + " is in the catalogue but not on disk"};
    }
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

void Broker::Impl::open_groups() {
  coordinator::GroupCoordinator::Surroundings surroundings;
  surroundings.open_offsets_topic = [this](coordinator::GroupCoordinator::IfMissing if_missing) {
    return offsets_partitions(if_missing);
  };
  surroundings.topic_exists = [this](std::string_view name, const log::TopicId& id) {
    const auto topic = catalog->find(name);
    return topic != nullptr && (id.is_zero() || topic->id == id);
  };
  surroundings.alarm = [](const std::string& line) { log_warning(line); };
  groups = coordinator::GroupCoordinator::create(env, config.coordinator.groups,
                                                 std::move(surroundings));
  groups->start();
}

// Who this broker says it is; ports are known since bind().
void Broker::Impl::introduce() {
  identity.node_id = config.broker.node_id;
  identity.rack = config.broker.rack;
  identity.cluster_id = logs->cluster_id();
  for (std::size_t i = 0; i < config.broker.listeners.size(); ++i) {
    const ListenerOptions& listener = config.broker.listeners[i];
    Endpoint endpoint;
    endpoint.host = !listener.advertised_host.empty() ? listener.advertised_host
                    : listener.host.empty()           ? host_name()
                                                      : listener.host;
    endpoint.port = listener.advertised_port != 0 ? listener.advertised_port : server->port(i);
    identity.endpoints.push_back(std::move(endpoint));
    if (!is_loopback(listener.host)) {
      log_warning("listener " + listener.name +
                  " is reachable from other machines and there is no " +
                  "authentication: whoever reaches it can read and write everything");
    }
  }
}

MetricsSources Broker::Impl::metrics_sources() const {
  MetricsSources sources;
  sources.broker = &stats;
  sources.logs = logs.get();
  sources.catalog = catalog.get();
  sources.groups = groups.get();
  sources.scheduler = scheduler.get();
  sources.api_name = [this](std::int16_t key) {
    for (const Route& route : router->routes()) {
      if (static_cast<std::int16_t>(route.api->key) == key) return std::string(route.api->name);
    }
    return std::string();
  };
  sources.version = std::string(kVersion);
  sources.start_time_seconds = static_cast<double>(env.clock().wall_us()) / kMicrosecondsPerSecond;
  return sources;
}

void Broker::Impl::forget_tombstones() {
  const auto released = logs->releasable_tombstones();
  if (!released.empty()) logs->forget_tombstones(catalog->forget_tombstones(released));
}

void Broker::Impl::tell_damage() {
  for (const auto& partition : logs->all()) {
    const log::PartitionSpec& spec = partition->spec();
    const std::string name = spec.topic + "-" + std::to_string(spec.id.partition);
    for (const std::string& line : damage.news(name, partition->stats())) log_warning(line);
  }
}

Status Broker::Impl::serve() {
  router.emplace(
      all_routes(Services{config.broker, config.coordinator, config.log, identity, config.settings,
                          env, *topics, *scheduler, *groups, *producer_ids, *blocking, stats}));
  metrics.emplace(metrics_sources());
  server->every(config.broker.group_tick_ms, [this] { groups->tick(); });
  server->every(kTombstoneCheckIntervalMs,
                [this] { (void)blocking->submit([this] { forget_tombstones(); }); });
  tell_damage();
  server->every(kDamageCheckIntervalMs,
                [this] { (void)blocking->submit([this] { tell_damage(); }); });
  scheduler->start();
  logs->start_background();
  running = true;
  return server->start(*router);
}

Status Broker::Impl::start() {
  server = std::make_unique<Server>(config.broker, stats, env.clock());
  if (const Status bound = server->bind(); !bound) return bound;
  if (const Status opened = open_logs(); !opened) return opened;
  if (const Status opened = open_scheduler(); !opened) return opened;
  blocking = std::make_unique<BlockingPool>(config.broker.blocking_threads,
                                            config.broker.blocking_queue_max);
  open_groups();
  introduce();
  return serve();
}

Status Broker::Impl::stop() {
  if (!running) return {};
  running = false;
  if (!server->drain(config.broker.drain_max_ms)) {
    log_info("some clients did not leave within shutdown.drain.ms; their connections are closed");
  }
  groups->stop();
  scheduler->stop();
  blocking->stop();
  server->stop();
  const log::Status closed = logs->close();
  // Nobody calls back any more; what still waits on a reactor refers to the rooms and goes first.
  server.reset();
  if (!closed) return room_error(closed.error().message);
  return {};
}

Broker::Broker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
}

Broker::~Broker() = default;

Result<std::unique_ptr<Broker>> Broker::start(log::Env env, BrokerConfig config,
                                              FatalHandler fatal) {
  auto impl = std::make_unique<Impl>(env, std::move(config), std::move(fatal));
  if (const Status started = impl->start(); !started) return started.error();
  return std::unique_ptr<Broker>(new Broker(std::move(impl)));
}

std::vector<std::string> Broker::advertised() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < impl_->identity.endpoints.size(); ++i) {
    const Endpoint& endpoint = impl_->identity.endpoints[i];
    all.push_back(impl_->config.broker.listeners[i].name + "://" + endpoint.host + ":" +
                  std::to_string(endpoint.port));
  }
  return all;
}

std::uint16_t Broker::port(std::size_t listener) const {
  return impl_->server->port(listener);
}

const coordinator::Catalog& Broker::catalog() const {
  return *impl_->catalog;
}

const log::LogStore& Broker::logs() const {
  return *impl_->logs;
}

const Router& Broker::router() const {
  return *impl_->router;
}

std::string Broker::metrics() const {
  return impl_->metrics->render();
}

std::string Broker::unready_reason() const {
  if (impl_->logs->disk_space() == log::DiskSpace::kEnough) return {};
  return "disk space low: less than log.disk.low.water.bytes = " +
         std::to_string(impl_->config.log.disk_low_water_bytes) + " are free in " +
         impl_->config.log.data_dir + ", clients cannot append";
}

bool Broker::resume_after_clock_step() const {
  const bool was_paused = impl_->scheduler->stats().firing_paused;
  impl_->scheduler->resume_after_clock_step();
  return was_paused;
}

Status Broker::stop() {
  return impl_->stop();
}

}  // namespace orloj::broker
