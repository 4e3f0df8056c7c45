// SPDX-License-Identifier: MIT
//
// The two things io does with the file system: read a range of bytes, and replace a file as a whole. POSIX.
//
// Nothing is mapped into memory: a file that shrinks while it is read gives an error, not a signal.
#pragma once

#include <sluice/io/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

SLUICE_NAMESPACE_BEGIN

namespace io::detail {

[[noreturn]] inline void throw_errno(const std::string& path, const std::string& what) {
  throw FormatError(path, what + ": " + std::strerror(errno));
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int number() const { return number_; }
  bool close() { return number_ < 0 || ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// A regular file, open for reading. Any number of threads may read from it at once.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path)
      // Without O_NONBLOCK, opening a named pipe waits for a writer.
      : path_(path.string()), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat status {};
    if (descriptor_.number() < 0 || ::fstat(descriptor_.number(), &status) != 0) throw_errno(path_, "cannot be opened");
    if (!S_ISREG(status.st_mode)) throw FormatError(path_, "is not a regular file");
    size_ = static_cast<std::uint64_t>(status.st_size);
  }

  const std::string& path() const { return path_; }
  /// Its size when it was opened.
  std::uint64_t size() const { return size_; }

  void read(std::uint64_t offset, void* to, std::size_t count) const {
    auto* bytes = static_cast<unsigned char*>(to);
    while (count > 0) {
      const std::size_t step = std::min<std::size_t>(count, std::size_t{1} << 30);
      const ssize_t got = ::pread(descriptor_.number(), bytes, step, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno(path_, "cannot be read");
      if (got == 0) throw FormatError(path_, "has become shorter while it was read");
      bytes += got;
      offset += static_cast<std::uint64_t>(got);
      count -= static_cast<std::size_t>(got);
    }
  }

 private:
  std::string path_;
  Descriptor descriptor_;
  std::uint64_t size_ = 0;
};

/// Writes a file beside `path` and puts it in its place on commit(). Whatever happens before that, an error, an
/// exception or a crash, the old file stays whole; only a crash can leave the new one behind, as .sluice-….tmp.
/// The new file has the old one's permissions. A symbolic link stays, the file that it names is replaced; what is no
/// regular file (a device, a pipe, a directory) is refused.
class FileReplacement {
 public:
  explicit FileReplacement(const std::filesystem::path& path) : path_(path.string()) {
    // rename() would put a file where a device or a pipe was.
    struct stat old {};
    const bool replaces = ::stat(path_.c_str(), &old) == 0;
    if (replaces && !S_ISREG(old.st_mode)) throw FormatError(path_, "cannot be written: is not a regular file");
    std::error_code ignored;
    if (replaces && std::filesystem::is_symlink(path, ignored)) {
      const auto target = std::filesystem::canonical(path, ignored);
      if (!ignored) path_ = target.string();
    }
    const mode_t mode = replaces ? old.st_mode & 0777 : 0666;
    static std::atomic<unsigned> counter{0};
    do {
      // Short, and not made of the old name, which may be as long as names can be.
      const std::string name = ".sluice-" + std::to_string(::getpid()) + "-" + std::to_string(counter++) + ".tmp";
      temporary_ = (std::filesystem::path(path_).parent_path() / name).string();
      descriptor_ = Descriptor(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    } while (descriptor_.number() < 0 && errno == EEXIST);
    if (descriptor_.number() < 0) throw_errno(path_, "cannot be written");
    if (replaces) ::fchmod(descriptor_.number(), mode);  // what the umask took; where that fails, fewer may read it
  }
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  ~FileReplacement() {
    if (!committed_) ::unlink(temporary_.c_str());
  }

  void write(const void* from, std::size_t count) {
    const auto* bytes = static_cast<const unsigned char*>(from);
    while (count > 0) {
      const ssize_t written = ::write(descriptor_.number(), bytes, std::min<std::size_t>(count, std::size_t{1} << 30));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_errno(path_, "cannot be written");
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
  }
  void write(std::string_view text) { write(text.data(), text.size()); }

  void commit() {
    if (::fsync(descriptor_.number()) != 0 || !descriptor_.close() ||
        std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      throw_errno(path_, "cannot be written");
    }
    committed_ = true;
    // So that the new name survives a power failure, too; some file systems cannot do it, and the file is whole anyway.
    const auto parent = std::filesystem::path(path_).parent_path();
    const Descriptor directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.number() >= 0) ::fsync(directory.number());
  }

 private:
  std::string path_;
  std::string temporary_;
  Descriptor descriptor_;
  bool committed_ = false;
};

}  // namespace io::detail

SLUICE_NAMESPACE_END
