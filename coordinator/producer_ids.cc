#include "coordinator/producer_ids.h"

#include <string>

#include "coordinator/codec.h"

namespace orloj::coordinator {
namespace {

constexpr std::string_view kNextBlockKey = "producer-ids";  // 8 bytes: first id nobody has claimed

}  // namespace

ProducerIds::ProducerIds(MetadataStore& store, std::int64_t block) : store_(store), block_(block) {
}

Result<log::ProducerId> ProducerIds::next() {
  const std::lock_guard lock(mutex_);
  if (next_ == end_) {
    if (Status claimed = claim_block(); !claimed) return claimed.error();
  }
  return next_++;
}

Status ProducerIds::claim_block() {
  const auto stored = store_.get(kNextBlockKey);
  if (!stored) return stored.error();
  log::ProducerId first = 0;
  Revision revision = 0;
  if (*stored) {
    Reader reader((*stored)->value);
    first = reader.integer<std::int64_t>();
    revision = (*stored)->revision;
    if (!reader.ok() || first < 0) {
      return Error{ErrorCode::kCorrupt,
                   "metadata key producer-ids cannot be decoded; restore the "
                   "metadata directory from a snapshot"};
    }
  }
  if (first > log::kFirstReservedProducerId - block_) {
    return Error{ErrorCode::kTooLarge, "no producer ids are left below kFirstReservedProducerId " +
                                           std::to_string(log::kFirstReservedProducerId)};
  }
  const std::string key(kNextBlockKey);
  const auto committed =
      store_.commit({{{key, revision}}, {{key, Writer().integer(first + block_).take()}}});
  if (!committed) return committed.error();
  next_ = first;
  end_ = first + block_;
  return {};
}

}  // namespace orloj::coordinator
