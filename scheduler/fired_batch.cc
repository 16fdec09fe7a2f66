#include "scheduler/fired_batch.h"

#include <charconv>
#include <utility>

#include "scheduler/time_values.h"

namespace orloj::scheduler {
namespace {

log::BatchHeaderFields batch_fields(const FiredBatchFields& fields) {
  log::BatchHeaderFields batch;
  batch.codec = fields.codec;
  batch.producer_id = fields.producer_id;
  batch.producer_epoch = fields.producer_epoch;
  batch.base_sequence = fields.base_sequence;
  return batch;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return number;
}

// The part of "topic/partition/entry/fire" behind its topic and partition.
std::optional<std::pair<EntryNumber, FireNumber>> parse_origin(std::string_view origin,
                                                               const std::string& own) {
  if (!origin.starts_with(own)) {
    return std::nullopt;
  }
  origin.remove_prefix(own.size());
  const std::size_t slash = origin.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto entry = parse_number(origin.substr(0, slash));
  const auto fire = parse_number(origin.substr(slash + 1));
  if (!entry || !fire || *fire < kFirstFire) {
    return std::nullopt;
  }
  return std::pair(*entry, *fire);
}

std::string origin_prefix(const std::string& topic, std::int32_t partition) {
  return topic + "/" + std::to_string(partition) + "/";
}

}  // namespace

log::Codec fired_codec(const std::string& compression_type) {
  for (const log::Codec codec :
       {log::Codec::kGzip, log::Codec::kSnappy, log::Codec::kLz4, log::Codec::kZstd}) {
    if (compression_type == log::name(codec)) {
      return codec;
    }
  }
  return log::Codec::kNone;
}

FiredBatchBuilder::FiredBatchBuilder(const FiredBatchFields& fields, std::size_t bytes_max)
    : fields_(fields), bytes_max_(bytes_max), builder_(batch_fields(fields)) {
}

Result<bool> FiredBatchBuilder::append(const DoneItem& item, const AddEntry& add) {
  log::ByteView plain = add.payload.bytes;
  if (add.payload.codec != log::Codec::kNone) {
    const log::Status inflated = log::decompress(add.payload.codec, add.payload.bytes, scratch_,
                                                 log::kOwnLogLimits.decompressed_max_bytes);
    if (!inflated) {
      return Error{ErrorCode::kCorrupt, inflated.error().message};
    }
    plain = scratch_.view();
  }
  const auto payload = decode_payload(plain);
  if (!payload) {
    return payload.error();
  }
  headers_.clear();
  for (const log::HeaderView& header : payload->headers) {
    headers_.push_back(header);
  }
  const std::string due = format_instant(add.due_ms);
  const std::string nominal = format_instant(add.nominal_ms);
  const std::string accepted = format_instant(add.accepted_ms);
  const std::string fired = format_instant(fields_.fired_ms);
  const std::string occurrence = std::to_string(item.fire);
  const std::string origin = origin_prefix(fields_.topic, fields_.partition) +
                             std::to_string(item.entry) + "/" + occurrence;
  headers_.push_back({kDueHeader, log::to_bytes(due)});
  if (add.nominal_ms != add.due_ms) {
    headers_.push_back({kNominalHeader, log::to_bytes(nominal)});
  }
  headers_.push_back({kAcceptedHeader, log::to_bytes(accepted)});
  headers_.push_back({kFiredHeader, log::to_bytes(fired)});
  headers_.push_back({kOccurrenceHeader, log::to_bytes(occurrence)});
  headers_.push_back({kOriginHeader, log::to_bytes(origin)});
  const std::int64_t timestamp =
      fields_.timestamp == FiredTimestamp::kDue ? add.due_ms : fields_.fired_ms;
  const log::NewRecord record{timestamp, payload->key, payload->value, headers_};
  if (!items_.empty() && builder_.size_with(record) > bytes_max_) {
    return false;
  }
  builder_.append(record);
  items_.push_back(item);
  return true;
}

Result<std::vector<std::byte>> FiredBatchBuilder::build() && {
  auto batch = std::move(builder_).build();
  if (!batch) {
    return Error{ErrorCode::kTooLarge, batch.error().message};
  }
  return std::move(*batch);
}

std::optional<Firing> firing_of(const log::HeaderRange& headers, const std::string& topic,
                                std::int32_t partition) {
  std::optional<std::pair<EntryNumber, FireNumber>> origin;
  std::optional<std::int64_t> due;
  // The last of a name is ours: a user header cannot have it, but older records might.
  for (const log::HeaderView& header : headers) {
    if (!header.value) {
      continue;
    }
    if (header.key == kOriginHeader) {
      origin = parse_origin(log::to_text(*header.value), origin_prefix(topic, partition));
    } else if (header.key == kDueHeader) {
      const auto instant = parse_instant(*header.value);
      due = instant ? std::optional(*instant) : std::nullopt;
    }
  }
  if (!origin || !due) {
    return std::nullopt;
  }
  return Firing{origin->first, origin->second, *due};
}

}  // namespace orloj::scheduler
