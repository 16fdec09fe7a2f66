// The batch that fired records travel in, and what it says about where they come from.
//
// A fired record has the key, value and user headers that were accepted, and provenance headers
// behind them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "log/record_batch_builder.h"
#include "scheduler/entry_format.h"
#include "scheduler/error.h"
#include "scheduler/options.h"

namespace orloj::scheduler {

// Names of the provenance headers; all values are text.
inline constexpr std::string_view kDueHeader = "__schedule.due";
inline constexpr std::string_view kNominalHeader = "__schedule.nominal";  // only with jitter
inline constexpr std::string_view kAcceptedHeader = "__schedule.accepted";
inline constexpr std::string_view kFiredHeader = "__schedule.fired";
inline constexpr std::string_view kOccurrenceHeader = "__schedule.occurrence";
inline constexpr std::string_view kOriginHeader = "__schedule.origin";

struct FiredBatchFields {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t fired_ms = 0;
  FiredTimestamp timestamp = FiredTimestamp::kFired;
  log::Codec codec = log::Codec::kNone;
  log::ProducerId producer_id = log::kNoProducerId;
  std::int16_t producer_epoch = 0;
  std::int32_t base_sequence = 0;
};

// The codec of compression.type: "producer" and "uncompressed" fire uncompressed.
log::Codec fired_codec(const std::string& compression_type);

class FiredBatchBuilder {
 public:
  FiredBatchBuilder(const FiredBatchFields& fields, std::size_t bytes_max);

  // Whether the record went in: false when the batch would pass bytes_max, which the first record
  // may. kCorrupt when the payload cannot be read. `add` must outlive the call only.
  Result<bool> append(const DoneItem& item, const AddEntry& add);

  const std::vector<DoneItem>& items() const { return items_; }
  Result<std::vector<std::byte>> build() &&;

 private:
  FiredBatchFields fields_;
  std::size_t bytes_max_;
  log::RecordBatchBuilder builder_;
  log::ScratchBuffer scratch_;
  std::vector<log::HeaderView> headers_;
  std::vector<DoneItem> items_;
};

// Which firing a record of the data log is; nullopt when its headers do not say, or it is of
// another partition.
struct Firing {
  EntryNumber entry = 0;
  FireNumber fire = kFirstFire;
  std::int64_t due_ms = 0;
};
std::optional<Firing> firing_of(const log::HeaderRange& headers, const std::string& topic,
                                std::int32_t partition);

}  // namespace orloj::scheduler
