// Format 1 of the entries in a schedule log: the one place that knows their layout
// (docs/schedule-log-format.md).
//
// A schedule log holds v2 record batches; each record value is one entry, and the key of the first
// record of each batch is a log::BatchEvidence. The format has the entry kinds of every promised
// feature, so that none of them re-formats a log; what this version cannot act on makes it refuse
// to start. Pure; any bytes are safe to decode. Decoded entries are views: the bytes outlive them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "log/bytes.h"
#include "log/compression.h"
#include "log/record_reader.h"
#include "log/types.h"
#include "scheduler/error.h"

namespace orloj::scheduler {

inline constexpr std::uint8_t kEntryFormatVersion = 1;

// The schedule-log offset of the entry's ADD: unique in its partition for ever
// (docs/decisions/entry-numbers.md). Survives copying.
using EntryNumber = std::int64_t;
// Counts the firings of an entry, from 1.
using FireNumber = std::int64_t;
inline constexpr FireNumber kFirstFire = 1;
inline constexpr std::int64_t kNoInstant = -1;

enum class EntryKind : std::uint8_t {
  kAdd = 1,      // a record waits for its time
  kCopy = 2,     // the same further up in the log, so that the head can be dropped
  kCommand = 3,  // arrived away from the home of its id
  kIntent = 4,   // a batch for another log, before it is sent
  kDone = 5,     // entries came to an end, or fired and go on
  kPause = 6,
  kResume = 7,
  kTxn = 8,  // a transaction was decided
};

// Whether the entry counts at once or with the TXN of its producer.
enum class Decision : std::uint8_t { kDecided = 0, kWithTransaction = 1 };

// What an ADD says beyond its time. This version writes and understands none of them.
enum class FieldTag : std::uint16_t {
  kId = 1,
  kCron = 2,
  kEvery = 3,
  kTimeZone = 4,
  kTargetTopic = 5,
  kStart = 6,
  kUntil = 7,
  kMaxFires = 8,
  kJitter = 9,
  kMisfire = 10,
  kDeadline = 11,
  kDst = 12,
  kWebhook = 13,
  kCorrelation = 14,
  kMessageId = 15,
};

struct TaggedField {
  FieldTag tag;
  log::ByteView bytes;
};

// Key, value and user headers, encoded by encode_payload(); readable alone.
struct StoredPayload {
  log::Codec codec = log::Codec::kNone;
  log::ByteView bytes;  // compressed as `codec` says
};

// Milliseconds since 1970-01-01T00:00:00Z throughout.
struct AddEntry {
  Decision decision = Decision::kDecided;
  std::int64_t due_ms = 0;      // with jitter
  std::int64_t nominal_ms = 0;  // without
  std::int64_t accepted_ms = 0;
  std::int64_t timestamp_ms = 0;  // the client's
  std::vector<TaggedField> fields;
  StoredPayload payload;
};

struct CopyEntry {
  EntryNumber entry = 0;
  log::Offset copied_from = 0;  // where the ADD or COPY before this one is
  FireNumber next_fire = kFirstFire;
  bool paused = false;
  std::int32_t copies = 1;  // since copies_since_ms, this one included
  std::int64_t copies_since_ms = 0;
  AddEntry add;  // as of now: due_ms is that of the next fire
};

enum class CommandAction : std::uint8_t {
  kAdd = 1,
  kCancel = 2,
  kPause = 3,
  kResume = 4,
  kTrigger = 5
};

struct CommandEntry {
  CommandAction action = CommandAction::kCancel;
  AddEntry add;  // id and correlation among its fields
};

enum class DoneReason : std::uint8_t {
  kFired = 1,
  kCancelled = 2,
  kReplaced = 3,
  kExpired = 4,
  kDeadLettered = 5
};

struct DoneItem {
  EntryNumber entry = 0;
  log::Offset place = 0;  // of the ADD or COPY that was fired
  FireNumber fire = kFirstFire;
  std::int64_t due_ms = 0;                // of the firing that is done
  std::int64_t next_due_ms = kNoInstant;  // kNoInstant: the entry has ended
  bool operator==(const DoneItem&) const = default;
};

// Written in the order of data_base_offset: every firing below data_end_offset is done with.
// Without items it says just that.
struct DoneEntry {
  DoneReason reason = DoneReason::kFired;
  log::LeaderEpoch data_leader_epoch = 0;
  log::Offset data_base_offset = 0;  // of the fired batch
  log::Offset data_end_offset = 0;
  std::vector<DoneItem> items;  // in the order of the batch
};

struct IntentEntry {
  log::TopicId topic_id;
  std::int32_t partition = 0;
  log::LogKind kind = log::LogKind::kData;
  log::LeaderEpoch leader_epoch = 0;
  log::Offset end_offset = 0;
  log::ProducerId producer_id = log::kNoProducerId;
  std::int16_t producer_epoch = 0;
  std::int32_t base_sequence = 0;
  std::vector<DoneItem> items;  // next_due_ms as it will be in the DONE
};

struct PauseEntry {
  EntryNumber entry = 0;
  std::int64_t at_ms = 0;
};

struct ResumeEntry {
  EntryNumber entry = 0;
  std::int64_t at_ms = 0;
};

enum class TxnOutcome : std::uint8_t { kAborted = 0, kCommitted = 1 };

struct TxnEntry {
  log::ProducerId producer_id = log::kNoProducerId;
  std::int16_t producer_epoch = 0;
  std::int32_t coordinator_epoch = 0;
  TxnOutcome outcome = TxnOutcome::kAborted;
};

using Entry = std::variant<AddEntry, CopyEntry, CommandEntry, IntentEntry, DoneEntry, PauseEntry,
                           ResumeEntry, TxnEntry>;

std::vector<std::byte> encode_entry(const Entry& entry);

// kUnsupportedFormat: a version or kind this version does not know. kCorrupt: anything else that
// is not an entry.
Result<Entry> decode_entry(log::ByteView bytes);

struct Payload {
  std::optional<log::ByteView> key;
  std::optional<log::ByteView> value;
  log::HeaderRange headers;
};

// `headers` in order, those that are not kUser already left out by the caller.
std::vector<std::byte> encode_payload(const std::optional<log::ByteView>& key,
                                      const std::optional<log::ByteView>& value,
                                      std::span<const log::HeaderView> headers);
// Of uncompressed bytes. kCorrupt when they are not a payload.
Result<Payload> decode_payload(log::ByteView bytes);

}  // namespace orloj::scheduler
