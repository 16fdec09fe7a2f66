#include "log/compaction.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "log/compacted_batch.h"
#include "log/env/whole_file.h"
#include "log/format.h"
#include "log/offset_map.h"
#include "log/record_reader.h"
#include "log/segment_walk.h"

namespace orloj::log {
namespace {

constexpr std::size_t kCleanEndBytesMax = 64;

Error cancelled_error() {
  return {ErrorCode::kClosed, "compaction was cancelled"};
}

// Bytes that are no batch in a closed segment are damage. So is a batch that came in unopened and
// inflates to more than any batch can hold: it cannot be cleaned either.
Error as_corrupt(const Error& error) {
  const bool cannot_be_walked =
      error.code == ErrorCode::kInvalidBatch || error.code == ErrorCode::kInvalidRecord ||
      error.code == ErrorCode::kTooLarge || error.code == ErrorCode::kUnsupportedCodec;
  return {cannot_be_walked ? ErrorCode::kCorrupt : error.code, error.message};
}

// Calls visit(batch) -> Result<bool> for each batch of a segment, until it says false.
template <class Visit>
Status for_each_batch(const Segment& segment, const CompactionRules& rules, Visit visit) {
  const auto file = segment.file();
  BatchWalk walk(*file, {0, segment.size_bytes()}, CrcCheck::kVerify);
  for (;;) {
    if (rules.cancelled && rules.cancelled()) {
      return cancelled_error();
    }
    const auto batch = walk.next();
    if (!batch) {
      return as_corrupt(batch.error());
    }
    if (!*batch) {
      return {};
    }
    const Result<bool> go_on = visit(**batch);
    if (!go_on) {
      return as_corrupt(go_on.error());
    }
    if (!*go_on) {
      return {};
    }
  }
}

class Cleaner {
 public:
  Cleaner(FileSystem& files, const CompactionPlan& plan, const CompactionRules& rules)
      : files_(files),
        plan_(plan),
        rules_(rules),
        map_(plan.segments.back()->next_offset() -
                 std::max(plan.first_dirty, plan.segments.front()->base_offset()),
             rules.map_bytes) {}

  Status map_keys();
  Status rewrite_all();
  void remove_cleaned();
  CompactionResult take_result() { return {std::move(groups_), mapped_end_}; }

 private:
  Result<bool> map_batch(const RecordBatchView& batch);
  Status rewrite(const std::shared_ptr<Segment>& segment);
  Status append(const RecordBatchView& batch);
  bool fits_last_group(const Segment& segment) const;
  Status start_group(const Segment& first);
  Status finish_group();

  FileSystem& files_;
  const CompactionPlan& plan_;
  const CompactionRules& rules_;
  OffsetMap map_;
  Offset mapped_end_ = 0;  // the map knows the keys of [first_dirty, mapped_end_)
  ScratchBuffer scratch_;
  std::vector<CleanedGroup> groups_;
  std::int64_t group_old_bytes_ = 0;
};

Result<bool> Cleaner::map_batch(const RecordBatchView& batch) {
  if (batch.next_offset() <= plan_.first_dirty || batch.is_control()) {
    mapped_end_ = std::max(mapped_end_, batch.next_offset());
    return true;
  }
  auto reader = RecordReader::open(batch, scratch_);
  if (!reader) {
    return reader.error();
  }
  RecordView record;
  while (reader->next(record)) {
    const Offset offset = batch.base_offset() + record.offset_delta;
    if (record.key && offset >= plan_.first_dirty && !map_.put(*record.key, offset)) {
      return false;
    }
    mapped_end_ = offset + 1;
  }
  if (const Status walked = reader->status(); !walked) {
    return walked.error();
  }
  mapped_end_ = batch.next_offset();
  return true;
}

Status Cleaner::map_keys() {
  mapped_end_ = plan_.first_dirty;
  for (const auto& segment : plan_.segments) {
    if (segment->next_offset() <= plan_.first_dirty) {
      continue;
    }
    bool full = false;
    const Status mapped = for_each_batch(*segment, rules_, [&](const RecordBatchView& batch) {
      const Result<bool> go_on = map_batch(batch);
      full = go_on && !*go_on;
      return go_on;
    });
    if (!mapped || full) {
      return mapped;
    }
    mapped_end_ = std::max(mapped_end_, segment->next_offset());
  }
  return {};
}

bool Cleaner::fits_last_group(const Segment& segment) const {
  return !groups_.empty() && group_old_bytes_ + segment.size_bytes() <= rules_.segment_bytes &&
         segment.next_offset() - groups_.back().cleaned->base_offset() <= INT32_MAX;
}

Status Cleaner::start_group(const Segment& first) {
  if (const Status finished = finish_group(); !finished) {
    return finished;
  }
  auto cleaned = Segment::create(files_, {.directory = rules_.directory,
                                          .base_offset = first.base_offset(),
                                          .index_interval_bytes = rules_.index_interval_bytes,
                                          .suffix = std::string(format::kCleanedSuffix)});
  if (!cleaned) {
    return cleaned.error();
  }
  groups_.push_back({.old = {}, .cleaned = std::move(*cleaned)});
  group_old_bytes_ = 0;
  return {};
}

Status Cleaner::finish_group() {
  if (groups_.empty()) {
    return {};
  }
  Segment& cleaned = *groups_.back().cleaned;
  if (const Status sealed = cleaned.seal(); !sealed) {
    return sealed;
  }
  const auto synced = cleaned.sync();
  return synced ? Status{} : Status(synced.error());
}

Status Cleaner::append(const RecordBatchView& batch) {
  const auto position = groups_.back().cleaned->append(batch);
  return position ? Status{} : Status(position.error());
}

Status Cleaner::rewrite(const std::shared_ptr<Segment>& segment) {
  const KeepRules keep{.map = map_,
                       .mapped_end = mapped_end_,
                       .now_ms = rules_.now_ms,
                       .delete_retention_ms = rules_.delete_retention_ms};
  return for_each_batch(*segment, rules_, [&](const RecordBatchView& batch) -> Result<bool> {
    const auto compacted = compact_batch(batch, keep, scratch_);
    if (!compacted) {
      return compacted.error();
    }
    Status appended;
    if (compacted->verdict == BatchFate::kUnchanged) {
      appended = append(batch);
    } else if (compacted->verdict == BatchFate::kRewritten) {
      const auto rewritten = RecordBatchView::parse(compacted->bytes, CrcCheck::kSkip);
      appended = rewritten ? append(*rewritten) : Status(rewritten.error());
    }
    return appended ? Result<bool>(true) : Result<bool>(appended.error());
  });
}

Status Cleaner::rewrite_all() {
  for (const auto& segment : plan_.segments) {
    if (segment->base_offset() >= mapped_end_) {
      break;
    }
    if (!fits_last_group(*segment)) {
      if (const Status started = start_group(*segment); !started) {
        return started;
      }
    }
    groups_.back().old.push_back(segment);
    group_old_bytes_ += segment->size_bytes();
    if (const Status rewritten = rewrite(segment); !rewritten) {
      return rewritten;
    }
  }
  return finish_group();
}

void Cleaner::remove_cleaned() {
  for (const CleanedGroup& group : groups_) {
    // What stays is removed by the next start: its name says that it is unfinished.
    (void)group.cleaned->remove_files();
  }
}

}  // namespace

double CompactionPlan::dirty_ratio() const {
  const std::int64_t total = clean_bytes + dirty_bytes;
  return total == 0 ? 0 : static_cast<double>(dirty_bytes) / static_cast<double>(total);
}

CompactionPlan plan_compaction(const SegmentList& segments, Offset first_dirty,
                               Offset uncleanable_from) {
  CompactionPlan plan;
  plan.first_dirty = first_dirty;
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto& segment = segments[i];
    if (segments[i + 1]->base_offset() > uncleanable_from) {
      break;
    }
    plan.segments.push_back(segment);
    (segment->next_offset() <= first_dirty ? plan.clean_bytes : plan.dirty_bytes) +=
        segment->size_bytes();
  }
  return plan;
}

Result<CompactionResult> compact(FileSystem& files, const CompactionPlan& plan,
                                 const CompactionRules& rules) {
  Cleaner cleaner(files, plan, rules);
  Status done = cleaner.map_keys();
  if (done) {
    done = cleaner.rewrite_all();
  }
  if (!done) {
    cleaner.remove_cleaned();
    return done.error();
  }
  return cleaner.take_result();
}

Offset load_clean_end(FileSystem& files, const std::string& directory) {
  const auto bytes = read_whole_file(files, join_path(directory, kCleanEndFile), kCleanEndBytesMax);
  if (!bytes) {
    return 0;
  }
  const std::string_view text = to_text(*bytes);
  Offset clean_end = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), clean_end);
  return parsed.ec == std::errc{} && clean_end > 0 ? clean_end : 0;
}

Status store_clean_end(FileSystem& files, const std::string& directory, Offset clean_end) {
  const std::string text = std::to_string(clean_end) + "\n";
  return replace_file(files, join_path(directory, kCleanEndFile), to_bytes(text));
}

}  // namespace orloj::log
