#include "broker/admin/admin_server.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>
#include <map>
#include <thread>

namespace orloj::broker {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

struct AdminRoute {
  enum class Kind { kPage, kAction };
  Kind kind;
  AdminServer::Handler handler;
};

}  // namespace

struct AdminServer::Impl {
  std::map<std::string, AdminRoute, std::less<>> routes;
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  std::thread thread;
  std::size_t connections = 0;

  std::optional<std::string> bind(const std::string& address);
  asio::awaitable<void> accept_loop();
  asio::awaitable<void> serve(tcp::socket socket);
  AdminResponse respond(const http::request<http::string_body>& request, bool from_here) const;
};

namespace {

constexpr std::chrono::milliseconds kAcceptRetryPause{50};

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<HostPort> split_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostPort parts;
  parts.host = address.substr(0, colon);
  if (parts.host.size() > 1 && parts.host.front() == '[')
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  const char* first = address.data() + colon + 1;
  const char* last = address.data() + address.size();
  const auto [end, error] = std::from_chars(first, last, parts.port);
  if (error != std::errc{} || end != last) return std::nullopt;
  return parts;
}

void rethrow_unless_null(const std::exception_ptr& failure) {
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

std::optional<std::string> AdminServer::Impl::bind(const std::string& address) {
  const auto parts = split_address(address);
  if (!parts) return "admin.address \"" + address + "\" is not host:port";
  error_code error;
  tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(parts->host, std::to_string(parts->port), error);
  if (error || endpoints.empty())
    return "admin.address " + address + " cannot be resolved: " + error.message();
  const tcp::endpoint endpoint = endpoints.begin()->endpoint();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return "cannot listen on admin.address " + address + ": " + error.message();
  return std::nullopt;
}

asio::awaitable<void> AdminServer::Impl::accept_loop() {
  while (acceptor.is_open()) {
    error_code error;
    tcp::socket socket =
        co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of file descriptors, most likely: trying again at once would spin.
      asio::steady_timer pause(context, kAcceptRetryPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    if (connections >= kAdminConnectionsMax) continue;
    asio::co_spawn(context, serve(std::move(socket)), rethrow_unless_null);
  }
}

AdminResponse AdminServer::Impl::respond(const http::request<http::string_body>& request,
                                         bool from_here) const {
  const std::string target(request.target());
  const auto route = routes.find(target.substr(0, target.find('?')));
  if (route == routes.end()) {
    return {.status = 404,
            .body = "no such page; there are /metrics, /healthz, /livez and /readyz\n"};
  }
  const bool is_read = request.method() == http::verb::get || request.method() == http::verb::head;
  if (route->second.kind == AdminRoute::Kind::kPage) {
    if (is_read) return route->second.handler();
    return {.status = 405, .body = "only GET and HEAD are answered here\n", .allow = "GET, HEAD"};
  }
  if (request.method() != http::verb::post) {
    return {.status = 405, .body = "only POST is answered here\n", .allow = "POST"};
  }
  if (!from_here || request.count(http::field::origin) > 0) {
    return {.status = 403, .body = "only a program on this machine may ask for this\n"};
  }
  return route->second.handler();
}

namespace {

http::response<http::string_body> message_of(AdminResponse made,
                                             const http::request<http::string_body>& request) {
  http::response<http::string_body> response;
  response.version(request.version());
  response.keep_alive(request.keep_alive());
  response.result(made.status);
  response.set(http::field::content_type, made.content_type);
  if (!made.allow.empty()) response.set(http::field::allow, made.allow);
  response.set(http::field::cache_control, "no-store");
  response.content_length(made.body.size());
  if (request.method() != http::verb::head) response.body() = std::move(made.body);
  return response;
}

bool is_from_here(const tcp::socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  return !error && peer.address().is_loopback();
}

}  // namespace

asio::awaitable<void> AdminServer::Impl::serve(tcp::socket socket) {
  ++connections;
  const bool from_here = is_from_here(socket);
  beast::tcp_stream stream(std::move(socket));
  beast::flat_buffer buffer(kAdminRequestBytesMax);
  bool keep_alive = true;
  while (keep_alive) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(kAdminRequestBytesMax);
    parser.body_limit(kAdminRequestBytesMax);
    stream.expires_after(std::chrono::milliseconds(kAdminIdleTimeoutMs));
    error_code error;
    co_await http::async_read(stream, buffer, parser,
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    auto response = message_of(respond(parser.get(), from_here), parser.get());
    keep_alive = response.keep_alive();
    http::response_serializer<http::string_body> serializer(response);
    serializer.split(false);
    stream.expires_after(std::chrono::milliseconds(kAdminIdleTimeoutMs));
    if (parser.get().method() == http::verb::head) {
      co_await http::async_write_header(stream, serializer,
                                        asio::redirect_error(asio::use_awaitable, error));
    } else {
      co_await http::async_write(stream, serializer,
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    if (error) break;
  }
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  --connections;
}

AdminServer::AdminServer() : impl_(std::make_unique<Impl>()) {
}

AdminServer::~AdminServer() {
  stop();
}

void AdminServer::add_route(std::string path, Handler handler) {
  impl_->routes.emplace(std::move(path), AdminRoute{AdminRoute::Kind::kPage, std::move(handler)});
}

void AdminServer::add_action(std::string path, Handler handler) {
  impl_->routes.emplace(std::move(path), AdminRoute{AdminRoute::Kind::kAction, std::move(handler)});
}

std::optional<std::string> AdminServer::start(const std::string& address) {
  if (auto fault = impl_->bind(address)) return fault;
  asio::co_spawn(impl_->context, impl_->accept_loop(), rethrow_unless_null);
  impl_->thread = std::thread([this] { impl_->context.run(); });
  return std::nullopt;
}

std::string AdminServer::address() const {
  error_code error;
  const auto endpoint = impl_->acceptor.local_endpoint(error);
  if (error) return "";
  const std::string host = endpoint.address().to_string();
  const std::string shown = endpoint.address().is_v6() ? "[" + host + "]" : host;
  return shown + ":" + std::to_string(endpoint.port());
}

void AdminServer::stop() {
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace orloj::broker
