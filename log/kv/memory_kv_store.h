// The store without a disk: for tests, and as the model that the real one is compared with.
#pragma once

#include <memory>

#include "log/kv/kv_store.h"

namespace orloj::log {

std::unique_ptr<KvStore> make_memory_kv_store();

}  // namespace orloj::log
