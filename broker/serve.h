// `orloj serve`: a broker and its admin server from start to the end of the process.
#pragma once

#include "config/load.h"

namespace orloj::broker {

// Returns the exit code: 0 after SIGTERM or SIGINT and a clean stop, 1 when the start failed. A
// failed write or sync ends the process at once (promise 9).
int serve(config::Loaded& loaded);

}  // namespace orloj::broker
