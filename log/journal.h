// One pre-written file sequence, shared by all logs, that makes their appends durable by group
// commit (log-protocol §3).
//
// The writer of a log first writes its segment (page cache), then hands the same bytes to the
// journal, both under its own mutex, so that the frames of one log are in offset order and gapless.
// A single thread writes what has gathered while the previous sync was in flight, syncs once, and
// tells each log its new durable end. No timer. Format: docs/on-disk-formats.md, layout in
// log/journal_format.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "log/env/env.h"
#include "log/error.h"
#include "log/options.h"
#include "log/types.h"

namespace orloj::log {

// A log as the journal sees it.
class JournaledLog {
 public:
  virtual ~JournaledLog() = default;
  virtual const LogId& log_id() const = 0;
  // Everything below end_offset is on stable storage. Journal thread, no lock held; in rising
  // order.
  virtual void on_durable(Offset end_offset) = 0;
  // Syncs the segment files of this log and returns the end offset that they cover. Checkpoint
  // thread (or the journal thread, for a frame too large to be copied); takes no lock under which
  // `Journal::append` is called, which may be waiting for it.
  virtual Result<Offset> sync_segments() = 0;
};

struct AppendFrame {
  LeaderEpoch leader_epoch = 0;
  Offset base_offset = 0;
  Offset end_offset = 0;           // base of the next batch
  Offset segment_base_offset = 0;  // which file
  std::int64_t position = 0;       // where in that file
};

class Journal {
 public:
  // Called once when a write or sync of the journal failed: the process must stop (promise 9).
  // Nothing is acknowledged after.
  using FatalHandler = std::function<void(const Error&)>;

  virtual ~Journal() = default;

  // A log takes part from `attach` on; it must be synced up to its end offset at that moment.
  virtual void attach(std::shared_ptr<JournaledLog> log) = 0;
  // After it returns on_durable is not called for the log any more. Not under the mutex of the log,
  // which a callback in flight may want. The next checkpoint still calls sync_segments (and holds a
  // reference until then) when frames of the log remain.
  virtual void detach(const LogId& id) = 0;

  // Queues one frame; called under the mutex of the log. Copies `batch`. Waits only when
  // journal_pending_max_bytes is queued.
  virtual Status append(const LogId& id, const AppendFrame& frame,
                        std::span<const std::byte> batch) = 0;
  // Durable when `done` is called on the journal thread; a refusal (kClosed: the log is not
  // attached) comes at once. Called exactly once.
  using Done = std::function<void(const Status&)>;
  virtual void truncate(const LogId& id, LeaderEpoch epoch, Offset end_offset, Done done) = 0;
  virtual void log_start(const LogId& id, Offset start_offset, Done done) = 0;
  // The segment files of the log were synced up to end_offset; durable once this frame is.
  virtual void note(const LogId& id, Offset end_offset, Done done) = 0;

  // What a replay may write to: offsets below are in synced segment files for good. The cleaner and
  // retention leave segments that reach above it alone. INT64_MAX when no frame of the log can be
  // replayed.
  virtual Offset replay_floor(const LogId& id) const = 0;

  // A write or sync of a segment failed: the journal stops as if it were its own (promise 9).
  // Returns at once, may be called under any lock; the fatal handler is called by the journal
  // thread.
  virtual void report_failure(const Error& error) = 0;

  // Syncs the segments of every log with frames since the last checkpoint, writes a CHECKPOINT
  // frame with their replay floors and frees the files below it. Runs by itself every
  // checkpoint_interval_ms and when files run out; also at clean stop.
  virtual Status checkpoint() = 0;
  virtual Status stop() = 0;  // drains, syncs, joins the threads
};

}  // namespace orloj::log
