// SPDX-License-Identifier: MIT
//
// libFuzzer target: any bytes, as a safetensors file, and as the header of one with the right length in front and as
// many data bytes behind as the first two bytes say. Whatever can be opened is read and loaded into layers, which have
// to stay as they were where that fails.
#include "memory_file.hpp"

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <cstdlib>
#include <string>

namespace {

using sluice::io::FormatError;
using sluice::io::Safetensors;

template <class Layer>
void load_into(const Safetensors& file, const sluice::io::Mapping& mapping) {
  Layer layer(3, 2);
  layer.parameters().setOnes();
  try {
    sluice::io::load(layer, file, mapping);
  } catch (const FormatError&) {
    if ((layer.parameters().array() != 1).any()) std::abort();  // the layer has to stay as it was
  }
}

void read_everything(const std::string& path) {
  try {
    const auto file = Safetensors::open(path);
    for (const std::string& name : file.names()) {
      try {
        const auto matrix = file.matrix<double>(name);
        if (matrix.size() != file.size(name)) std::abort();
        file.matrix<float>(name);
      } catch (const FormatError&) {
      }
    }
    load_into<sluice::GLU<float>>(file, sluice::io::Native());
    load_into<sluice::GLU<double>>(file, sluice::io::TorchGlu("", sluice::io::MissingBias::Zero));
    load_into<sluice::GLU<float>>(file, sluice::io::HfGptOss("m", 1));
  } catch (const FormatError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  {
    fuzz::MemoryFile raw;
    raw.add(data, size);
    read_everything(raw.path());
  }
  if (size < 2) return 0;
  const std::uint64_t header = size - 2;
  unsigned char length[8];
  sluice::io::detail::store_number(length, header);
  fuzz::MemoryFile framed;
  framed.add(length, sizeof length);
  framed.add(data + 2, size - 2);
  const std::string content(data[0] + 256u * (data[1] % 16), '\x3c');
  framed.add(content.data(), content.size());
  read_everything(framed.path());
  return 0;
}
