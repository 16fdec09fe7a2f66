// Defaults, then the file, then the environment, then flags: later ones win. All faults are
// reported together.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/error.h"
#include "config/source.h"

namespace orloj::config {

struct Loaded {
  Config config;
  std::map<std::string, std::string, std::less<>>
      origins;                // setting → where its value came from; absent: default
  std::vector<Fault> faults;  // not empty: the configuration must not be used
};

// `sources` from the weakest to the strongest.
Loaded load(const std::vector<Source>& sources);

// "name=value  # where", one a line, in the table's order.
std::string print(Loaded& loaded);
// The table as docs/settings.md shows it.
std::string settings_markdown();

}  // namespace orloj::config
