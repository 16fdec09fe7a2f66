#include "broker/handlers/init_producer_id.h"

#include "broker/answering.h"
#include "broker/blocking.h"
#include "broker/error_map.h"
#include "broker/waiting_handler.h"
#include "protocol/messages/init_producer_id.h"

namespace orloj::broker {

namespace asio = boost::asio;
using protocol::ErrorCode;
using protocol::InitProducerIdRequest;
using protocol::InitProducerIdResponse;
using NextId = coordinator::Result<log::ProducerId>;

namespace {

class InitProducerIdHandler : public WaitingHandler {
 public:
  InitProducerIdHandler(coordinator::ProducerIds& producer_ids, BlockingPool& blocking)
      : producer_ids_(producer_ids), blocking_(blocking) {}

  asio::awaitable<Answer> handle(std::shared_ptr<Request> request) override;

 private:
  coordinator::ProducerIds& producer_ids_;
  BlockingPool& blocking_;
};

Answer refuse(Request& request, ErrorCode error) {
  InitProducerIdResponse response;
  response.error_code = error;
  response.producer_epoch = -1;
  request.failed = true;
  return reply(request, response);
}

asio::awaitable<Answer> InitProducerIdHandler::handle(std::shared_ptr<Request> request) {
  const auto message =
      protocol::decode_request<InitProducerIdRequest>(request->body, request->header.api_version);
  if (!message) co_return Answer::close(message.error().message);
  if (message->transactional_id) {
    co_return refuse(*request, message->transactional_id->empty()
                                   ? ErrorCode::kInvalidRequest
                                   : ErrorCode::kTransactionalIdAuthorizationFailed);
  }
  if ((message->producer_id < 0) != (message->producer_epoch < 0)) {
    co_return refuse(*request, ErrorCode::kInvalidRequest);
  }
  const auto next = std::make_shared<std::optional<NextId>>();
  std::function<void()> work = [this, next] { *next = producer_ids_.next(); };
  const bool done = co_await on_blocking_thread(blocking_, std::move(work));
  if (!done) co_return refuse(*request, ErrorCode::kCoordinatorNotAvailable);
  if (!**next) co_return refuse(*request, to_wire((**next).error().code));
  InitProducerIdResponse response;
  response.producer_id = ***next;
  response.producer_epoch = 0;
  co_return reply(*request, response);
}

}  // namespace

Route init_producer_id_route(coordinator::ProducerIds& producer_ids, BlockingPool& blocking) {
  Route route;
  route.api = protocol::find_api(protocol::ApiKey::kInitProducerId);
  route.waiting = std::make_shared<InitProducerIdHandler>(producer_ids, blocking);
  return route;
}

}  // namespace orloj::broker
