// A small program on librdkafka's C++ interface, driven by test_librdkafka.py:
//
//   librdkafka_client produce BROKERS TOPIC COUNT [property=value | header:name=value]...
//   librdkafka_client consume BROKERS TOPIC COUNT [property=value]...
//   librdkafka_client member BROKERS TOPIC 0 [property=value]...
//   librdkafka_client seek BROKERS TOPIC COUNT timestamp:MS [property=value]...
//
// produce sends "value N" with key "N" and prints "partition offset" of each answer, in order.
// consume joins group.id and prints "partition offset key value name=value..." of each record.
// member does so until its input ends, and prints "assigned partition..." after each rebalance.
// seek reads partition 0, without a group, from the first record at or after an instant.
#include <librdkafka/rdkafkacpp.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int kFirstOption = 5;
constexpr int kPollMs = 100;
constexpr int kFlushMs = 30'000;
constexpr std::chrono::seconds kConsumeLimit{60};

struct Order {
  std::string action, brokers, topic;
  int count = 0;
  std::map<std::string, std::string> properties, headers;
  std::int64_t timestamp_ms = 0;
};

Order parse(int argc, char** argv) {
  if (argc < kFirstOption) {
    throw std::invalid_argument(
        "librdkafka_client produce|consume|member|seek BROKERS TOPIC COUNT [options]");
  }
  const std::string timestamp = "timestamp:";
  Order order{argv[1], argv[2], argv[3], std::stoi(argv[4]), {}, {}, 0};
  for (int i = kFirstOption; i < argc; ++i) {
    const std::string option = argv[i];
    if (option.starts_with(timestamp)) {
      order.timestamp_ms = std::stoll(option.substr(timestamp.size()));
      continue;
    }
    const auto equals = option.find('=');
    const std::string value = option.substr(equals + 1);
    const bool header = option.starts_with("header:");
    const std::size_t start = header ? std::string("header:").size() : 0;
    (header ? order.headers : order.properties)[option.substr(start, equals - start)] = value;
  }
  return order;
}

std::unique_ptr<RdKafka::Conf> configure(const Order& order, RdKafka::DeliveryReportCb* report) {
  std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  std::string error;
  auto set = [&](const std::string& name, const std::string& value) {
    if (conf->set(name, value, error) != RdKafka::Conf::CONF_OK) {
      throw std::invalid_argument(error);
    }
  };
  set("bootstrap.servers", order.brokers);
  for (const auto& [name, value] : order.properties) {
    set(name, value);
  }
  if (report != nullptr && conf->set("dr_cb", report, error) != RdKafka::Conf::CONF_OK) {
    throw std::invalid_argument(error);
  }
  return conf;
}

// Keeps each answer at the index its record was sent with.
class Answers : public RdKafka::DeliveryReportCb {
 public:
  explicit Answers(int count) : answers_(static_cast<std::size_t>(count), "none") {}

  void dr_cb(RdKafka::Message& message) override {
    const auto index = reinterpret_cast<std::uintptr_t>(message.msg_opaque());
    answers_.at(index) =
        message.err() == RdKafka::ERR_NO_ERROR
            ? std::to_string(message.partition()) + " " + std::to_string(message.offset())
            : "error " + message.errstr();
  }

  void print() const {
    for (const auto& answer : answers_) {
      std::cout << answer << "\n";
    }
  }

 private:
  std::vector<std::string> answers_;
};

int produce(const Order& order) {
  Answers answers(order.count);
  const auto conf = configure(order, &answers);
  std::string error;
  std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (!producer) {
    throw std::runtime_error(error);
  }
  for (int i = 0; i < order.count; ++i) {
    std::unique_ptr<RdKafka::Headers> headers(RdKafka::Headers::create());
    for (const auto& [name, value] : order.headers) {
      headers->add(name, value);
    }
    const std::string key = std::to_string(i);
    std::string value = "value " + key;
    const auto failed =
        producer->produce(order.topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                          value.data(), value.size(), key.data(), key.size(), 0, headers.get(),
                          reinterpret_cast<void*>(static_cast<std::uintptr_t>(i)));
    if (failed != RdKafka::ERR_NO_ERROR) {
      throw std::runtime_error(RdKafka::err2str(failed));
    }
    headers.release();  // librdkafka owns the headers of a record it has taken.
    producer->poll(0);
  }
  const auto flushed = producer->flush(kFlushMs);
  answers.print();
  return flushed == RdKafka::ERR_NO_ERROR ? 0 : 1;
}

void print(RdKafka::Message& message) {
  std::cout << message.partition() << " " << message.offset() << " "
            << (message.key() != nullptr ? *message.key() : "-") << " "
            << std::string(static_cast<const char*>(message.payload()), message.len());
  if (const auto* headers = message.headers()) {
    for (const auto& header : headers->get_all()) {
      std::cout << " " << header.key() << "="
                << std::string(static_cast<const char*>(header.value()), header.value_size());
    }
  }
  std::cout << "\n";
}

class Rebalance : public RdKafka::RebalanceCb {
 public:
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode what,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    if (what != RdKafka::ERR__ASSIGN_PARTITIONS) {
      consumer->unassign();
      return;
    }
    consumer->assign(partitions);
    std::cout << "assigned";
    for (const auto* partition : partitions) {
      std::cout << " " << partition->partition();
    }
    std::cout << std::endl;
  }
};

std::unique_ptr<RdKafka::KafkaConsumer> make_consumer(const Order& order,
                                                      RdKafka::RebalanceCb* rebalance) {
  const auto conf = configure(order, nullptr);
  std::string error;
  if (rebalance != nullptr &&
      conf->set("rebalance_cb", rebalance, error) != RdKafka::Conf::CONF_OK) {
    throw std::invalid_argument(error);
  }
  std::unique_ptr<RdKafka::KafkaConsumer> consumer(
      RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer) {
    throw std::runtime_error(error);
  }
  return consumer;
}

// Prints records while `wanted` says so of the number seen; returns that number.
int read(RdKafka::KafkaConsumer& consumer, const std::function<bool(int)>& wanted) {
  int seen = 0;
  while (wanted(seen)) {
    std::unique_ptr<RdKafka::Message> message(consumer.consume(kPollMs));
    if (message->err() == RdKafka::ERR_NO_ERROR) {
      print(*message);
      std::cout.flush();
      ++seen;
    }
  }
  return seen;
}

std::function<bool(int)> up_to(int count) {
  return [count, deadline = std::chrono::steady_clock::now() + kConsumeLimit](int seen) {
    return seen < count && std::chrono::steady_clock::now() < deadline;
  };
}

bool input_goes_on() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) == 0;
}

int consume(const Order& order) {
  const auto consumer = make_consumer(order, nullptr);
  consumer->subscribe({order.topic});
  const int seen = read(*consumer, up_to(order.count));
  consumer->commitSync();
  consumer->close();
  return seen == order.count ? 0 : 1;
}

int take_part(const Order& order) {
  Rebalance rebalance;
  const auto consumer = make_consumer(order, &rebalance);
  consumer->subscribe({order.topic});
  read(*consumer, [](int) { return input_goes_on(); });
  consumer->commitSync();
  consumer->close();
  return 0;
}

int seek(const Order& order) {
  const auto consumer = make_consumer(order, nullptr);
  const std::unique_ptr<RdKafka::TopicPartition> place(
      RdKafka::TopicPartition::create(order.topic, 0, order.timestamp_ms));
  std::vector<RdKafka::TopicPartition*> places{place.get()};
  const auto asked = consumer->offsetsForTimes(places, kFlushMs);
  if (asked != RdKafka::ERR_NO_ERROR) {
    throw std::runtime_error(RdKafka::err2str(asked));
  }
  consumer->assign(places);
  const int seen = read(*consumer, up_to(order.count));
  consumer->close();
  return seen == order.count ? 0 : 1;
}

int act(const Order& order) {
  if (order.action == "produce") {
    return produce(order);
  }
  if (order.action == "consume") {
    return consume(order);
  }
  if (order.action == "member") {
    return take_part(order);
  }
  if (order.action == "seek") {
    return seek(order);
  }
  throw std::invalid_argument(order.action + ": no such action");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return act(parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
}
