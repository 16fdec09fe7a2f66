// Reads a definition file; the grammar is in protocol/README.md.
#pragma once

#include <istream>
#include <string>

#include "protocol/generator/model.h"

namespace orloj::protocol::generator {

// Throws DefinitionError. `file` is the file's name without folder, NN_name.api.
// The result is checked (model.h).
Api parse(std::istream& in, const std::string& file);

}  // namespace orloj::protocol::generator
