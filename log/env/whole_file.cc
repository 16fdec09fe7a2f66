#include "log/env/whole_file.h"

namespace orloj::log {

Result<std::vector<std::byte>> read_whole_file(FileSystem& files, const std::string& path,
                                               std::size_t max_bytes) {
  auto file = files.open(path, OpenMode::kRead);
  if (!file) {
    return file.error();
  }
  const auto size = (*file)->size();
  if (!size) {
    return size.error();
  }
  if (*size > max_bytes) {
    return Error{ErrorCode::kTooLarge, path + " holds " + std::to_string(*size) +
                                           " bytes, more than the limit of " +
                                           std::to_string(max_bytes)};
  }
  std::vector<std::byte> content(static_cast<std::size_t>(*size));
  const auto read = (*file)->pread(content, 0);
  if (!read) {
    return read.error();
  }
  content.resize(*read);
  return content;
}

Status replace_file(FileSystem& files, const std::string& path, ByteView content) {
  const std::string temporary = path + ".tmp";
  {
    auto file = files.open(temporary, OpenMode::kReadWriteCreate);
    if (!file) {
      return file.error();
    }
    if (Status done = (*file)->truncate(0); !done) {
      return done;
    }
    if (Status done = (*file)->pwrite(content, 0); !done) {
      return done;
    }
    if (Status done = (*file)->sync_data(); !done) {
      return done;
    }
  }
  if (Status done = files.rename(temporary, path); !done) {
    return done;
  }
  return files.sync_directory(parent_path(path));
}

}  // namespace orloj::log
