#include "coordinator/error.h"

#include <stdexcept>

namespace orloj::coordinator {

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
  throw std::logic_error(std::string(where.file_name()) + ":" + std::to_string(where.line()) +
                         ": value() of an error: " + error.message);
}

}  // namespace orloj::coordinator
