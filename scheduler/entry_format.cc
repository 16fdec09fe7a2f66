#include "scheduler/entry_format.h"

#include <algorithm>
#include <string>

#include "log/varint.h"

namespace orloj::scheduler {
namespace {

// Bits of the flags byte of ADD, COPY and COMMAND.
constexpr std::uint8_t kWithTransactionBit = 0x01;
constexpr std::uint8_t kPausedBit = 0x02;
constexpr std::uint8_t kKnownFlags = kWithTransactionBit | kPausedBit;

class Writer {
 public:
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<std::byte>(value)); }
  template <class Integer>
  void fixed(Integer value) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof value);
    log::store_big(bytes_.data() + at, value);
  }
  void varint(std::int64_t value) { log::append_varint(bytes_, value); }
  void raw(log::ByteView value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
  void sized(log::ByteView value) {
    varint(static_cast<std::int64_t>(value.size()));
    raw(value);
  }
  void nullable(const std::optional<log::ByteView>& value) {
    if (value) {
      sized(*value);
    } else {
      varint(-1);
    }
  }
  std::vector<std::byte> take() && { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

// Reads are sticky: after the first one that fails every value is zero and ok() is false.
class Reader {
 public:
  explicit Reader(log::ByteView bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.rest().empty(); }
  std::size_t left() const { return rest_.rest().size(); }
  void fail() { ok_ = false; }

  template <class Integer>
  Integer fixed() {
    log::ByteView bytes;
    if (!ok_ || !rest_.read_bytes(sizeof(Integer), bytes)) {
      ok_ = false;
      return 0;
    }
    return log::load_big<Integer>(bytes.data());
  }
  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  // An enum whose values are first to last without a gap.
  template <class Enum>
  Enum one_of(Enum first, Enum last) {
    const std::uint8_t raw = u8();
    if (raw < static_cast<std::uint8_t>(first) || raw > static_cast<std::uint8_t>(last)) {
      ok_ = false;
      return first;
    }
    return static_cast<Enum>(raw);
  }
  std::int64_t varint() {
    std::int64_t value = 0;
    ok_ = ok_ && rest_.read_i64(value);
    return ok_ ? value : 0;
  }
  std::int64_t natural() {
    const std::int64_t value = varint();
    ok_ = ok_ && value >= 0;
    return ok_ ? value : 0;
  }
  // A count of things that take at least one byte each: never more than bytes are left.
  std::size_t count() {
    const auto value = static_cast<std::size_t>(natural());
    ok_ = ok_ && value <= left();
    return ok_ ? value : 0;
  }
  log::ByteView sized() {
    const std::size_t size = count();
    log::ByteView bytes;
    ok_ = ok_ && rest_.read_bytes(size, bytes);
    return bytes;
  }
  std::optional<log::ByteView> nullable() {
    log::VarintReader ahead = rest_;
    std::int64_t size = 0;
    if (ok_ && ahead.read_i64(size) && size == -1) {
      rest_ = ahead;
      return std::nullopt;
    }
    return sized();
  }
  log::ByteView remainder() {
    log::ByteView bytes;
    ok_ = ok_ && rest_.read_bytes(left(), bytes);
    return bytes;
  }

 private:
  log::VarintReader rest_;
  bool ok_ = true;
};

void write_add(Writer& out, const AddEntry& add, std::uint8_t more_flags = 0) {
  const bool undecided = add.decision == Decision::kWithTransaction;
  out.u8(static_cast<std::uint8_t>(more_flags | (undecided ? kWithTransactionBit : 0)));
  out.fixed(add.due_ms);
  out.fixed(add.nominal_ms);
  out.fixed(add.accepted_ms);
  out.fixed(add.timestamp_ms);
  out.varint(static_cast<std::int64_t>(add.fields.size()));
  for (const TaggedField& field : add.fields) {
    out.varint(static_cast<std::int64_t>(field.tag));
    out.sized(field.bytes);
  }
  out.u8(static_cast<std::uint8_t>(add.payload.codec));
  out.raw(add.payload.bytes);
}

struct ReadAdd {
  AddEntry add;
  bool paused = false;
};

ReadAdd read_add(Reader& in) {
  ReadAdd read;
  const std::uint8_t flags = in.u8();
  if ((flags & ~kKnownFlags) != 0) {
    in.fail();
  }
  read.paused = (flags & kPausedBit) != 0;
  AddEntry& add = read.add;
  add.decision =
      (flags & kWithTransactionBit) != 0 ? Decision::kWithTransaction : Decision::kDecided;
  add.due_ms = in.fixed<std::int64_t>();
  add.nominal_ms = in.fixed<std::int64_t>();
  add.accepted_ms = in.fixed<std::int64_t>();
  add.timestamp_ms = in.fixed<std::int64_t>();
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    const std::int64_t tag = in.natural();
    if (tag > UINT16_MAX) {
      in.fail();
    }
    add.fields.push_back({static_cast<FieldTag>(tag), in.sized()});
  }
  add.payload.codec = in.one_of(log::Codec::kNone, log::Codec::kZstd);
  add.payload.bytes = in.remainder();
  return read;
}

// Entry numbers of a batch mostly rise together with their dues: differences are short.
void write_items(Writer& out, const std::vector<DoneItem>& items) {
  out.varint(static_cast<std::int64_t>(items.size()));
  DoneItem previous;
  for (const DoneItem& item : items) {
    out.varint(item.entry - previous.entry);
    out.varint(item.place - item.entry);
    out.varint(item.fire);
    out.varint(item.due_ms - previous.due_ms);
    out.varint(item.next_due_ms);
    previous = item;
  }
}

// Unsigned, so that hostile differences wrap instead of overflowing.
std::int64_t add_wrapping(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::vector<DoneItem> read_items(Reader& in) {
  std::vector<DoneItem> items;
  const std::size_t count = in.count();
  items.reserve(std::min(count, in.left() / 5));
  DoneItem previous;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    DoneItem item;
    item.entry = add_wrapping(previous.entry, in.varint());
    item.place = add_wrapping(item.entry, in.natural());
    item.fire = in.natural();
    item.due_ms = add_wrapping(previous.due_ms, in.varint());
    item.next_due_ms = in.varint();
    if (item.entry < 0 || item.place < item.entry || item.due_ms < 0 ||
        item.next_due_ms < kNoInstant) {
      in.fail();
    }
    items.push_back(item);
    previous = item;
  }
  return items;
}

void write(Writer& out, const AddEntry& add) {
  write_add(out, add);
}

void write(Writer& out, const CopyEntry& copy) {
  out.fixed(copy.entry);
  out.fixed(copy.copied_from);
  out.fixed(copy.next_fire);
  out.fixed(copy.copies);
  out.fixed(copy.copies_since_ms);
  write_add(out, copy.add, copy.paused ? kPausedBit : 0);
}

void write(Writer& out, const CommandEntry& command) {
  out.u8(static_cast<std::uint8_t>(command.action));
  write_add(out, command.add);
}

void write(Writer& out, const DoneEntry& done) {
  out.u8(static_cast<std::uint8_t>(done.reason));
  out.fixed(done.data_leader_epoch);
  out.fixed(done.data_base_offset);
  out.fixed(done.data_end_offset);
  write_items(out, done.items);
}

void write(Writer& out, const IntentEntry& intent) {
  out.raw(std::as_bytes(std::span(intent.topic_id.bytes)));
  out.fixed(intent.partition);
  out.u8(static_cast<std::uint8_t>(intent.kind));
  out.fixed(intent.leader_epoch);
  out.fixed(intent.end_offset);
  out.fixed(intent.producer_id);
  out.fixed(intent.producer_epoch);
  out.fixed(intent.base_sequence);
  write_items(out, intent.items);
}

void write(Writer& out, const PauseEntry& pause) {
  out.fixed(pause.entry);
  out.fixed(pause.at_ms);
}

void write(Writer& out, const ResumeEntry& resume) {
  out.fixed(resume.entry);
  out.fixed(resume.at_ms);
}

void write(Writer& out, const TxnEntry& txn) {
  out.fixed(txn.producer_id);
  out.fixed(txn.producer_epoch);
  out.fixed(txn.coordinator_epoch);
  out.u8(static_cast<std::uint8_t>(txn.outcome));
}

// The kinds are the places in the variant, counted from 1.
static_assert(std::is_same_v<std::variant_alternative_t<7, Entry>, TxnEntry>);
static_assert(static_cast<std::size_t>(EntryKind::kTxn) == std::variant_size_v<Entry>);

CopyEntry read_copy(Reader& in) {
  CopyEntry copy;
  copy.entry = in.fixed<std::int64_t>();
  copy.copied_from = in.fixed<std::int64_t>();
  copy.next_fire = in.fixed<std::int64_t>();
  copy.copies = in.fixed<std::int32_t>();
  copy.copies_since_ms = in.fixed<std::int64_t>();
  ReadAdd read = read_add(in);
  copy.paused = read.paused;
  copy.add = std::move(read.add);
  if (copy.entry < 0 || copy.copied_from < copy.entry || copy.next_fire < kFirstFire ||
      copy.copies < 0) {
    in.fail();
  }
  return copy;
}

CommandEntry read_command(Reader& in) {
  CommandEntry command;
  command.action = in.one_of(CommandAction::kAdd, CommandAction::kTrigger);
  command.add = read_add(in).add;
  return command;
}

DoneEntry read_done(Reader& in) {
  DoneEntry done;
  done.reason = in.one_of(DoneReason::kFired, DoneReason::kDeadLettered);
  done.data_leader_epoch = in.fixed<std::int32_t>();
  done.data_base_offset = in.fixed<std::int64_t>();
  done.data_end_offset = in.fixed<std::int64_t>();
  done.items = read_items(in);
  if (done.data_base_offset < 0 || done.data_end_offset < done.data_base_offset) {
    in.fail();
  }
  return done;
}

IntentEntry read_intent(Reader& in) {
  IntentEntry intent;
  for (std::uint8_t& byte : intent.topic_id.bytes) {
    byte = in.u8();
  }
  intent.partition = in.fixed<std::int32_t>();
  intent.kind = in.one_of(log::LogKind::kData, log::LogKind::kSchedule);
  intent.leader_epoch = in.fixed<std::int32_t>();
  intent.end_offset = in.fixed<std::int64_t>();
  intent.producer_id = in.fixed<std::int64_t>();
  intent.producer_epoch = in.fixed<std::int16_t>();
  intent.base_sequence = in.fixed<std::int32_t>();
  intent.items = read_items(in);
  return intent;
}

// Reads one after the other: an argument list has no order.
template <class PauseOrResume>
PauseOrResume read_pause(Reader& in) {
  PauseOrResume entry;
  entry.entry = in.fixed<std::int64_t>();
  entry.at_ms = in.fixed<std::int64_t>();
  return entry;
}

TxnEntry read_txn(Reader& in) {
  TxnEntry txn;
  txn.producer_id = in.fixed<std::int64_t>();
  txn.producer_epoch = in.fixed<std::int16_t>();
  txn.coordinator_epoch = in.fixed<std::int32_t>();
  txn.outcome = in.one_of(TxnOutcome::kAborted, TxnOutcome::kCommitted);
  return txn;
}

Entry read_entry(EntryKind kind, Reader& in) {
  switch (kind) {
    case EntryKind::kAdd:
      return read_add(in).add;
    case EntryKind::kCopy:
      return read_copy(in);
    case EntryKind::kCommand:
      return read_command(in);
    case EntryKind::kIntent:
      return read_intent(in);
    case EntryKind::kDone:
      return read_done(in);
    case EntryKind::kPause:
      return read_pause<PauseEntry>(in);
    case EntryKind::kResume:
      return read_pause<ResumeEntry>(in);
    case EntryKind::kTxn:
      return read_txn(in);
  }
  in.fail();
  return AddEntry{};
}

}  // namespace

std::vector<std::byte> encode_entry(const Entry& entry) {
  Writer out;
  out.u8(kEntryFormatVersion);
  out.u8(static_cast<std::uint8_t>(entry.index() + 1));
  std::visit([&out](const auto& value) { write(out, value); }, entry);
  return std::move(out).take();
}

Result<Entry> decode_entry(log::ByteView bytes) {
  Reader in(bytes);
  const std::uint8_t version = in.u8();
  const std::uint8_t kind = in.u8();
  if (!in.ok()) {
    return Error{ErrorCode::kCorrupt, "an entry of " + std::to_string(bytes.size()) + " bytes"};
  }
  if (version != kEntryFormatVersion || kind < static_cast<std::uint8_t>(EntryKind::kAdd) ||
      kind > static_cast<std::uint8_t>(EntryKind::kTxn)) {
    return Error{ErrorCode::kUnsupportedFormat, "an entry of format " + std::to_string(version) +
                                                    ", kind " + std::to_string(kind) +
                                                    ": written by a newer version, start that one"};
  }
  Entry entry = read_entry(static_cast<EntryKind>(kind), in);
  if (!in.done()) {
    return Error{ErrorCode::kCorrupt, "an entry of kind " + std::to_string(kind) + " and " +
                                          std::to_string(bytes.size()) +
                                          " bytes that does not decode"};
  }
  return entry;
}

std::vector<std::byte> encode_payload(const std::optional<log::ByteView>& key,
                                      const std::optional<log::ByteView>& value,
                                      std::span<const log::HeaderView> headers) {
  Writer out;
  out.nullable(key);
  out.nullable(value);
  out.varint(static_cast<std::int64_t>(headers.size()));
  for (const log::HeaderView& header : headers) {
    out.sized(log::to_bytes(header.key));
    out.nullable(header.value);
  }
  return std::move(out).take();
}

Result<Payload> decode_payload(log::ByteView bytes) {
  Reader in(bytes);
  Payload payload;
  payload.key = in.nullable();
  payload.value = in.nullable();
  const std::size_t count = in.count();
  const log::ByteView headers = bytes.subspan(bytes.size() - in.left());
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    in.sized();
    in.nullable();
  }
  if (!in.done() || count > INT32_MAX) {
    return Error{ErrorCode::kCorrupt,
                 "a payload of " + std::to_string(bytes.size()) + " bytes that does not decode"};
  }
  payload.headers = log::HeaderRange(headers, static_cast<std::int32_t>(count));
  return payload;
}

}  // namespace orloj::scheduler
