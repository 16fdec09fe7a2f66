#include "scheduler/error.h"

#include <stdexcept>

namespace orloj::scheduler {

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error("value of a failed result taken at " + where.to_string() + ": " +
                         error.message);
}

}  // namespace orloj::scheduler
