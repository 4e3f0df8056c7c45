// SPDX-License-Identifier: MIT
//
// libFuzzer target: any bytes, as a .npy file, and as the header of one with the right frame and as many data bytes
// behind as the first byte says. Whatever can be opened is read.
#include "memory_file.hpp"

#include <sluice/io/npy.hpp>

#include <cstdlib>
#include <string>

namespace {

void read_everything(const std::string& path) {
  try {
    const auto file = sluice::io::Npy::open(path);
    if (file.shape().size() > 2) return;
    if (file.matrix<double>().size() != file.matrix<Eigen::half>().size()) std::abort();
  } catch (const sluice::io::FormatError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  {
    fuzz::MemoryFile raw;
    raw.add(data, size);
    read_everything(raw.path());
  }
  if (size < 1 || size > 60000) return 0;
  const std::size_t length = size - 1;
  const unsigned char begin[] = {0x93,
                                 'N',
                                 'U',
                                 'M',
                                 'P',
                                 'Y',
                                 1,
                                 0,
                                 static_cast<unsigned char>(length & 0xff),
                                 static_cast<unsigned char>(length >> 8)};
  fuzz::MemoryFile framed;
  framed.add(begin, sizeof begin);
  framed.add(data + 1, length);
  const std::string content(data[0], '\x3c');
  framed.add(content.data(), content.size());
  read_everything(framed.path());
  return 0;
}
