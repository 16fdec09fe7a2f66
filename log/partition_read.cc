#include <utility>

#include "log/partition_impl.h"

namespace orloj::log {

Result<ReadResult> Partition::Impl::read(LogKind kind, const ReadRequest& request,
                                         CrcCheck check) const {
  if (is_closed()) {
    return closed_error();
  }
  ReadResult result;
  result.offsets = waiters->offsets(kind);
  const PartitionOffsets& offsets = result.offsets;
  if (request.offset < offsets.log_start || request.offset > offsets.log_end) {
    return Error{ErrorCode::kOffsetOutOfRange, "offset " + std::to_string(request.offset) + " of " +
                                                   describe() + " is outside [" +
                                                   std::to_string(offsets.log_start) + ", " +
                                                   std::to_string(offsets.log_end) + "]"};
  }
  const AttachedLog* const from = attached(kind);
  if (from == nullptr || request.offset >= offsets.high_watermark) {
    return result;
  }
  auto slices = from->log().read(request.offset, offsets.high_watermark, request.max_bytes, check);
  if (!slices) {
    return slices.error();
  }
  result.slices = std::move(*slices);
  for (const FileSlice& slice : result.slices) {
    result.size_bytes += slice.length;
  }
  return result;
}

Result<ReadResult> Partition::read(const ReadRequest& request) const {
  return impl_->read(LogKind::kData, request, CrcCheck::kSkip);
}

bool Partition::is_recent(Offset offset) const {
  return offset >= impl_->recent_from.load(std::memory_order_relaxed);
}

Result<ReadResult> Partition::read_from_disk(const ReadRequest& request) const {
  return impl_->read(LogKind::kData, request, CrcCheck::kVerify);
}

Result<ReadResult> Partition::read_schedule(const ReadRequest& request) const {
  return impl_->read(LogKind::kSchedule, request, CrcCheck::kSkip);
}

PartitionOffsets Partition::offsets() const {
  return impl_->waiters->offsets(LogKind::kData);
}

PartitionOffsets Partition::schedule_offsets() const {
  return impl_->waiters->offsets(LogKind::kSchedule);
}

LeaderEpoch Partition::leader_epoch() const {
  return impl_->leader_epoch;
}

EpochEnd Partition::end_offset_for_epoch(LeaderEpoch epoch) const {
  return impl_->data->log().leader_epochs().end_offset_for(epoch, offsets().log_end);
}

Result<std::optional<TimestampedOffset>> Partition::find_by_timestamp(TimestampMs t) const {
  return impl_->data->log().find_by_timestamp(t, offsets().high_watermark);
}

Result<std::optional<TimestampedOffset>> Partition::find_max_timestamp() const {
  return impl_->data->log().find_max_timestamp(offsets().high_watermark);
}

std::optional<Partition::WakeId> Partition::wake_beyond(Offset beyond, std::function<void()> wake) {
  return impl_->waiters->wake_beyond(beyond, std::move(wake));
}

bool Partition::cancel_wake(WakeId id) {
  return impl_->waiters->cancel_wake(id);
}

void Partition::set_schedule_listener(std::function<void(Offset)> listener) {
  impl_->waiters->set_schedule_listener(std::move(listener));
}

void Partition::when_acknowledged(const DurableTarget& target, DurableCallback done) {
  impl_->waiters
      ->when_durable({target.data_end, target.schedule_end},
                     PartitionWaiters::Wanted::kAcknowledged, std::move(done))
      .run();
}

void Partition::when_on_stable_storage(const DurableTarget& target, DurableCallback done) {
  impl_->waiters
      ->when_durable({target.data_end, target.schedule_end},
                     PartitionWaiters::Wanted::kOnStableStorage, std::move(done))
      .run();
}

std::optional<Partition::ProducerPosition> Partition::producer_position(ProducerId id) const {
  const std::lock_guard lock(impl_->mutex);
  const ProducerEntry* const entry = impl_->producers.find(id);
  if (entry == nullptr) {
    return std::nullopt;
  }
  ProducerPosition position;
  position.producer_epoch = entry->epoch;
  if (!entry->batches.empty()) {
    position.last_sequence = entry->batches.back().last_sequence();
  }
  return position;
}

}  // namespace orloj::log
