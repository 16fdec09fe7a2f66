#include "broker/answering.h"

namespace orloj::broker {

Response to_response(protocol::Encoded encoded,
                     std::span<const std::vector<log::FileSlice>> files) {
  Response response;
  std::size_t done = 0;
  for (const protocol::Splice& splice : encoded.splices) {
    const auto* from = encoded.bytes.data();
    response.parts.emplace_back(std::vector<std::byte>(from + done, from + splice.position));
    done = splice.position;
    for (const log::FileSlice& slice : files[splice.handle]) response.parts.emplace_back(slice);
  }
  if (done == 0) {
    response.parts.emplace_back(std::move(encoded.bytes));
  } else if (done < encoded.bytes.size()) {
    response.parts.emplace_back(std::vector<std::byte>(
        encoded.bytes.begin() + static_cast<std::ptrdiff_t>(done), encoded.bytes.end()));
  }
  return response;
}

}  // namespace orloj::broker
