#include "broker/waiting_handler.h"

#include <utility>

namespace orloj::broker {

WaitingHandler::Begun WaitingHandler::begin(std::shared_ptr<Request> request) {
  return handle(std::move(request));
}

}  // namespace orloj::broker
