// The conformance test of metadata stores: every back end passes all of it.
#include "coordinator/metadata_store.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/coordinator/store_under_test.h"

namespace orloj::coordinator {
namespace {

class MetadataStoreTest : public testing::TestWithParam<StoreUnderTest> {
 protected:
  void SetUp() override { holder_ = GetParam().make(options_); }
  MetadataStore& store() { return holder_->store(); }
  Revision put(const std::string& key, const std::string& value) {
    return store().commit({{}, {{key, value}}}).value();
  }
  std::optional<std::string> value_of(const std::string& key) {
    const auto found = store().get(key).value();
    return found ? std::optional(found->value) : std::nullopt;
  }

  CoordinatorOptions options_;
  std::unique_ptr<StoreHolder> holder_;
};

TEST_P(MetadataStoreTest, Get_OfAnAbsentKey_IsEmpty) {
  EXPECT_FALSE(store().get("absent").value().has_value());
}

TEST_P(MetadataStoreTest, Commit_RaisesTheRevisionByOneAndStampsItsKeys) {
  const Revision first = put("a", "1");
  const Revision second = store().commit({{}, {{"b", "2"}, {"c", "3"}}}).value();
  EXPECT_EQ(second, first + 1);
  EXPECT_EQ(store().get("a").value()->revision, first);
  EXPECT_EQ(store().get("b").value()->revision, second);
  EXPECT_EQ(store().get("c").value()->value, "3");
}

TEST_P(MetadataStoreTest, Values_AreBytes) {
  const std::string bytes("\0\xff\n", 3);
  put(bytes, bytes);
  EXPECT_EQ(value_of(bytes), bytes);
  put("empty", "");
  EXPECT_EQ(value_of("empty"), "");
}

TEST_P(MetadataStoreTest, Range_IsHalfOpenOrderedAndLimited) {
  store().commit({{}, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}}).value();
  const auto middle = store().range({"b", "d", 0}).value();
  ASSERT_EQ(middle.entries.size(), 2U);
  EXPECT_EQ(middle.entries[0].key, "b");
  EXPECT_EQ(middle.entries[1].key, "c");
  EXPECT_FALSE(middle.more);
  const auto limited = store().range({"", "", 3}).value();
  EXPECT_EQ(limited.entries.size(), 3U);
  EXPECT_TRUE(limited.more);
}

TEST_P(MetadataStoreTest, Compare_ThatFails_ChangesNothing) {
  const Revision first = put("a", "1");
  const auto lost = store().commit({{{"a", first}, {"b", 7}}, {{"a", "2"}, {"b", "2"}}});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kConflict);
  EXPECT_NE(lost.error().message.find("b"), std::string::npos);
  EXPECT_EQ(value_of("a"), "1");
  EXPECT_FALSE(value_of("b").has_value());
}

TEST_P(MetadataStoreTest, Compare_WithRevisionZero_MeansAbsent) {
  EXPECT_TRUE(store().commit({{{"a", 0}}, {{"a", "1"}}}));
  EXPECT_FALSE(store().commit({{{"a", 0}}, {{"a", "2"}}}));
  ASSERT_TRUE(store().commit({{}, {{"a", std::nullopt}}}));
  EXPECT_TRUE(store().commit({{{"a", 0}}, {{"a", "3"}}}));
}

TEST_P(MetadataStoreTest, Commit_PastALimit_NamesIt) {
  Transaction many;
  for (int i = 0; i <= options_.transaction_keys_max; ++i) {
    many.writes.push_back({"k" + std::to_string(i), "v"});
  }
  const auto refused = store().commit(many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_NE(refused.error().message.find("transaction_keys_max"), std::string::npos);
  const std::string big(static_cast<std::size_t>(options_.metadata_value_max_bytes) + 1, 'x');
  EXPECT_EQ(store().commit({{}, {{"k", big}}}).error().code, ErrorCode::kTooLarge);
}

TEST_P(MetadataStoreTest, Watch_GetsKeptAndNewEventsOfItsPrefixInOrder) {
  const Revision first = put("t/a", "1");
  put("other", "1");
  put("t/b", "2");
  std::vector<std::string> seen;
  const auto watch = store().watch("t/", first, [&](const WatchEvent& event) {
    seen.push_back(event.key + "=" + event.value.value_or("-"));
  });
  ASSERT_TRUE(watch);
  put("t/c", "3");
  put("u", "4");
  store().commit({{}, {{"t/a", std::nullopt}}}).value();
  EXPECT_EQ(seen, (std::vector<std::string>{"t/b=2", "t/c=3", "t/a=-"}));
}

TEST_P(MetadataStoreTest, Watch_AfterItsEnd_IsSilent) {
  int calls = 0;
  auto watch = store().watch("", 0, [&](const WatchEvent&) { ++calls; }).value();
  put("a", "1");
  watch.reset();
  put("a", "2");
  EXPECT_EQ(calls, 1);
}

TEST_P(MetadataStoreTest, Watch_FromForgottenEvents_IsCompacted) {
  options_.watch_history_events_max = 2;
  holder_ = GetParam().make(options_);
  const Revision first = put("a", "1");
  for (int i = 0; i < 3; ++i) put("a", std::to_string(i));
  const auto late = store().watch("", first - 1, [](const WatchEvent&) {});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kCompacted);
  EXPECT_TRUE(store().watch("", first + 1, [](const WatchEvent&) {}));
}

TEST_P(MetadataStoreTest, Lease_WhenRevoked_TakesItsKeysAlong) {
  const LeaseId lease = store().grant_lease(1000).value();
  store().commit({{}, {{"bound", "1", lease}, {"free", "1"}}}).value();
  EXPECT_TRUE(store().keep_alive(lease));
  ASSERT_TRUE(store().revoke_lease(lease));
  EXPECT_FALSE(value_of("bound").has_value());
  EXPECT_TRUE(value_of("free").has_value());
  EXPECT_EQ(store().keep_alive(lease).error().code, ErrorCode::kConflict);
  EXPECT_EQ(store().commit({{}, {{"bound", "1", lease}}}).error().code, ErrorCode::kConflict);
}

TEST_P(MetadataStoreTest, RandomCommits_BehaveLikeAMap) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::map<std::string, KeyValue> model;
  Revision revision = store().range({}).value().revision;
  for (int step = 0; step < 300; ++step) {
    Transaction transaction;
    bool holds = true;
    std::map<std::string, std::optional<std::string>> writes;
    for (unsigned i = 0; i <= random() % 3; ++i) {
      const std::string key = "k" + std::to_string(random() % 8);
      const Revision actual = model.contains(key) ? model[key].revision : 0;
      const bool right = random() % 4 != 0;
      transaction.compares.push_back({key, right ? actual : actual + 1});
      holds = holds && right;
      if (random() % 4 == 0) {
        writes[key] = std::nullopt;
      } else {
        writes[key] = std::to_string(step);
      }
    }
    for (const auto& [key, value] : writes) transaction.writes.push_back({key, value});
    const auto committed = store().commit(transaction);
    ASSERT_EQ(committed.has_value(), holds) << "step " << step;
    if (!holds) continue;
    revision = *committed;
    for (const auto& [key, value] : writes) {
      if (value) {
        model[key] = KeyValue{key, *value, revision};
      } else {
        model.erase(key);
      }
    }
    if (step % 50 == 49) holder_->reopen();
    const auto all = store().range({}).value();
    ASSERT_EQ(all.entries.size(), model.size()) << "step " << step;
    for (const auto& entry : all.entries) {
      ASSERT_EQ(entry.value, model.at(entry.key).value) << "step " << step;
      ASSERT_EQ(entry.revision, model.at(entry.key).revision) << "step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BackEnds, MetadataStoreTest, testing::ValuesIn(stores_under_test()),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(EndOfPrefix, IsTheFirstKeyBehindThePrefix) {
  EXPECT_EQ(end_of_prefix("a/"), "a0");
  EXPECT_EQ(end_of_prefix("a\xff"), "b");
  EXPECT_EQ(end_of_prefix("\xff\xff"), "");
}

}  // namespace
}  // namespace orloj::coordinator
