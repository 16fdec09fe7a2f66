// The second door: plain HTTP for health and metrics, on an address and a thread of its own.
//
// Routes are added before start(); handlers run on the admin thread, one at a time, and must be
// quick. A page answers GET and HEAD. An action answers POST, and only from this machine and not
// from a page in a browser: there is no authentication. Anything malformed, oversized or slow ends
// its connection and costs at most kAdminRequestBytesMax of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace orloj::broker {

inline constexpr std::size_t kAdminRequestBytesMax = 16 * 1024;  // header and body of one request
inline constexpr std::size_t kAdminConnectionsMax = 64;
inline constexpr std::int64_t kAdminIdleTimeoutMs =
    15'000;  // also the time to send a whole request

struct AdminResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow = {};  // for 405
};

class AdminServer {
 public:
  using Handler = std::function<AdminResponse()>;

  AdminServer();
  ~AdminServer();  // stops

  void add_route(std::string path, Handler handler);
  void add_action(std::string path, Handler handler);
  // Binds "host:port" and starts the thread; what went wrong, or nullopt.
  std::optional<std::string> start(const std::string& address);
  // The bound address, with the port that the system chose when it was 0.
  std::string address() const;
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orloj::broker
