#include "coordinator/group/group_directory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include "log/env/posix_env.h"

namespace orloj::coordinator {
namespace {

using IfMissing = GroupCoordinator::IfMissing;
using Partitions = std::vector<std::shared_ptr<log::Partition>>;

// The window is a few instructions wide: many rounds, each asking just as the search ends.
TEST(GroupDirectory, AskedAsTheSearchForTheTopicEnds_IsAnsweredAfterItsCreationWasTried) {
  constexpr int kRounds = 2000;
  constexpr int kDelays = 500;  // turns of an empty loop
  log::PosixEnv posix;
  const GroupOptions options;
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<bool> searched{false};
    std::atomic<bool> creation_tried{false};
    GroupCoordinator::Surroundings surroundings;
    surroundings.open_offsets_topic = [&](IfMissing if_missing) -> Result<Partitions> {
      creation_tried = creation_tried || if_missing == IfMissing::kCreate;
      searched = true;
      return Partitions{};
    };
    GroupDirectory directory(posix.env(), options, std::move(surroundings));
    directory.start();
    while (!searched) {
    }
    std::atomic<int> delay{round % kDelays};
    while (delay > 0) {
      --delay;
    }
    std::promise<bool> tried;
    directory.prepare([&](GroupError) { tried.set_value(creation_tried); });
    ASSERT_TRUE(tried.get_future().get()) << "round " << round;
  }
}

}  // namespace
}  // namespace orloj::coordinator
