// The idempotence state of one partition, over its data log and its schedule log (log-protocol §5):
// it alone judges sequences.
//
// For each producer the last kProducerWindow client batches, and for each batch which halves are
// stored where. Rules of Kafka (KIP-98, KIP-360): an unknown producer may start at any sequence, a
// new epoch starts at 0, sequences wrap behind INT32_MAX, what is older than the window is out of
// order. Beyond Kafka: a batch may consist of two halves, one of which a crash may have taken; the
// retry completes it. A power cut may also take a whole batch from one log and leave a later one in
// the other; its retry is accepted into the gap.
//
// Not thread-safe: guarded by the mutex of its partition. Pure: time is passed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "log/error.h"
#include "log/types.h"

namespace orloj::log {

inline constexpr std::size_t kProducerWindow = 5;  // batches a producer may have in flight

inline bool is_reserved(ProducerId id) {
  return id >= kFirstReservedProducerId;
}

// One half of a client batch, where it lies in its log.
struct StoredHalf {
  Offset base_offset = kNoOffset;  // kNoOffset: not stored
  std::int32_t last_delta =
      -1;  // of its last record; known for a data half that is still missing, too
  bool stored() const { return base_offset != kNoOffset; }
  Offset end_offset() const { return stored() ? base_offset + last_delta + 1 : kNoOffset; }
};

struct ProducerBatch {
  std::int32_t base_sequence = -1;
  std::int32_t sequence_count = 0;  // of the whole client batch
  bool has_data_half = false;       // belongs to it, stored or still missing
  bool has_schedule_half = false;
  StoredHalf data;
  StoredHalf schedule;
  TimestampMs appended_ms = kNoTimestamp;  // broker's clock, when the first half was stored

  std::int32_t last_sequence() const;
  bool complete() const {
    return data.stored() == has_data_half && schedule.stored() == has_schedule_half;
  }
};

// What a request brings: the evidence of the whole batch and which halves it has.
struct OfferedBatch {
  ProducerId producer_id = kNoProducerId;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  std::int32_t sequence_count = 0;
  std::int32_t data_last_delta = -1;      // -1: no data half
  std::int32_t schedule_last_delta = -1;  // -1: no schedule half
};

struct ProducerJudgement {
  enum class Kind : std::uint8_t {
    kNew,        // store everything
    kDuplicate,  // store nothing, answer from `known`
    kComplete,   // store the half that `known` lacks
  };
  Kind kind = Kind::kNew;
  ProducerBatch known;
};

struct ProducerEntry {
  ProducerId producer_id = kNoProducerId;
  std::int16_t epoch = -1;
  TimestampMs last_append_ms = kNoTimestamp;
  // A crash may have taken batches of this epoch from before the first one here.
  bool has_open_start = false;
  std::vector<ProducerBatch> batches;  // rising sequences, at most kProducerWindow
};

struct ProducerLimits {
  std::int64_t expiration_ms = 86'400'000;  // LogOptions::producer_id_expiration_ms
  std::int32_t producers_max = 100'000;     // LogOptions::producers_per_partition_max
};

class ProducerState {
 public:
  explicit ProducerState(const ProducerLimits& limits) : limits_(limits) {}
  ProducerState(const ProducerState&) = delete;
  ProducerState& operator=(const ProducerState&) = delete;
  ProducerState(ProducerState&&) = default;
  ProducerState& operator=(ProducerState&&) = default;

  // kInvalidProducerEpoch: an older epoch. kOutOfOrderSequence: a gap, a repeat from before the
  // window, or a retry that is not the batch it repeats. Changes nothing.
  Result<ProducerJudgement> judge(const OfferedBatch& offered) const;

  // Notes halves that are stored now; merged with what is known of the same batch, in order of
  // sequence, whatever the order of the calls. Older epochs are
  // ignored. Beyond producers_max the producer that has been silent longest is forgotten.
  void apply(ProducerId id, std::int16_t epoch, const ProducerBatch& batch);

  // The same for what a start finds in the logs: a first batch that is not the first of its epoch
  // leaves the start of the window open.
  void replay(ProducerId id, std::int16_t epoch, const ProducerBatch& batch);

  // Takes a whole entry back from the producer file.
  void restore(ProducerEntry entry);

  // Forgets halves at and above these ends, which a crash took from the logs; batches without a
  // half left go too.
  void forget_above(Offset data_end, Offset schedule_end);

  // Forgets producers that have been silent for longer than expiration_ms; reserved ids stay.
  void expire(TimestampMs now_ms);

  const ProducerEntry* find(ProducerId id) const;  // null when unknown
  std::size_t size() const { return entries_.size(); }
  std::vector<ProducerEntry> entries() const;  // silent longest first

 private:
  struct Slot {
    ProducerEntry entry;
    std::list<ProducerId>::iterator age;
  };

  Slot& slot_of(ProducerId id);  // made when absent
  void touch(Slot& slot, TimestampMs now_ms);

  ProducerLimits limits_;
  std::unordered_map<ProducerId, Slot> entries_;
  std::list<ProducerId>
      by_age_;  // clients' ids, silent longest first; reserved ids are kept in reserved_
  std::list<ProducerId> reserved_;
};

}  // namespace orloj::log
