#include "coordinator/catalog.h"

#include <gtest/gtest.h>

#include "coordinator/memory_metadata_store.h"
#include "log/env/posix_env.h"

namespace orloj::coordinator {
namespace {

Status made(const Topic&) {
  return {};
}

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() { open(); }
  void open() { catalog_ = Catalog::open(env_, store_, options_).value(); }
  std::shared_ptr<const Topic> create(const NewTopic& topic) {
    return catalog_->create(topic, made).value();
  }
  ErrorCode refused(const NewTopic& topic) {
    const auto result = catalog_->create(topic, made);
    EXPECT_FALSE(result);
    return result.error().code;
  }

  static ConfigChange set(const std::string& name, const std::string& value) {
    return {name, ConfigOperation::kSet, value};
  }
  static ConfigChange unset(const std::string& name) {
    return {name, ConfigOperation::kDelete, ""};
  }

  log::PosixEnv machine_;
  log::Env env_ = machine_.env();
  CoordinatorOptions options_;
  MemoryMetadataStore store_{options_};
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, Create_ThenReopen_FindsTheSameTopic) {
  const auto topic = create({.name = "t", .partitions = 3, .configs = {{"retention.ms", "9"}}});
  open();
  const auto again = catalog_->find("t");
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->id, topic->id);
  EXPECT_FALSE(again->id.is_zero());
  EXPECT_EQ(again->partition_count, 3);
  EXPECT_EQ(again->partitions_at_creation, 3);
  EXPECT_EQ(again->configs.at("retention.ms"), "9");
  EXPECT_EQ(again->revision, topic->revision);
  EXPECT_EQ(catalog_->find(topic->id), again);
  EXPECT_EQ(catalog_->leader_of({topic->id, 0}), options_.node_id);
}

TEST_F(CatalogTest, NamesThatDifferInDotsAndUnderscoresOnly_Collide) {
  create({.name = "a.b_c"});
  for (const char* name : {"a_b_c", "a.b.c", "a_b.c"}) {
    const auto refused = catalog_->plan({.name = name});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidTopicName);
    EXPECT_EQ(refused.error().message,
              "Topic '" + std::string(name) + "' collides with existing topic: a.b_c");
  }
  EXPECT_EQ(refused({.name = "a.b_c"}), ErrorCode::kTopicExists);
  create({.name = "a-b-c"});
  create({.name = "ab_c"});
  open();
  EXPECT_EQ(refused({.name = "a_b_c"}), ErrorCode::kInvalidTopicName);
}

TEST_F(CatalogTest, InternalTopic_IsMadeWhateverItCollidesWith) {
  create({.name = "__consumer.offsets"});
  create({.name = "__consumer_offsets", .internal = true});
}

TEST_F(CatalogTest, Create_WithoutCounts_TakesTheBrokersDefaults) {
  options_.num_partitions = 4;
  open();
  EXPECT_EQ(create({.name = "t"})->partition_count, 4);
}

TEST_F(CatalogTest, ReservedProducerIds_AreApartForEveryTopicAlsoAfterDeleteAndReopen) {
  const auto first = create({.name = "a"});
  EXPECT_EQ(first->first_reserved_producer_id, std::int64_t{1} << 62);
  ASSERT_TRUE(catalog_->remove(first->id));
  open();
  const auto second = create({.name = "a"});
  EXPECT_EQ(second->first_reserved_producer_id, (std::int64_t{1} << 62) + (1 << 20));
  EXPECT_NE(second->id, first->id);
}

TEST_F(CatalogTest, Create_OfBadTopics_IsRefusedWithTheFittingCode) {
  create({.name = "t"});
  EXPECT_EQ(refused({.name = "t"}), ErrorCode::kTopicExists);
  EXPECT_EQ(refused({.name = "a b"}), ErrorCode::kInvalidTopicName);
  EXPECT_EQ(refused({.name = "u", .partitions = 0}), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(refused({.name = "u", .partitions = -2}), ErrorCode::kInvalidPartitions);
  EXPECT_EQ(refused({.name = "u", .replication_factor = 3}), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(refused({.name = "u", .configs = {{"x", "y"}}}), ErrorCode::kInvalidConfig);
  EXPECT_EQ(catalog_->snapshot()->by_name.size(), 1U);
}

TEST_F(CatalogTest, Create_PastALimit_NamesIt) {
  options_.partitions_per_topic_max = 10;
  options_.partitions_max = 15;
  open();
  const auto wide = catalog_->create({.name = "t", .partitions = 11}, made);
  ASSERT_FALSE(wide);
  EXPECT_NE(wide.error().message.find("partitions_per_topic_max"), std::string::npos);
  create({.name = "a", .partitions = 10});
  const auto full = catalog_->create({.name = "b", .partitions = 6}, made);
  ASSERT_FALSE(full);
  EXPECT_NE(full.error().message.find("partitions_max"), std::string::npos);
}

TEST_F(CatalogTest, Create_WhoseDirectoriesFail_LeavesNothing) {
  const auto failed = catalog_->create({.name = "t"}, [](const Topic&) -> Status {
    return Error{ErrorCode::kLog, "disk full"};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kLog);
  EXPECT_EQ(catalog_->find("t"), nullptr);
  open();
  EXPECT_EQ(catalog_->find("t"), nullptr);
  EXPECT_TRUE(catalog_->create({.name = "t"}, made));
}

TEST_F(CatalogTest, Create_MakesDirectoriesBeforeTheTopicIsStored) {
  catalog_
      ->create({.name = "t"},
               [&](const Topic& topic) -> Status {
                 EXPECT_EQ(catalog_->find(topic.id), nullptr);
                 EXPECT_TRUE(store_.range({}).value().entries.empty());
                 return {};
               })
      .value();
}

TEST_F(CatalogTest, Plan_StoresNothing) {
  EXPECT_TRUE(catalog_->plan({.name = "t"}));
  EXPECT_EQ(catalog_->find("t"), nullptr);
  EXPECT_TRUE(store_.range({}).value().entries.empty());
}

TEST_F(CatalogTest, Grow_AddsPartitionsAndKeepsEverythingElse) {
  const auto topic = create({.name = "t", .partitions = 2, .configs = {{"retention.ms", "1"}}});
  const auto grown = catalog_->grow("t", 5, [&](const Topic& planned) -> Status {
    EXPECT_EQ(planned.partition_count, 5);
    EXPECT_EQ(catalog_->find("t")->partition_count, 2);  // directories come first
    return {};
  });
  ASSERT_TRUE(grown);
  open();
  const auto found = catalog_->find("t");
  EXPECT_EQ(found->partition_count, 5);
  EXPECT_EQ(found->partitions_at_creation, 2);
  EXPECT_EQ(found->id, topic->id);
  EXPECT_EQ(found->first_reserved_producer_id, topic->first_reserved_producer_id);
  EXPECT_EQ(found->configs, topic->configs);
  EXPECT_EQ(catalog_->log_facts().topics.at(0).partition_count, 5);
}

TEST_F(CatalogTest, Grow_ThatIsNoIncreaseOrPastALimit_IsRefused) {
  create({.name = "t", .partitions = 2});
  create({.name = "__x", .partitions = 1, .internal = true});
  EXPECT_EQ(catalog_->grow("t", 2, made).error().code, ErrorCode::kInvalidPartitions);
  EXPECT_EQ(catalog_->grow("t", 1, made).error().code, ErrorCode::kInvalidPartitions);
  EXPECT_EQ(catalog_->grow("t", 1'000'000, made).error().code, ErrorCode::kInvalidPartitions);
  EXPECT_EQ(catalog_->grow("__x", 2, made).error().code, ErrorCode::kInternalTopic);
  EXPECT_EQ(catalog_->grow("u", 2, made).error().code, ErrorCode::kUnknownTopic);
  EXPECT_EQ(catalog_->find("t")->partition_count, 2);
}

TEST_F(CatalogTest, Grow_WhoseDirectoriesFail_ChangesNothing) {
  create({.name = "t", .partitions = 2});
  const auto failed = catalog_->grow("t", 3, [](const Topic&) -> Status {
    return Error{ErrorCode::kLog, "disk full"};
  });
  EXPECT_EQ(failed.error().code, ErrorCode::kLog);
  open();
  EXPECT_EQ(catalog_->find("t")->partition_count, 2);
}

TEST_F(CatalogTest, Remove_LeavesATombstoneUntilItIsReleased) {
  const auto topic = create({.name = "t"});
  ASSERT_TRUE(catalog_->remove(topic->id));
  EXPECT_EQ(catalog_->find("t"), nullptr);
  open();
  EXPECT_EQ(catalog_->find(topic->id), nullptr);
  EXPECT_EQ(catalog_->log_facts().tombstones, std::vector{topic->id});
  EXPECT_EQ(catalog_->forget_tombstones({topic->id}), std::vector{topic->id});
  open();
  EXPECT_TRUE(catalog_->log_facts().tombstones.empty());
  const Revision before = store_.range({})->revision;
  EXPECT_EQ(catalog_->forget_tombstones({topic->id}), std::vector{topic->id});
  EXPECT_EQ(store_.range({})->revision, before) << "there was nothing to write";
}

TEST_F(CatalogTest, Remove_OfUnknownOrInternalTopics_IsRefused) {
  const auto internal = create({.name = "__x", .internal = true});
  EXPECT_EQ(catalog_->remove(internal->id).error().code, ErrorCode::kInternalTopic);
  EXPECT_EQ(catalog_->remove(log::TopicId{}).error().code, ErrorCode::kUnknownTopic);
}

TEST_F(CatalogTest, TopicPastTopicsMax_IsRefusedByItsLimit) {
  options_.topics_max = 1;
  open();
  create({.name = "a"});
  const auto refused = catalog_->plan({.name = "b"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(refused.error().message, "topic b: topics_max is 1");
}

TEST_F(CatalogTest, ConfigsPastTheirLimit_AreRefusedByIt) {
  options_.topic_configs_max_bytes = 14;
  open();
  create({.name = "a", .configs = {{"retention.ms", "10"}}});
  const auto refused = catalog_->plan({.name = "b", .configs = {{"retention.ms", "100"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidConfig);
  EXPECT_NE(refused.error().message.find("topic_configs_max_bytes is 14"), std::string::npos)
      << refused.error().message;
}

TEST_F(CatalogTest, AlterConfigs_ReplacesRemovesAndIsDurable) {
  const auto topic = create(
      {.name = "t", .partitions = 3, .configs = {{"retention.ms", "1"}, {"segment.ms", "5"}}});
  const auto altered =
      catalog_->alter_configs("t", {{set("retention.ms", "2"), unset("segment.ms")}});
  ASSERT_TRUE(altered);
  EXPECT_EQ(catalog_->find("t"), *altered);
  open();
  const TopicConfigs left = {{"retention.ms", "2"}};
  const auto found = catalog_->find("t");
  EXPECT_EQ(found->configs, left);
  EXPECT_EQ(found->id, topic->id);
  EXPECT_EQ(found->partition_count, 3);
  EXPECT_GT(found->revision, topic->revision);
  EXPECT_EQ(catalog_->log_facts().topics.at(0).config.retention_ms, 2);
}

TEST_F(CatalogTest, AlterConfigs_ThatIsInvalid_ChangesNothing) {
  create({.name = "t", .configs = {{"retention.ms", "1"}}});
  const auto refused = [&](std::string_view name, const ConfigChanges& changes) {
    EXPECT_EQ(catalog_->plan_configs(name, changes).error().code,
              catalog_->alter_configs(name, changes).error().code);
    return catalog_->alter_configs(name, changes).error();
  };
  EXPECT_EQ(refused("t", {{set("segment.ms", "9"), set("retention.ms", "x")}}).code,
            ErrorCode::kInvalidConfig);
  EXPECT_EQ(refused("t", {{set("no", "1")}}).message, "Unknown topic config name: no");
  EXPECT_EQ(refused("u", {}).code, ErrorCode::kUnknownTopic);
  EXPECT_EQ(refused("a/b", {}).code, ErrorCode::kInvalidTopicName);
  const TopicConfigs before = {{"retention.ms", "1"}};
  EXPECT_EQ(catalog_->find("t")->configs, before);
}

TEST_F(CatalogTest, AlterConfigs_PastTheLimit_IsRefusedByIt) {
  options_.topic_configs_max_bytes = 14;
  open();
  create({.name = "t", .configs = {{"retention.ms", "10"}}});
  const auto refused = catalog_->alter_configs("t", {{set("retention.ms", "100")}});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("topic_configs_max_bytes is 14"), std::string::npos);
}

TEST_F(CatalogTest, AlterConfigs_ThatChangesNothing_WritesNothing) {
  const auto topic = create({.name = "t", .configs = {{"retention.ms", "1"}}});
  const Revision before = store_.range({})->revision;
  EXPECT_EQ(catalog_->alter_configs("t", {{set("retention.ms", "1"), unset("durability")}}).value(),
            topic);
  EXPECT_EQ(store_.range({})->revision, before);
}

TEST_F(CatalogTest, PlanConfigs_StoresNothing) {
  create({.name = "t"});
  const auto planned = catalog_->plan_configs("t", {{set("retention.ms", "5")}});
  ASSERT_TRUE(planned);
  EXPECT_EQ(planned->configs.at("retention.ms"), "5");
  EXPECT_TRUE(catalog_->find("t")->configs.empty());
}

TEST_F(CatalogTest, AlterConfigs_OfAnInternalTopic_KeepsWhatItsRecordsLiveBy) {
  const TopicConfigs before = {{"cleanup.policy", "compact"}, {"durability", "sync"}};
  create({.name = "__x", .configs = before, .internal = true});
  for (const ConfigChanges& changes : {
           ConfigChanges{{set("durability", "async")}},
           ConfigChanges{{unset("durability")}},
           ConfigChanges{{set("cleanup.policy", "delete")}},
           ConfigChanges{{{"cleanup.policy", ConfigOperation::kAppend, "delete"}}},
           ConfigChanges{{set("segment.bytes", "2000000")}, UnnamedConfigs::kGoBackToDefault},
       }) {
    const auto refused = catalog_->alter_configs("__x", changes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidConfig);
    EXPECT_NE(refused.error().message.find("__x is internal"), std::string::npos);
  }
  EXPECT_EQ(catalog_->find("__x")->configs, before);
  EXPECT_TRUE(catalog_->alter_configs("__x", {{set("segment.bytes", "2000000")}}));
}

TEST_F(CatalogTest, Snapshot_DoesNotChangeUnderItsHolder) {
  const auto before = catalog_->snapshot();
  create({.name = "t"});
  EXPECT_TRUE(before->by_name.empty());
  EXPECT_EQ(catalog_->snapshot()->by_name.size(), 1U);
}

TEST_F(CatalogTest, LogFacts_CarryTheConfigInForce) {
  options_.topic_defaults = {{"log.retention.ms", "77"}};
  open();
  create({.name = "t", .partitions = 2, .configs = {{"durability", "async"}}});
  const auto facts = catalog_->log_facts();
  ASSERT_EQ(facts.topics.size(), 1U);
  EXPECT_EQ(facts.topics[0].partition_count, 2);
  EXPECT_EQ(facts.topics[0].config.retention_ms, 77);
  EXPECT_EQ(facts.topics[0].config.durability, log::Durability::kAsync);
}

TEST_F(CatalogTest, Open_OnANewerFormat_IsRefused) {
  store_.commit({{}, {{"topics/x", std::string(1, '\x02')}}}).value();
  const auto opened = Catalog::open(env_, store_, options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupportedFormat);
}

TEST_F(CatalogTest, Open_OnDamage_NamesTheKey) {
  store_.commit({{}, {{"topics/x", std::string("\x01zz", 3)}}}).value();
  const auto opened = Catalog::open(env_, store_, options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(opened.error().message.find("topics/x"), std::string::npos);
}

}  // namespace
}  // namespace orloj::coordinator
