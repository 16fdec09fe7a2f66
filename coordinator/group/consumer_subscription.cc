#include "coordinator/group/consumer_subscription.h"

#include "coordinator/codec.h"

namespace orloj::coordinator {

std::optional<std::set<std::string>> subscribed_topics(const Bytes& metadata) {
  Reader reader({reinterpret_cast<const char*>(metadata.data()), metadata.size()});
  if (reader.integer<std::int16_t>() < 0) return std::nullopt;
  const std::int32_t count = reader.count(2);
  std::set<std::string> topics;
  for (std::int32_t i = 0; i < count && reader.ok(); ++i) topics.insert(reader.string());
  if (!reader.ok()) return std::nullopt;
  return topics;
}

}  // namespace orloj::coordinator
