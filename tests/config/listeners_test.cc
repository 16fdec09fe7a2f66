#include "config/listeners.h"

#include <gtest/gtest.h>

namespace orloj::config {
namespace {

TEST(Listeners, SeveralNamedOnes_AreSplitIntoNameHostAndPort) {
  Config config;
  ASSERT_EQ(parse_listeners(config, "PLAINTEXT://127.0.0.1:1, INTERNAL://[::1]:2,ANY://0.0.0.0:3"),
            std::nullopt);
  ASSERT_EQ(config.broker.listeners.size(), 3u);
  EXPECT_EQ(config.broker.listeners[1].name, "INTERNAL");
  EXPECT_EQ(config.broker.listeners[1].host, "::1");
  EXPECT_EQ(config.broker.listeners[1].port, 2);
  EXPECT_EQ(config.broker.listeners[2].host, "");
}

TEST(Listeners, EveryAddress_HasOneSpellingInside) {
  for (const char* text : {"A://:1", "A://0.0.0.0:1", "A://[::]:1"}) {
    Config config;
    ASSERT_EQ(parse_listeners(config, text), std::nullopt) << text;
    EXPECT_EQ(config.broker.listeners[0].host, "") << text;
    EXPECT_EQ(print_advertised_listeners(config), "") << text;
  }
}

TEST(Listeners, MalformedOnes_AreRefused) {
  for (const char* text :
       {"", "PLAINTEXT", "://h:1", "A://h", "A://h:x", "A://h:70000", "A://h:1,A://h:2"}) {
    Config config;
    EXPECT_TRUE(parse_listeners(config, text).has_value()) << text;
    EXPECT_EQ(config.broker.listeners.size(), 1u) << "options must stay as they were: " << text;
  }
}

TEST(Listeners, AdvertisedAddress_BelongsToTheListenerOfItsName) {
  Config config;
  ASSERT_EQ(parse_listeners(config, "A://:1,B://:2"), std::nullopt);
  ASSERT_EQ(parse_advertised_listeners(config, "B://broker.example:9"), std::nullopt);
  EXPECT_EQ(config.broker.listeners[0].advertised_host, "");
  EXPECT_EQ(config.broker.listeners[1].advertised_host, "broker.example");
  EXPECT_EQ(config.broker.listeners[1].advertised_port, 9);
}

TEST(Listeners, AdvertisedAddressThatNobodyCanReach_IsRefused) {
  Config config;
  EXPECT_TRUE(parse_advertised_listeners(config, "PLAINTEXT://0.0.0.0:9092").has_value());
  EXPECT_TRUE(parse_advertised_listeners(config, "PLAINTEXT://[::]:9092").has_value());
  EXPECT_TRUE(parse_advertised_listeners(config, "OTHER://host:9092").has_value());
}

TEST(Listeners, AdminAddress_IsHostAndPortOrNothing) {
  Config config;
  for (const char* text : {"", "127.0.0.1:0", "[::1]:9644", "localhost:1"}) {
    EXPECT_EQ(parse_admin_address(config, text), std::nullopt) << text;
    EXPECT_EQ(config.broker.admin_address, text);
  }
  for (const char* text : {"localhost", ":9644", "localhost:", "localhost:x", "localhost:70000"}) {
    EXPECT_TRUE(parse_admin_address(config, text).has_value()) << text;
  }
}

TEST(Listeners, ProtocolOtherThanPlaintext_IsRefusedForAListenerInUse) {
  Config config;
  EXPECT_EQ(parse_protocol_map(config, "PLAINTEXT:PLAINTEXT,UNUSED:SASL_SSL"), std::nullopt);
  EXPECT_TRUE(parse_protocol_map(config, "PLAINTEXT:SSL").has_value());
}

}  // namespace
}  // namespace orloj::config
