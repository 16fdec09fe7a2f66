#include "broker/admin/admin_server.h"

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>

namespace orloj::broker {
namespace {

namespace asio = boost::asio;

class AdminServerTest : public testing::Test {
 protected:
  void SetUp() override {
    server_.add_route("/metrics", [] { return AdminResponse{200, "text/plain", "orloj_up 1\n"}; });
    server_.add_action("/go", [this] {
      ++gone_;
      return AdminResponse{200, "text/plain", "went\n"};
    });
    ASSERT_EQ(server_.start("127.0.0.1:0"), std::nullopt);
  }

  // Everything that the server sends until it closes.
  std::string exchange(const std::string& request) {
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    const std::string address = server_.address();
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    boost::system::error_code error;
    asio::write(socket, asio::buffer(request), error);
    std::string answer;
    asio::read(socket, asio::dynamic_buffer(answer), error);
    return answer;
  }

  int gone_ = 0;  // how often the action ran
  AdminServer server_;
};

TEST_F(AdminServerTest, KnownPath_IsAnsweredByItsHandler) {
  const std::string answer =
      exchange("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_TRUE(answer.ends_with("orloj_up 1\n")) << answer;
}

TEST_F(AdminServerTest, UnknownPath_Is404) {
  const std::string answer = exchange("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 404")) << answer;
}

TEST_F(AdminServerTest, MethodThatChangesThings_Is405) {
  const std::string answer = exchange(
      "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405")) << answer;
}

TEST_F(AdminServerTest, Action_AnswersPostAlone) {
  const std::string end = " /go HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n";
  for (const std::string method : {"GET", "HEAD", "PUT", "DELETE"}) {
    const std::string answer = exchange(method + end + "\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405")) << answer;
    EXPECT_NE(answer.find("Allow: POST\r\n"), std::string::npos) << answer;
  }
  EXPECT_EQ(gone_, 0);
  const std::string answer = exchange("POST" + end + "\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_TRUE(answer.ends_with("went\n")) << answer;
  EXPECT_EQ(gone_, 1);
}

TEST_F(AdminServerTest, ActionAskedByAPageInABrowser_IsForbidden) {
  const std::string answer = exchange(
      "POST /go HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403")) << answer;
  EXPECT_EQ(gone_, 0);
}

TEST_F(AdminServerTest, HeadRequest_GetsNoBody) {
  const std::string answer =
      exchange("HEAD /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(AdminServerTest, OversizedHeader_EndsTheConnectionAndNothingElse) {
  const std::string large(kAdminRequestBytesMax * 2, 'a');
  exchange("GET /metrics HTTP/1.1\r\nX: " + large + "\r\n\r\n");
  const std::string answer =
      exchange("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
}

TEST_F(AdminServerTest, BytesThatAreNoHttp_EndTheConnectionAndNothingElse) {
  exchange(std::string("\x00\x00\x00\x12garbage\r\n\r\n", 15));
  const std::string answer =
      exchange("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
}

TEST(AdminServerAddress, TakenOrMalformedOne_IsNamedInTheFault) {
  AdminServer first;
  ASSERT_EQ(first.start("127.0.0.1:0"), std::nullopt);
  AdminServer second;
  const auto taken = second.start(first.address());
  ASSERT_TRUE(taken.has_value());
  EXPECT_NE(taken->find(first.address()), std::string::npos) << *taken;
  AdminServer third;
  EXPECT_TRUE(third.start("nonsense").has_value());
}

}  // namespace
}  // namespace orloj::broker
