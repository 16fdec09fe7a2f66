// Every limit and knob of the broker room, with its unit in its name. Plain data: the config room
// fills it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orloj::broker {

// One named door (KIP-103). Clients that come through it are told its advertised address.
struct ListenerOptions {
  std::string name = "PLAINTEXT";
  std::string host = "127.0.0.1";     // "": every address
  std::uint16_t port = 9092;          // 0: the system chooses
  std::string advertised_host;        // "": host, or this machine's name when that is every address
  std::uint16_t advertised_port = 0;  // 0: the bound port
};

struct NetOptions {
  std::int32_t reactor_threads = 0;       // num.network.threads; 0: one up to two cores, else half
  std::int32_t connections_max = 10'000;  // max.connections
  std::int32_t connections_per_ip_max = 10'000;         // max.connections.per.ip
  std::int64_t connection_idle_max_ms = 600'000;        // connections.max.idle.ms
  std::int64_t frame_deadline_ms = 30'000;              // a begun request must be complete by then
  std::int64_t write_deadline_ms = 60'000;              // a reply must find some room by then
  std::int64_t first_frame_max_bytes = 64 * 1024;       // before the first valid request
  std::int64_t frame_max_bytes = 100LL << 20;           // socket.request.max.bytes
  std::int64_t request_memory_max_bytes = 512LL << 20;  // queued.max.request.bytes, all connections
  std::int32_t requests_in_flight_max = 64;             // of one connection
  std::int32_t listen_backlog = 1024;                   // socket.listen.backlog.size
  std::int32_t send_buffer_bytes = 100 * 1024;  // socket.send.buffer.bytes; -1: up to the system
  std::int64_t sendfile_min_bytes = 32 * 1024;  // shorter file ranges are read and gathered
};

struct BrokerOptions {
  std::int32_t node_id = 1;  // node.id
  std::string rack;          // broker.rack
  std::vector<ListenerOptions> listeners{ListenerOptions{}};
  NetOptions net;

  std::string admin_address = "127.0.0.1:9644";  // admin.address; "": no admin port
  std::string log_level = "info";                // log.level

  bool auto_create_topics = true;                       // auto.create.topics.enable
  bool delete_topics = true;                            // delete.topic.enable
  std::int32_t blocking_threads = 4;                    // for what waits for the disk
  std::int64_t fetch_max_bytes = 55LL << 20;            // fetch.max.bytes
  std::int32_t fetch_sessions_max = 1'000;              // max.incremental.fetch.session.cache.slots
  std::int32_t fetch_session_partitions_max = 100'000;  // of all sessions together
  std::int64_t fetch_session_idle_ms = 120'000;         // younger ones are not evicted
  std::int32_t response_partitions_max = 2'000;         // max.request.partition.size.limit
  std::int64_t group_tick_ms = 100;                     // how often group deadlines are looked at
  std::int64_t drain_max_ms = 5'000;        // SIGTERM: requests in flight may take so long
  std::int64_t blocking_queue_max = 1'000;  // waiting for a blocking thread
};

}  // namespace orloj::broker
