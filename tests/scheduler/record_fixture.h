// Records and batches for the tests of this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log/record_batch_builder.h"

namespace orloj::test {

using TextHeaders = std::vector<std::pair<std::string, std::string>>;

struct TextRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  TextHeaders headers = {};
  std::int64_t timestamp_ms = 1'000;
};

inline std::optional<log::ByteView> view_of(const std::optional<std::string>& text) {
  return text ? std::optional(log::to_bytes(*text)) : std::nullopt;
}

inline std::vector<log::HeaderView> views_of(const TextHeaders& headers) {
  std::vector<log::HeaderView> views;
  for (const auto& [name, value] : headers) {
    views.push_back({name, log::to_bytes(value)});
  }
  return views;
}

inline std::vector<std::byte> build_batch(const std::vector<TextRecord>& records,
                                          const log::BatchHeaderFields& fields = {}) {
  log::RecordBatchBuilder builder(fields);
  for (const TextRecord& record : records) {
    const auto headers = views_of(record.headers);
    builder.append({record.timestamp_ms, view_of(record.key), view_of(record.value), headers});
  }
  return std::move(builder).build().value();
}

struct ReadRecord {
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  TextHeaders headers;

  std::string header(std::string_view name) const {
    for (const auto& [key_text, value_text] : headers) {
      if (key_text == name) {
        return value_text;
      }
    }
    return "";
  }
};

inline std::optional<std::string> text_of(const std::optional<log::ByteView>& bytes) {
  return bytes ? std::optional(std::string(log::to_text(*bytes))) : std::nullopt;
}

// All records of one batch, absolute offsets.
inline std::vector<ReadRecord> read_batch(const log::RecordBatchView& batch) {
  log::ScratchBuffer scratch;
  auto reader = log::RecordReader::open(batch, scratch).value();
  std::vector<ReadRecord> records;
  log::RecordView view;
  while (reader.next(view)) {
    ReadRecord record{batch.base_offset() + view.offset_delta,
                      view.timestamp_ms,
                      text_of(view.key),
                      text_of(view.value),
                      {}};
    for (const log::HeaderView& header : view.headers) {
      record.headers.emplace_back(header.key, text_of(header.value).value_or("<null>"));
    }
    records.push_back(std::move(record));
  }
  reader.status().value();
  return records;
}

}  // namespace orloj::test
