// The journal's two sides against each other: what was told durable is replayed, in order, and
// damage is told from tears.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <future>
#include <map>
#include <mutex>

#include "log/crc32c.h"
#include "log/env/posix_env.h"
#include "log/journal_format.h"
#include "log/journal_reader.h"
#include "log/journal_writer.h"
#include "tests/support/temp_dir.h"

namespace orloj::log {
namespace {

LogId log_id(std::uint8_t topic, LogKind kind = LogKind::kData) {
  LogId id;
  id.topic_id.bytes[0] = topic;
  id.kind = kind;
  return id;
}

// A log without files: remembers what it was told.
class FakeLog final : public JournaledLog {
 public:
  explicit FakeLog(LogId id) : id_(id) {}
  const LogId& log_id() const override { return id_; }
  void on_durable(Offset end_offset) override {
    const std::lock_guard lock(mutex_);
    EXPECT_GT(end_offset, durable_);
    durable_ = end_offset;
    moved_.notify_all();
  }
  Result<Offset> sync_segments() override {
    const std::lock_guard lock(mutex_);
    ++syncs_;
    return written_;
  }

  void wait_durable(Offset end) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return durable_ >= end; });
  }
  void set_written(Offset end) {
    const std::lock_guard lock(mutex_);
    written_ = end;
  }
  int syncs() {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }

 private:
  const LogId id_;
  std::mutex mutex_;
  std::condition_variable moved_;
  Offset durable_ = 0;
  Offset written_ = 0;
  int syncs_ = 0;
};

std::vector<std::byte> payload_of(Offset offset, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(offset * 31 + static_cast<Offset>(i));
  }
  return bytes;
}

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() {
    options_.journal_file_bytes = 256 << 10;
    options_.journal_files_max = 3;
    options_.checkpoint_interval_ms = 3'600'000;
  }

  std::unique_ptr<JournalWriter> start() {
    EXPECT_TRUE(env_.files().create_directories(journal_dir()));
    auto reader = JournalReader::open(env_, journal_dir());
    EXPECT_TRUE(reader.has_value()) << (reader.has_error() ? reader.error().message : "");
    auto writer = JournalWriter::open(env_, options_,
                                      {journal_dir(), reader->found(), reader->checkpoint().logs},
                                      [](const Error& error) { ADD_FAILURE() << error.message; });
    EXPECT_TRUE(writer.has_value()) << (writer.has_error() ? writer.error().message : "");
    return std::move(*writer);
  }

  // Offsets of the APPEND frames that a replay visits, per log; payloads are checked.
  std::map<LogId, std::vector<Offset>> replayed() {
    std::map<LogId, std::vector<Offset>> offsets;
    auto reader = JournalReader::open(env_, journal_dir());
    EXPECT_TRUE(reader.has_value()) << (reader.has_error() ? reader.error().message : "");
    const Status status = reader->replay([&](const DecodedFrame& frame) -> Status {
      if (frame.header.type == FrameType::kAppend) {
        const auto expected = payload_of(frame.header.base_offset, frame.payload.size());
        EXPECT_TRUE(std::ranges::equal(expected, frame.payload));
        offsets[frame.header.log].push_back(frame.header.base_offset);
      }
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return offsets;
  }

  static void append(Journal& journal, FakeLog& log, Offset offset, std::size_t size = 200) {
    log.set_written(offset + 1);
    const Status queued = journal.append(log.log_id(), {0, offset, offset + 1, 0, offset * 200},
                                         payload_of(offset, size));
    ASSERT_TRUE(queued) << queued.error().message;
  }

  std::string journal_dir() const { return dir_.file("journal"); }
  std::string file(std::uint64_t lap) const {
    return join_path(journal_dir(), journal_file_name(lap));
  }
  void flip(const std::string& path, std::uint64_t at) {
    auto opened = env_.files().open(path, OpenMode::kReadWrite);
    ASSERT_TRUE(opened.has_value());
    std::byte byte{};
    ASSERT_EQ(*(*opened)->pread({&byte, 1}, at), 1U);
    byte ^= std::byte{1};
    ASSERT_TRUE((*opened)->pwrite(ByteView(&byte, 1), at));
  }

  test::TempDir dir_;
  PosixEnv posix_;
  Env env_ = posix_.env();
  LogOptions options_;
};

TEST_F(JournalTest, FramesToldDurable_AreReplayedInOrder) {
  auto journal = start();
  auto data = std::make_shared<FakeLog>(log_id(1));
  auto schedule = std::make_shared<FakeLog>(log_id(1, LogKind::kSchedule));
  journal->attach(data);
  journal->attach(schedule);
  for (Offset offset = 0; offset < 100; ++offset) {
    append(*journal, *data, offset);
    append(*journal, *schedule, offset, 90);
  }
  data->wait_durable(100);
  schedule->wait_durable(100);
  journal.reset();

  const auto offsets = replayed();
  ASSERT_EQ(offsets.size(), 2U);
  for (const auto& [id, list] : offsets) {
    ASSERT_EQ(list.size(), 100U);
    EXPECT_EQ(list.front(), 0);
    EXPECT_TRUE(std::ranges::is_sorted(list));
  }
}

TEST_F(JournalTest, AfterACheckpoint_OldFramesAreNotReplayed) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  for (Offset offset = 0; offset < 10; ++offset) {
    append(*journal, *log, offset);
  }
  log->wait_durable(10);
  EXPECT_EQ(journal->replay_floor(log->log_id()), 0);
  ASSERT_TRUE(journal->checkpoint());
  EXPECT_EQ(log->syncs(), 1);
  EXPECT_EQ(journal->replay_floor(log->log_id()), INT64_MAX);
  append(*journal, *log, 10);
  log->wait_durable(11);
  EXPECT_EQ(journal->replay_floor(log->log_id()), 10);
  journal.reset();

  EXPECT_EQ(replayed()[log->log_id()], std::vector<Offset>{10});
  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_EQ(reader->checkpoint().logs.size(), 1U);
  EXPECT_EQ(reader->checkpoint().logs[0].synced_end, 10);
}

TEST_F(JournalTest, FilesRunOut_CheckpointsFreeThemAndNothingIsLost) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  constexpr Offset kCount = 4'000;
  for (Offset offset = 0; offset < kCount; ++offset) {
    append(*journal, *log, offset, 1'000);
  }
  log->wait_durable(kCount);
  EXPECT_GT(journal->last_complete_checkpoint(), 3U);
  journal.reset();

  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_TRUE(reader.has_value());
  EXPECT_LE(reader->found().laps.size(), 4U);
  const Offset floor = reader->checkpoint().logs.at(0).synced_end;
  const auto offsets = replayed()[log->log_id()];
  for (Offset offset = floor; offset < kCount; ++offset) {
    EXPECT_TRUE(std::ranges::binary_search(offsets, offset)) << offset;
  }
}

TEST_F(JournalTest, RestartedManyTimes_ContinuesTheSequence) {
  auto log = std::make_shared<FakeLog>(log_id(1));
  for (Offset round = 0; round < 12; ++round) {
    auto journal = start();
    journal->attach(log);
    append(*journal, *log, round);
    log->wait_durable(round + 1);
    if (round % 4 == 3) {
      ASSERT_TRUE(journal->checkpoint());
    }
  }
  EXPECT_LE(JournalReader::open(env_, journal_dir())->found().laps.size(), 5U);
}

TEST_F(JournalTest, RestartedAfterCheckpoints_UsesOldFilesAgain) {
  for (int round = 0; round < 6; ++round) {
    ASSERT_TRUE(start()->checkpoint());
  }
  EXPECT_LE(env_.files().list(journal_dir())->size(), 2U);
}

TEST_F(JournalTest, FrameLargerThanHalfAFile_IsMadeDurableByTheSegmentsAndANote) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  append(*journal, *log, 0);
  append(*journal, *log, 1, 200 << 10);
  append(*journal, *log, 2);
  log->wait_durable(3);
  EXPECT_EQ(log->syncs(), 1);
  journal.reset();
  EXPECT_EQ(replayed()[log->log_id()], (std::vector<Offset>{0, 2}));
}

TEST_F(JournalTest, AFrameOutOfOffsetOrder_IsRefused) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  append(*journal, *log, 0);
  const Status gap = journal->append(log->log_id(), {0, 5, 6, 0, 0}, payload_of(5, 10));
  ASSERT_FALSE(gap);
  EXPECT_EQ(gap.error().code, ErrorCode::kSealed);
}

TEST_F(JournalTest, LogStartTruncateAndNote_AnswerWhenDurable) {
  auto journal = start();
  const LogId id = log_id(3);
  journal->attach(std::make_shared<FakeLog>(id));
  std::promise<Status> start_done;
  std::promise<Status> truncate_done;
  std::promise<Status> note_done;
  journal->log_start(id, 7, [&](const Status& s) { start_done.set_value(s); });
  journal->truncate(id, 2, 9, [&](const Status& s) { truncate_done.set_value(s); });
  journal->note(id, 12, [&](const Status& s) { note_done.set_value(s); });
  EXPECT_TRUE(start_done.get_future().get());
  EXPECT_TRUE(truncate_done.get_future().get());
  EXPECT_TRUE(note_done.get_future().get());
  journal.reset();
  std::vector<FrameHeader> headers;
  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_TRUE(reader->replay([&](const DecodedFrame& frame) -> Status {
    headers.push_back(frame.header);
    return {};
  }));
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers[0].base_offset, 7);
  EXPECT_EQ(headers[1].end_offset, 9);
  EXPECT_EQ(headers[1].leader_epoch, 2);
  EXPECT_EQ(headers[2].end_offset, 12);
}

TEST_F(JournalTest, LogStart_OutlivesTheFrameInTheCheckpoint) {
  auto journal = start();
  journal->attach(std::make_shared<FakeLog>(log_id(3)));
  std::promise<void> done;
  journal->log_start(log_id(3), 7, [&](const Status&) { done.set_value(); });
  done.get_future().wait();
  ASSERT_TRUE(journal->checkpoint());
  journal.reset();
  auto again = start();
  ASSERT_TRUE(again->checkpoint());
  again.reset();
  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_EQ(reader->checkpoint().logs.size(), 1U);
  EXPECT_EQ(reader->checkpoint().logs[0].log_start, 7);
}

TEST_F(JournalTest, FactsOfADeletedTopic_AreRefusedAndLeaveNothingBehind) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(3));
  const LogId& id = log->log_id();
  journal->attach(log);
  append(*journal, *log, 0);
  journal->detach(id);
  ASSERT_TRUE(journal->flush());
  const auto expect_refusals = [&] {
    std::vector<ErrorCode> codes;
    const auto done = [&](const Status& status) {
      ASSERT_TRUE(status.has_error());
      codes.push_back(status.error().code);
    };
    journal->log_start(id, 1, done);
    journal->note(id, 1, done);
    journal->truncate(id, 0, 0, done);
    EXPECT_EQ(codes, std::vector<ErrorCode>(3, ErrorCode::kClosed));
  };
  expect_refusals();
  journal->forget({id.topic_id, id.partition});
  expect_refusals();
  ASSERT_TRUE(journal->checkpoint());
  journal.reset();

  EXPECT_TRUE(replayed().empty());
  EXPECT_TRUE(JournalReader::open(env_, journal_dir())->checkpoint().logs.empty());
}

// One frame to a group, so that damage to one has later groups behind it.
std::vector<std::uint64_t> write_groups(Journal& journal, FakeLog& log, Offset count) {
  std::vector<std::uint64_t> positions;
  for (Offset offset = 0; offset < count; ++offset) {
    log.set_written(offset + 1);
    EXPECT_TRUE(
        journal.append(log.log_id(), {0, offset, offset + 1, 0, 0}, payload_of(offset, 100)));
    log.wait_durable(offset + 1);
    positions.push_back(kJournalBlockBytes * static_cast<std::uint64_t>(offset + 1));
  }
  return positions;
}

TEST_F(JournalTest, DamageWithALaterGroupBehind_IsRotAndStopsTheStart) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  const auto positions = write_groups(*journal, *log, 5);
  journal.reset();
  flip(file(1), positions[2] + kFrameHeaderBytes + 10);
  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_TRUE(reader.has_error());
  EXPECT_EQ(reader.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(reader.error().message.find(journal_file_name(1)), std::string::npos);
}

TEST_F(JournalTest, DamageInTheLastGroup_IsATornTail) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  const auto positions = write_groups(*journal, *log, 5);
  journal.reset();
  flip(file(1), positions[4] + 4);
  EXPECT_EQ(replayed()[log->log_id()], (std::vector<Offset>{0, 1, 2, 3}));
}

// Two groups as one write each made them. The second has its second frame end with the first of
// its blocks, and its last one lie in the third.
std::vector<std::byte> file_with_a_long_last_group() {
  const JournalFileHeader header{.lap = 1, .salt = 77, .previous_end = 0};
  std::vector<std::byte> file = encode_file_header(header);
  std::uint64_t group = 0;
  const auto add_frame = [&](Offset offset, std::size_t bytes) {
    const auto payload = payload_of(offset, bytes - kFrameHeaderBytes);
    FrameHeader frame;
    frame.log = log_id(1);
    frame.base_offset = offset;
    frame.end_offset = offset + 1;
    frame.payload_bytes = static_cast<std::uint32_t>(payload.size());
    frame.payload_crc = crc32c(payload);
    const std::size_t at = file.size();
    file.resize(at + bytes);
    encode_frame_header(frame, file.data() + at);
    std::ranges::copy(payload, file.begin() + static_cast<std::ptrdiff_t>(at + kFrameHeaderBytes));
    seal_frame_header(file.data() + at, header.lap, group, header.salt);
  };
  group = file.size();
  add_frame(0, 320);
  file.resize(round_up_to_block(file.size()));
  group = file.size();
  add_frame(1, 512);
  add_frame(2, kJournalBlockBytes - 512);
  add_frame(3, kJournalBlockBytes + 512);
  file.resize(round_up_to_block(file.size()));
  return file;
}

// A power cut leaves any sectors of the write that was under way.
TEST_F(JournalTest, TheLastGroupWithoutSomeSectors_IsATornTail) {
  constexpr std::uint64_t kGroupAt = 2 * kJournalBlockBytes;
  struct Lost {
    std::uint64_t from;
    std::uint64_t to;
    std::vector<Offset> left;
  };
  const std::vector<Lost> cases = {
      {kGroupAt, kGroupAt + kJournalBlockBytes, {0}},  // its start
      {kGroupAt + 512, kGroupAt + kJournalBlockBytes, {0, 1}},
      {kGroupAt + 1024, kGroupAt + 1536, {0, 1}},
      {kGroupAt + kJournalBlockBytes, kGroupAt + 2 * kJournalBlockBytes, {0, 1, 2}},
  };
  ASSERT_TRUE(env_.files().create_directories(journal_dir()));
  for (const Lost& lost : cases) {
    SCOPED_TRACE(lost.from);
    std::vector<std::byte> bytes = file_with_a_long_last_group();
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(lost.from),
              bytes.begin() + static_cast<std::ptrdiff_t>(lost.to), std::byte{0});
    const auto opened = env_.files().open(file(1), OpenMode::kReadWriteCreate);
    ASSERT_TRUE(opened.has_value());
    ASSERT_TRUE((*opened)->pwrite(ByteView(bytes), 0));
    ASSERT_TRUE(JournalReader::open(env_, journal_dir()).has_value());
    EXPECT_EQ(replayed()[log_id(1)], lost.left);
  }
}

TEST_F(JournalTest, DamageInAnEarlierFile_IsRot) {
  auto log = std::make_shared<FakeLog>(log_id(1));
  {
    auto journal = start();
    journal->attach(log);
    write_groups(*journal, *log, 3);
  }
  start();
  flip(file(1), 3 * kJournalBlockBytes);
  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_TRUE(reader.has_error());
  EXPECT_EQ(reader.error().code, ErrorCode::kCorrupt);
}

TEST_F(JournalTest, ADamagedFileHeaderWithFramesBehind_IsRot) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  write_groups(*journal, *log, 2);
  journal.reset();
  flip(file(1), 20);
  EXPECT_TRUE(JournalReader::open(env_, journal_dir()).has_error());
}

TEST_F(JournalTest, DamageBelowTheReplayPosition_DoesNotMatter) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  write_groups(*journal, *log, 3);
  ASSERT_TRUE(journal->checkpoint());
  journal.reset();
  {
    auto again = start();
    ASSERT_TRUE(again->checkpoint());
  }
  flip(file(1), 2 * kJournalBlockBytes);
  EXPECT_TRUE(JournalReader::open(env_, journal_dir()).has_value());
}

TEST_F(JournalTest, BytesOfARecordThatLookLikeAFrame_AreNotOne) {
  auto journal = start();
  auto log = std::make_shared<FakeLog>(log_id(1));
  journal->attach(log);
  std::vector<std::byte> forged(8 * kJournalBlockBytes);
  FrameHeader header;
  header.log = log->log_id();
  for (std::size_t at = 0; at + kFrameHeaderBytes <= forged.size(); at += kFrameAlignment * 4) {
    encode_frame_header(header, forged.data() + at);
    seal_frame_header(forged.data() + at, 1, 16 * kJournalBlockBytes, 12345);
  }
  ASSERT_TRUE(journal->append(log->log_id(), {0, 0, 1, 0, 0}, forged));
  log->wait_durable(1);
  journal.reset();
  flip(file(1), kJournalBlockBytes + 8);
  EXPECT_TRUE(replayed().empty());
}

TEST_F(JournalTest, AFileOfANewerFormat_IsRefused) {
  start();
  auto block = encode_file_header({1, 99, 0});
  block[4] = std::byte{kJournalFormat + 1};
  // The checksum covers the format: recompute it the way the writer does, over the first 32 bytes.
  auto opened = env_.files().open(file(1), OpenMode::kReadWrite);
  store_big(block.data() + 32, crc32c(ByteView(block).first(32)));
  ASSERT_TRUE((*opened)->pwrite(block, 0));
  const auto reader = JournalReader::open(env_, journal_dir());
  ASSERT_TRUE(reader.has_error());
  EXPECT_EQ(reader.error().code, ErrorCode::kUnsupportedFormat);
}

}  // namespace
}  // namespace orloj::log
