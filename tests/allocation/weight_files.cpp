// SPDX-License-Identifier: MIT
//
// What reading weight files asks of memory: packing from a file copies no whole weight, and no file makes the reader
// ask for more than a small multiple of the file's size. All bytes ever asked for are counted, which is no less than
// the bytes held at once.
#ifdef SLUICE_TEST_IO

#include "allocation/count.hpp"
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/random.hpp"

#include <sluice/io/safetensors.hpp>
#include <sluice/sluice.hpp>

#include <string>

namespace {

using namespace sluice::io;
using test::allocated_bytes_of;

TEST_CASE("packing from a file copies a megabyte at a time", "[allocation][io]") {
  const test::Directory directory;
  using Layer = sluice::SwiGLU<float>;
  constexpr int input_dim = 1024, units = 2048;
  constexpr std::size_t numbers = 2 * input_dim * units;  // 4 Mi: 8 MiB in 16 bits
  constexpr std::size_t slack = 3 << 19;                  // the megabyte, and names, biases and scales
  Layer layer(input_dim, units);
  test::Random(1).fill(layer.parameters());
  const auto check = [&]<class Stored>(const Mapping& mapping, Stored) {
    CAPTURE(mapping.name, sizeof(Stored));
    save(layer, directory / "file", mapping, Dtype::BF16);
    const std::size_t bytes =
        allocated_bytes_of([&] { sluice::io::pack<Layer, Stored>(directory / "file", mapping, input_dim, units); });
    CHECK(bytes >= numbers * sizeof(Stored));
    CHECK(bytes < numbers * sizeof(Stored) + slack);
  };
  check(TorchGlu("m"), Eigen::bfloat16());
  check(TorchGlu("m"), float());
  check(TorchGlu("m"), sluice::Int8());
}

TEST_CASE("no file makes the reader ask for much memory", "[allocation][io]") {
  const test::Directory directory;
  const auto bytes_for = [](const std::filesystem::path& path) {
    return allocated_bytes_of([&] { test::reason_of([&] { Safetensors::open(path); }); });
  };
  const std::string claim("\x00\xe1\xf5\x05\0\0\0\0", 8);  // 100,000,000
  test::write_file(directory / "claim", claim + "{\"a\":{\"dty}}");
  CHECK(bytes_for(directory / "claim") < 4096);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::data_file("broken"))) {
    CAPTURE(entry.path().string());
    CHECK(bytes_for(entry.path()) < 8192 + 16 * entry.file_size());
    ++files;
  }
  CHECK(files > 50);
}

}  // namespace

#endif
