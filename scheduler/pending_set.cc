#include "scheduler/pending_set.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <string>

namespace orloj::scheduler {
namespace {

Error newer(std::string_view what) {
  return {ErrorCode::kUnsupportedFormat,
          std::string(what) + ": written by a newer version, start that one"};
}

}  // namespace

Status PendingSet::check_supported(const AddEntry& add) const {
  if (!add.fields.empty()) {
    return newer("an entry with field " +
                 std::to_string(static_cast<std::uint16_t>(add.fields.front().tag)));
  }
  if (add.decision != Decision::kDecided) {
    return newer("an entry of a transaction");
  }
  return {};
}

Status PendingSet::apply(log::Offset offset, const Entry& entry, TimingWheel& wheel) {
  if (const auto* add_entry = std::get_if<AddEntry>(&entry)) {
    if (const Status supported = check_supported(*add_entry); !supported) {
      return supported;
    }
    add({add_entry->due_ms, offset, offset}, wheel);
    return {};
  }
  if (const auto* copied = std::get_if<CopyEntry>(&entry)) {
    if (copied->paused) {
      return newer("a paused entry");
    }
    if (const Status supported = check_supported(copied->add); !supported) {
      return supported;
    }
    const IndexedEntry indexed{copied->add.due_ms, copied->entry, offset};
    // What it was copied from is not known when it lay below the start of this index.
    if (copied->copied_from < header_.start) {
      add(indexed, wheel);
    } else {
      copy(indexed);
    }
    return {};
  }
  if (const auto* done_entry = std::get_if<DoneEntry>(&entry)) {
    for (const DoneItem& item : done_entry->items) {
      if (item.next_due_ms != kNoInstant) {
        return newer("a recurring entry");
      }
      done(item);
    }
    raise_done_position(done_entry->data_end_offset);
    return {};
  }
  return newer("an entry of kind " + std::to_string(entry.index() + 1));
}

void PendingSet::add(const IndexedEntry& entry, TimingWheel& wheel) {
  ++header_.pending;
  added_[entry.entry] = {entry, false};
  if (entry.due_ms >= loaded_to_ms_) {
    return;
  }
  ++buckets_[bucket_of(entry.due_ms)].live;
  if (entry.place != entry.entry) {
    moved_[entry.entry] = entry.place;
  }
  if (!is_held(entry.entry)) {
    wheel.insert({entry.due_ms, owner_, entry.entry});
    ++in_wheel_;
  }
}

void PendingSet::copy(const IndexedEntry& entry) {
  const auto [at, is_new] = added_.try_emplace(entry.entry, Unindexed{entry, true});
  at->second.entry = entry;
  copying_.erase(entry.entry);
  if (entry.due_ms < loaded_to_ms_) {
    moved_[entry.entry] = entry.place;
  }
}

void PendingSet::done(const DoneItem& item) {
  claims_.erase(item.entry);
  damaged_.erase(item.entry);
  moved_.erase(item.entry);
  if (item.place < header_.start) {
    return;  // never counted: its ADD was dropped before this index began
  }
  --header_.pending;
  const auto unindexed = added_.find(item.entry);
  const bool known_to_index = unindexed == added_.end() || unindexed->second.known_to_index;
  if (unindexed != added_.end()) {
    added_.erase(unindexed);
  }
  if (known_to_index) {
    done_.push_back({item.due_ms, item.entry, item.place});
  }
  if (item.due_ms < loaded_to_ms_) {
    --buckets_[bucket_of(item.due_ms)].live;
  }
}

void PendingSet::take_loaded(const Loaded& loaded, TimingWheel& wheel) {
  for (const std::int64_t bucket : loaded.buckets) {
    buckets_[bucket].stored = true;
  }
  for (const IndexedEntry& entry : loaded.entries) {
    ++buckets_[bucket_of(entry.due_ms)].live;
    if (entry.place != entry.entry) {
      moved_[entry.entry] = entry.place;
    }
    if (!is_held(entry.entry)) {
      wheel.insert({entry.due_ms, owner_, entry.entry});
      ++in_wheel_;
    }
  }
  loaded_to_ms_ = std::max(loaded_to_ms_, loaded.below_ms);
}

void PendingSet::shrink_to(std::int64_t to_ms, TimingWheel& wheel) {
  assert(added_.empty() && done_.empty());
  if (to_ms >= loaded_to_ms_) {
    return;
  }
  // The minute that is cut in two keeps counting the part that stays loaded.
  const std::int64_t cut_bucket = bucket_of(to_ms);
  const std::int64_t cut_bucket_end_ms = (cut_bucket + 1) * kBucketMs;
  in_wheel_ -= wheel.drop(owner_, cut_bucket_end_ms);
  drop_ready(cut_bucket_end_ms);
  const std::size_t from_wheel = wheel.drop(owner_, to_ms);
  in_wheel_ -= from_wheel;
  const std::size_t cut = from_wheel + drop_ready(to_ms);
  buckets_[cut_bucket].live -= static_cast<std::int64_t>(cut);
  buckets_.erase(buckets_.upper_bound(cut_bucket), buckets_.end());
  loaded_to_ms_ = to_ms;
}

std::size_t PendingSet::drop_ready(std::int64_t from_ms) {
  const std::size_t dropped = std::erase_if(
      ready_, [from_ms](const IndexedEntry& entry) { return entry.due_ms >= from_ms; });
  if (dropped > 0) {
    std::make_heap(ready_.begin(), ready_.end(), std::greater());
  }
  return dropped;
}

std::int64_t PendingSet::ready_cut_ms(std::size_t most) const {
  if (ready_.size() <= most || most == 0) {
    return loaded_to_ms_;
  }
  std::vector<IndexedEntry> sorted = ready_;
  const auto cut = sorted.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(sorted.begin(), cut, sorted.end());
  const std::int64_t first_ms = ready_.front().due_ms;
  return std::max(cut->due_ms, first_ms + 1);
}

void PendingSet::push_ready(const IndexedEntry& entry) {
  ready_.push_back(entry);
  std::push_heap(ready_.begin(), ready_.end(), std::greater());
}

void PendingSet::is_due(std::int64_t due_ms, EntryNumber entry) {
  assert(in_wheel_ > 0);
  --in_wheel_;
  push_ready({due_ms, entry, entry});
}

std::optional<std::int64_t> PendingSet::first_ready_ms() const {
  return ready_.empty() ? std::nullopt : std::optional(ready_.front().due_ms);
}

std::vector<IndexedEntry> PendingSet::claim(std::int64_t now_ms, std::size_t most) {
  std::vector<IndexedEntry> claimed;
  while (claimed.size() < most && !ready_.empty() && ready_.front().due_ms <= now_ms &&
         !copying_.contains(ready_.front().entry)) {
    std::pop_heap(ready_.begin(), ready_.end(), std::greater());
    IndexedEntry entry = ready_.back();
    ready_.pop_back();
    entry.place = place_of(entry.entry);
    const bool is_new = claims_.insert(entry.entry).second;
    assert(is_new);
    if (is_new) {
      claimed.push_back(entry);
    }
  }
  return claimed;
}

void PendingSet::unclaim(const std::vector<IndexedEntry>& claimed) {
  for (const IndexedEntry& entry : claimed) {
    claims_.erase(entry.entry);
    push_ready({entry.due_ms, entry.entry, entry.entry});
  }
}

log::Offset PendingSet::place_of(EntryNumber entry) const {
  const auto moved = moved_.find(entry);
  return moved == moved_.end() ? entry : moved->second;
}

void PendingSet::raise_done_position(log::Offset position) {
  header_.done_position = std::max(header_.done_position, position);
}

void PendingSet::finish_buckets(IndexChanges& changes) {
  for (auto it = buckets_.begin(); it != buckets_.end();) {
    const auto& [bucket, state] = *it;
    if ((bucket + 1) * kBucketMs > loaded_to_ms_) {
      break;
    }
    if (state.live > 0) {
      ++it;
      continue;
    }
    const std::int64_t finished = bucket;
    std::erase_if(changes.done, [finished](const IndexedEntry& entry) {
      return bucket_of(entry.due_ms) == finished;
    });
    if (state.stored) {
      changes.finished_buckets.push_back(finished);
    }
    it = buckets_.erase(it);
  }
}

IndexChanges PendingSet::take_changes() {
  IndexChanges changes;
  changes.added.reserve(added_.size());
  for (const auto& [number, unindexed] : added_) {
    changes.added.push_back(unindexed.entry);
  }
  std::sort(changes.added.begin(), changes.added.end());
  for (const IndexedEntry& entry : changes.added) {
    const auto bucket = buckets_.find(bucket_of(entry.due_ms));
    if (bucket != buckets_.end()) {
      bucket->second.stored = true;
    }
  }
  changes.done = std::move(done_);
  added_.clear();
  done_.clear();
  finish_buckets(changes);
  changes.header = header_;
  return changes;
}

}  // namespace orloj::scheduler
