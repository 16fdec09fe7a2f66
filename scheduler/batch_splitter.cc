#include "scheduler/batch_splitter.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/batch_evidence.h"
#include "log/record_batch.h"
#include "log/record_batch_builder.h"
#include "log/record_reader.h"
#include "log/scratch_buffer.h"
#include "scheduler/entry_format.h"
#include "scheduler/schedule_headers.h"

namespace orloj::scheduler {
namespace {

// Inflated batches are rarely larger; a thread does not keep more than this.
constexpr std::size_t kScratchKeptBytes = 4U << 20;

Error invalid_batch(const log::Error& fault) {
  return {ErrorCode::kInvalidBatch, fault.message};
}

struct Scheduled {
  std::int32_t index = 0;  // of the record in the batch
  ScheduleRequest request;
};

// The client batch and what its records ask for. The records are read anew where they are needed: a
// batch may inflate to millions of them, each smaller than a view of it.
struct Client {
  log::RecordBatchView batch;
  log::RecordReader records;  // before the first one, inflated
  std::vector<Scheduled> scheduled = {};
  std::int32_t last_immediate_delta = -1;
};

// Calls visit(record, request) -> Status for each record, in order; `request` is null for an
// immediate one.
template <class Visit>
Status for_each_record(const Client& client, Visit visit) {
  log::RecordReader reader = client.records;
  log::RecordView record;
  auto next = client.scheduled.begin();
  for (std::int32_t index = 0; reader.next(record); ++index) {
    const bool is_scheduled = next != client.scheduled.end() && next->index == index;
    const ScheduleRequest* const request = is_scheduled ? &(next++)->request : nullptr;
    if (const Status visited = visit(record, request); !visited) {
      return visited;
    }
  }
  return {};
}

// Cheap and never wrong in one direction: without these bytes no record has such a header.
bool may_hold_schedule_headers(log::ByteView records) {
  return log::to_text(records).find(kRequestPrefix) != std::string_view::npos;
}

void refuse_record(Refused& refused, std::int32_t index, const std::string& message) {
  const std::string text = "record " + std::to_string(index) + ": " + message;
  if (refused.message.empty()) {
    refused.message = text;
  }
  if (refused.records.size() < kRecordErrorsMax) {
    refused.records.push_back({index, text});
  }
}

const char* refusal_of_scheduling(const log::RecordBatchView& batch,
                                  const TopicScheduleConfig& config) {
  if (config.internal) {
    return "scheduled records are refused on internal topics";
  }
  if (batch.is_transactional()) {
    return "scheduling inside a transaction is not supported yet by this version";
  }
  return nullptr;
}

// Reads every record; what is wrong is gathered in `refused`.
Status read_requests(Client& client, const TopicScheduleConfig& config, const SplitRules& rules,
                     Refused& refused) {
  const HeaderRules header_rules{rules.now_ms, config.max_delay_ms, rules.header_max_bytes,
                                 config.unknown_headers};
  const char* const refusal = refusal_of_scheduling(client.batch, config);
  log::RecordReader reader = client.records;
  log::RecordView record;
  for (std::int32_t index = 0; reader.next(record); ++index) {
    const auto request = parse_schedule_headers(record.headers, header_rules);
    if (!request) {
      refuse_record(refused, index, request.error().message);
    } else if (*request && refusal != nullptr) {
      refuse_record(refused, index, refusal);
    } else if (*request) {
      client.scheduled.push_back({index, **request});
    } else {
      client.last_immediate_delta = record.offset_delta;
    }
  }
  if (const log::Status status = reader.status(); !status) {
    return invalid_batch(status.error());
  }
  return {};
}

// `schedule-…` and `__schedule.…` go; headers this version does not know were let through and stay.
std::vector<log::HeaderView> kept_headers(const log::HeaderRange& headers) {
  std::vector<log::HeaderView> kept;
  for (const log::HeaderView& header : headers) {
    const HeaderUse use = use_of(header.key);
    if (use == HeaderUse::kUser || use == HeaderUse::kUnknown) {
      kept.push_back(header);
    }
  }
  return kept;
}

// What the client compressed is compressed again, record by record, where that saves bytes. Fast
// codecs only: gzip and snappy become lz4.
log::Codec payload_codec(log::Codec of_client) {
  switch (of_client) {
    case log::Codec::kNone:
      return log::Codec::kNone;
    case log::Codec::kZstd:
      return log::Codec::kZstd;
    case log::Codec::kGzip:
    case log::Codec::kSnappy:
    case log::Codec::kLz4:
      return log::Codec::kLz4;
  }
  return log::Codec::kNone;
}

// Below this, frame headers eat what compression saves.
constexpr std::size_t kCompressFromBytes = 128;

Result<std::vector<std::byte>> encode_add(const log::RecordView& record,
                                          const ScheduleRequest& request, log::Codec of_client,
                                          const SplitRules& rules) {
  const std::vector<log::HeaderView> headers = kept_headers(record.headers);
  const std::vector<std::byte> plain = encode_payload(record.key, record.value, headers);
  AddEntry add;
  add.due_ms = request.due_ms;
  add.nominal_ms = add.due_ms;
  add.accepted_ms = rules.now_ms;
  add.timestamp_ms = record.timestamp_ms;
  add.payload.bytes = plain;
  const log::Codec codec = payload_codec(of_client);
  if (codec == log::Codec::kNone || plain.size() < kCompressFromBytes) {
    return encode_entry(add);
  }
  log::ScratchBuffer compressed;
  if (const log::Status status = log::compress(codec, plain, compressed); !status) {
    return invalid_batch(status.error());
  }
  if (compressed.size() < plain.size()) {
    add.payload = {codec, compressed.view()};
  }
  return encode_entry(add);
}

log::BatchHeaderFields header_fields(const log::RecordBatchView& batch, log::Codec codec) {
  log::BatchHeaderFields fields;
  fields.codec = codec;
  fields.producer_id = batch.producer_id();
  fields.producer_epoch = batch.producer_epoch();
  fields.base_sequence = batch.base_sequence();
  return fields;
}

Result<std::vector<std::byte>> finish(log::RecordBatchBuilder&& builder) {
  auto built = std::move(builder).build();
  if (!built) {
    return Error{ErrorCode::kTooLarge, built.error().message};
  }
  return std::move(*built);
}

Result<std::vector<std::byte>> build_schedule_half(const Client& client, const SplitRules& rules) {
  log::BatchEvidence evidence;
  evidence.halves =
      client.last_immediate_delta < 0 ? log::BatchHalves::kScheduleOnly : log::BatchHalves::kMixed;
  evidence.sequence_count = client.batch.record_count();
  evidence.data_last_delta = client.last_immediate_delta;
  std::array<std::byte, log::kBatchEvidenceBytes> evidence_bytes{};
  log::encode_batch_evidence(evidence, evidence_bytes);

  log::RecordBatchBuilder builder(header_fields(client.batch, log::Codec::kNone));
  const Status encoded = for_each_record(
      client, [&](const log::RecordView& view, const ScheduleRequest* request) -> Status {
        if (request == nullptr) {
          return {};
        }
        const auto value = encode_add(view, *request, client.batch.codec(), rules);
        if (!value) {
          return value.error();
        }
        log::NewRecord record;
        record.timestamp_ms = rules.now_ms;
        if (builder.record_count() == 0) {
          record.key = log::ByteView(evidence_bytes);
        }
        record.value = log::ByteView(*value);
        builder.append(record);
        return {};
      });
  if (!encoded) {
    return encoded.error();
  }
  return finish(std::move(builder));
}

Result<std::vector<std::byte>> build_data_half(const Client& client) {
  log::RecordBatchBuilder builder(header_fields(client.batch, client.batch.codec()));
  std::vector<log::HeaderView> headers;
  const Status copied = for_each_record(
      client, [&](const log::RecordView& view, const ScheduleRequest* request) -> Status {
        if (request != nullptr) {
          return {};
        }
        headers.clear();
        for (const log::HeaderView& header : view.headers) {
          headers.push_back(header);
        }
        builder.append_at(view.offset_delta, {view.timestamp_ms, view.key, view.value, headers});
        return {};
      });
  if (!copied) {
    return copied.error();
  }
  return finish(std::move(builder));
}

Result<Prepared> build_halves(const Client& client, const SplitRules& rules) {
  Split split;
  split.producer = {client.batch.producer_id(), client.batch.producer_epoch(),
                    client.batch.base_sequence(), client.batch.record_count()};
  auto schedule = build_schedule_half(client, rules);
  if (!schedule) {
    return schedule.error();
  }
  split.schedule = std::move(*schedule);
  if (client.last_immediate_delta >= 0) {
    auto data = build_data_half(client);
    if (!data) {
      return data.error();
    }
    split.data = std::move(*data);
  }
  return Prepared(std::move(split));
}

Result<Prepared> split_with(log::ByteView bytes, const TopicScheduleConfig& config,
                            const SplitRules& rules, log::ScratchBuffer& scratch) {
  const auto batch = log::RecordBatchView::parse(bytes, log::CrcCheck::kSkip);
  if (!batch) {
    return invalid_batch(batch.error());
  }
  const bool compressed = batch->codec() != log::Codec::kNone;
  if (!compressed && !may_hold_schedule_headers(batch->records())) {
    return Prepared(Plain{});
  }
  // Limits were applied when the batch was validated.
  auto reader = log::RecordReader::open(*batch, scratch, log::kOwnLogLimits);
  if (!reader) {
    return invalid_batch(reader.error());
  }
  if (compressed && !may_hold_schedule_headers(scratch.view())) {
    return Prepared(Plain{});
  }
  Client client{*batch, *reader};
  Refused refused;
  if (const Status status = read_requests(client, config, rules, refused); !status) {
    return status.error();
  }
  if (!refused.message.empty()) {
    return Prepared(std::move(refused));
  }
  if (client.scheduled.empty()) {
    return Prepared(Plain{});
  }
  return build_halves(client, rules);
}

}  // namespace

Result<Prepared> split_batch(log::ByteView batch, const TopicScheduleConfig& config,
                             const SplitRules& rules) {
  if (!config.enable) {
    return Prepared(Plain{});
  }
  thread_local log::ScratchBuffer scratch;
  auto prepared = split_with(batch, config, rules, scratch);
  scratch.shrink_above(kScratchKeptBytes);
  return prepared;
}

}  // namespace orloj::scheduler
