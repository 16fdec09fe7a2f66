// What one partition holds back: the state that its schedule log describes, as far as it is in
// memory. Applied entry by entry in log order; starting again is applying again.
//
// Only entries due before loaded_to_ms() are in the wheel; the others are in the index alone, so
// memory does not grow with the number pending. Pure but for the wheel it fills. Owned by the
// delivery thread (docs/decisions/claims-belong-to-delivery.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "scheduler/due_index.h"
#include "scheduler/entry_format.h"
#include "scheduler/error.h"
#include "scheduler/timing_wheel.h"

namespace orloj::scheduler {

class PendingSet {
 public:
  // `owner`: how the wheel names this partition. `header`: where to go on, or {start, start, …}.
  PendingSet(std::uint32_t owner, const IndexHeader& header) : owner_(owner), header_(header) {}

  // The entry at `offset`, which is below the schedule log's high watermark. kUnsupportedFormat:
  // of a kind, or with a field, that this version cannot act on.
  Status apply(log::Offset offset, const Entry& entry, TimingWheel& wheel);
  // Every entry below is applied.
  void applied_up_to(log::Offset position) { header_.position = position; }
  log::Offset position() const { return header_.position; }
  log::Offset start() const { return header_.start; }

  // What the index knew to be due in [loaded_to_ms(), loaded.below_ms).
  void take_loaded(const Loaded& loaded, TimingWheel& wheel);
  // Forgets what is loaded, unclaimed and due at `to_ms` or later; the index must know it.
  void shrink_to(std::int64_t to_ms, TimingWheel& wheel);
  // Keeping what is ready and due before this keeps at most `most` entries, or one millisecond.
  std::int64_t ready_cut_ms(std::size_t most) const;
  std::int64_t loaded_to_ms() const { return loaded_to_ms_; }
  std::size_t loaded() const { return in_wheel_ + ready_.size(); }

  // The wheel says so.
  void is_due(std::int64_t due_ms, EntryNumber entry);
  std::size_t ready() const { return ready_.size(); }
  std::optional<std::int64_t> first_ready_ms() const;

  // Claims up to `most` of what is due at `now_ms`, in order of (due, entry).
  std::vector<IndexedEntry> claim(std::int64_t now_ms, std::size_t most);
  void unclaim(const std::vector<IndexedEntry>& claimed);
  // Fired before the start, DONE still missing.
  void claim_again(EntryNumber entry) { claims_.insert(entry); }
  std::size_t claimed() const { return claims_.size(); }
  // A claimed entry that cannot be read: it stays pending, and fires in no case.
  void set_aside(EntryNumber entry) {
    claims_.erase(entry);
    damaged_.insert(entry);
  }
  std::size_t damaged() const { return damaged_.size(); }
  // Claimed or set aside.
  bool is_held(EntryNumber entry) const {
    return claims_.contains(entry) || damaged_.contains(entry);
  }
  // Another set of the same partition takes over what is held.
  void inherit_holds(const PendingSet& other) {
    claims_ = other.claims_;
    damaged_ = other.damaged_;
  }

  // While an entry is being copied it is not claimed.
  void begin_copy(EntryNumber entry) { copying_.insert(entry); }
  void abandon_copies() { copying_.clear(); }
  bool any_copying() const { return !copying_.empty(); }

  // Where to read the entry's payload, of what is loaded.
  log::Offset place_of(EntryNumber entry) const;

  std::int64_t pending() const { return header_.pending; }
  log::Offset done_position() const { return header_.done_position; }
  // Nothing fired below it waits for its DONE.
  void raise_done_position(log::Offset position);

  // What the index does not know yet; empty afterwards.
  IndexChanges take_changes();
  std::size_t unindexed() const { return added_.size() + done_.size(); }
  const IndexHeader& header() const { return header_; }

 private:
  struct Bucket {
    std::int64_t live = 0;  // loaded and not done
    bool stored = false;    // the index holds packs of it
  };
  struct Unindexed {
    IndexedEntry entry;
    bool known_to_index = false;  // with an earlier place
  };

  Status check_supported(const AddEntry& add) const;
  void add(const IndexedEntry& entry, TimingWheel& wheel);
  void copy(const IndexedEntry& entry);
  void done(const DoneItem& item);
  void finish_buckets(IndexChanges& changes);
  void push_ready(const IndexedEntry& entry);
  std::size_t drop_ready(std::int64_t from_ms);

  std::uint32_t owner_;
  IndexHeader header_;
  std::int64_t loaded_to_ms_ = 0;
  std::size_t in_wheel_ = 0;
  std::vector<IndexedEntry> ready_;                     // a heap, the first to fire on top
  std::map<std::int64_t, Bucket> buckets_;              // of what is loaded
  std::unordered_map<EntryNumber, log::Offset> moved_;  // loaded, place is not the entry number
  std::unordered_set<EntryNumber> claims_;
  std::unordered_set<EntryNumber> damaged_;
  std::unordered_set<EntryNumber> copying_;
  std::unordered_map<EntryNumber, Unindexed> added_;
  std::vector<IndexedEntry> done_;
};

}  // namespace orloj::scheduler
