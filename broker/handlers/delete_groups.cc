#include "broker/handlers/delete_groups.h"

#include <atomic>
#include <set>
#include <utility>

#include "broker/handlers/group_wire.h"
#include "broker/waiting_on.h"
#include "protocol/messages/delete_groups.h"

namespace orloj::broker {
namespace {

using coordinator::DeletedGroup;
using coordinator::GroupError;
using protocol::DeleteGroupsRequest;
using protocol::DeleteGroupsResponse;
using Done = std::function<void(std::vector<DeletedGroup>)>;

// The groups of one request on their way: each callback has its own place, the last one reports.
struct Deletions {
  std::vector<DeletedGroup> groups;
  std::atomic<std::size_t> left{0};
  Done done;

  void finish_one() {
    if (left.fetch_sub(1) == 1) done(std::move(groups));
  }
};

void delete_all(coordinator::GroupCoordinator& groups, const DeleteGroupsRequest& message,
                Done done) {
  const auto deletions = std::make_shared<Deletions>();
  std::set<std::string_view> named;
  for (const std::string_view group_id : message.groups_names) {
    if (!named.insert(group_id).second) continue;
    deletions->groups.push_back({std::string(group_id), GroupError::kNone});
  }
  const std::size_t count = deletions->groups.size();
  deletions->done = std::move(done);
  deletions->left = count + 1;  // one for this function: callbacks may come before it ends
  for (std::size_t i = 0; i < count; ++i) {
    groups.delete_group(deletions->groups[i].group_id, [deletions, i](GroupError error) {
      deletions->groups[i].error = error;
      deletions->finish_one();
    });
  }
  deletions->finish_one();
}

}  // namespace

Route delete_groups_route(coordinator::GroupCoordinator& groups) {
  const auto start = [&groups](const DeleteGroupsRequest& message, const Request&, Done done) {
    delete_all(groups, message, std::move(done));
  };
  const auto finish = [](const DeleteGroupsRequest&, Request& request,
                         std::vector<DeletedGroup> deleted) {
    DeleteGroupsResponse response;
    for (DeletedGroup& group : deleted) {
      response.results.push_back({std::move(group.group_id), to_wire(group.error, request)});
    }
    return response;
  };
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kDeleteGroups);
  route.waiting = waiting_on<DeleteGroupsRequest, std::vector<DeletedGroup>>(start, finish);
  return route;
}

}  // namespace orloj::broker
