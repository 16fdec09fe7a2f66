#include "broker/error.h"

#include <stdexcept>

namespace orloj::broker {

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unchecked broker error: " + error.message);
}

}  // namespace orloj::broker
