// SPDX-License-Identifier: MIT
//
// Reading safetensors files that are as they should be, written here by hand.
#include "io/files.hpp"
#include "io/safetensors_text.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/io/safetensors_reader.hpp>

#include <sys/stat.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace {

using sluice::io::Dtype;
using sluice::io::Safetensors;
using Shape = std::vector<Eigen::Index>;

Safetensors open_text(const test::Directory& directory, const std::string& header, const std::string& data) {
  test::write_file(directory / "file", test::safetensors_text(header, data));
  return Safetensors::open(directory / "file");
}

TEST_CASE("names, shapes, dtypes, metadata", "[io][safetensors]") {
  const test::Directory directory;
  const auto file = open_text(directory,
                              R"({"w":{"dtype":"F32","shape":[2,3],"data_offsets":[2,26]},)"
                              R"("__metadata__":{"format":"pt","ü\n":""},)"
                              R"("b":{"data_offsets":[0,2],"shape":[1,1,1],"dtype":"BF16"}}   )",
                              test::bytes_of<std::uint16_t>({0x3fc0}) + test::bytes_of({1.f, 2.f, 3.f, 4.f, 5.f, 6.f}));
  CHECK(file.names() == std::vector<std::string>{"b", "w"});
  CHECK(file.shape("w") == Shape{2, 3});
  CHECK(file.shape("b") == Shape{1, 1, 1});
  CHECK(file.dtype("w") == Dtype::F32);
  CHECK(file.dtype("b") == Dtype::BF16);
  CHECK(file.size("w") == 6);
  CHECK(file.contains("w"));
  CHECK_FALSE(file.contains("x"));
  CHECK(file.metadata().at("format") == "pt");
  CHECK(file.metadata().at("ü\n").empty());
  CHECK(file.path() == (directory / "file").string());

  Eigen::MatrixXf want(2, 3);
  want << 1, 2, 3, 4, 5, 6;
  CHECK(test::same_bits(file.matrix<float>("w"), want));  // its bytes are not aligned
  CHECK(test::same_bits(file.matrix<double>("w"), want.cast<double>()));
  float numbers[3] = {};
  file.read("w", 2, 3, numbers);
  CHECK((numbers[0] == 3 && numbers[1] == 4 && numbers[2] == 5));
  file.read("b", 0, 1, numbers);
  CHECK(numbers[0] == 1.5f);
}

TEST_CASE("scalars, vectors and nothing at all", "[io][safetensors]") {
  const test::Directory directory;
  const auto file = open_text(directory,
                              R"({"scalar":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
                              R"("vector":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},)"
                              R"("none":{"dtype":"F32","shape":[0],"data_offsets":[8,8]},)"
                              R"("wide":{"dtype":"F64","shape":[0,4611686018427387904],"data_offsets":[16,16]},)"
                              R"("deep":{"dtype":"F32","shape":[3,0,2],"data_offsets":[0,0]}})",
                              test::bytes_of({0.1}) + test::bytes_of({7.f, 8.f}));
  CHECK(test::same_bits(file.matrix<double>("scalar"), Eigen::MatrixXd::Constant(1, 1, 0.1)));
  CHECK(test::same_bits(file.matrix<float>("vector"), Eigen::RowVector2f(7, 8)));
  CHECK(file.matrix<float>("none").rows() == 1);
  CHECK(file.matrix<float>("none").cols() == 0);
  CHECK(file.matrix<float>("wide").rows() == 0);
  CHECK(file.matrix<float>("wide").cols() == 4611686018427387904);
  CHECK(file.size("deep") == 0);
  CHECK(open_text(directory, "{}", "").names().empty());
}

TEST_CASE("every 16-bit number, as float and as itself", "[io][safetensors]") {
  const test::Directory directory;
  std::string data;
  for (unsigned bits = 0; bits < 65536; ++bits)
    data += test::bytes_of<std::uint16_t>({static_cast<std::uint16_t>(bits)});
  const auto file = open_text(directory,
                              R"({"h":{"dtype":"F16","shape":[256,256],"data_offsets":[0,131072]},)"
                              R"("b":{"dtype":"BF16","shape":[65536],"data_offsets":[131072,262144]}})",
                              data + data);
  const auto half = file.matrix<double>("h"), brain = file.matrix<double>("b");
  const auto same_half = file.matrix<Eigen::half>("h");
  const auto same_brain = file.matrix<Eigen::bfloat16>("b");
  int wrong = 0;
  for (int bits = 0; bits < 65536; ++bits) {
    // sign, exponent, fraction, by their definition
    const auto number = [bits](int exponent_bits, int fraction_bits) {
      const int exponent = (bits >> fraction_bits) & ((1 << exponent_bits) - 1);
      const int fraction = bits & ((1 << fraction_bits) - 1);
      const int bias = (1 << (exponent_bits - 1)) - 1;
      double magnitude = exponent == 0 ? std::ldexp(fraction, 1 - bias - fraction_bits)
                                       : std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
      if (exponent == 2 * bias + 1) magnitude = fraction == 0 ? HUGE_VAL : std::numeric_limits<double>::quiet_NaN();
      return Eigen::MatrixXd::Constant(1, 1, (bits & 0x8000) != 0 ? -magnitude : magnitude).eval();
    };
    wrong += !test::same_bits(Eigen::MatrixXd::Constant(1, 1, half.data()[bits]), number(5, 10));
    wrong += !test::same_bits(Eigen::MatrixXd::Constant(1, 1, brain(0, bits)), number(8, 7));
    wrong += Eigen::numext::bit_cast<std::uint16_t>(same_half.data()[bits]) != bits;
    wrong += Eigen::numext::bit_cast<std::uint16_t>(same_brain(0, bits)) != bits;
  }
  CHECK(wrong == 0);
}

TEST_CASE("double to float rounds, float to double does not", "[io][safetensors]") {
  const test::Directory directory;
  const auto file = open_text(directory,
                              R"({"d":{"dtype":"F64","shape":[3],"data_offsets":[0,24]},)"
                              R"("f":{"dtype":"F32","shape":[1],"data_offsets":[24,28]}})",
                              test::bytes_of({0.1, 1e300, -1e-300}) + test::bytes_of({0.1f}));
  CHECK(test::same_bits(file.matrix<float>("d"), Eigen::RowVector3f(0.1f, HUGE_VALF, -0.f)));
  CHECK(test::same_bits(file.matrix<double>("d"), Eigen::RowVector3d(0.1, 1e300, -1e-300)));
  CHECK(file.matrix<double>("f")(0, 0) == static_cast<double>(0.1f));
  CHECK(file.matrix<long double>("d")(0, 1) == static_cast<long double>(1e300));
}

TEST_CASE("a tensor that does not fit into one piece", "[io][safetensors]") {
  const test::Directory directory;
  constexpr int count = 300001;
  std::string data;
  for (int i = 0; i < count; ++i) data += test::bytes_of({static_cast<float>(i)});
  const std::string size = std::to_string(count * 4);
  const auto file = open_text(
      directory, R"({"a":{"dtype":"F32","shape":[)" + std::to_string(count) + R"(],"data_offsets":[0,)" + size + "]}}",
      data);
  CHECK(test::same_bits(file.matrix<double>("a"), Eigen::RowVectorXd::LinSpaced(count, 0, count - 1)));
}

TEST_CASE("a file larger than memory is read tensor by tensor", "[io][safetensors]") {
  const test::Directory directory;
  constexpr std::uint64_t large = std::uint64_t{1} << 42;  // 4 TiB of which nothing is stored: a sparse file
  const std::string header = R"({"large":{"dtype":"F32","shape":[1048576,1048576],"data_offsets":[0,)" +
                             std::to_string(large) + R"(]},"last":{"dtype":"F32","shape":[2],"data_offsets":[)" +
                             std::to_string(large) + "," + std::to_string(large + 8) + "]}}";
  test::write_file(directory / "file", test::safetensors_text(header, ""));
  const auto begin = std::filesystem::file_size(directory / "file");
  std::error_code refused;
  std::filesystem::resize_file(directory / "file", begin + large, refused);
  if (refused) {
    WARN("this file system has no files of that size");
    return;
  }
  {
    std::ofstream file(directory / "file", std::ios::binary | std::ios::app);
    file << test::bytes_of({1.f, 2.f});
  }
  const auto file = Safetensors::open(directory / "file");
  CHECK(test::same_bits(file.matrix<float>("last"), Eigen::RowVector2f(1, 2)));
  float number = 1;
  file.read("large", (Eigen::Index{1} << 40) - 1, 1, &number);
  CHECK(number == 0);
}

TEST_CASE("what cannot be read says so", "[io][safetensors]") {
  const test::Directory directory;
  const auto file = open_text(directory,
                              R"({"i":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},)"
                              R"("f8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[8,10]},)"
                              R"("cube":{"dtype":"F16","shape":[1,1,1],"data_offsets":[10,12]}})",
                              std::string(12, '\0'));
  const auto reason = [&](const std::string& name) { return test::reason_of([&] { file.matrix<float>(name); }); };
  CHECK(reason("i") == "tensor 'i' holds I32; only F64, F32, F16 and BF16 are read");
  CHECK(reason("f8") == "tensor 'f8' holds F8_E4M3; only F64, F32, F16 and BF16 are read");
  CHECK(reason("cube") == "tensor 'cube' of shape [1, 1, 1] is no matrix: its rank is above 2");
  CHECK(reason("a\nb") == "has no tensor 'a\\x0ab'");
  CHECK(test::contains(reason(std::string(5000, 'n')), "nnn…'"));
  float number = 77;
  CHECK(test::reason_of([&] { file.read("cube", 0, 2, &number); }) ==
        "tensor 'cube' has 1 elements, not 2 from element 0");
  CHECK(test::contains(test::reason_of([&] { file.read("cube", 2, 0, &number); }), "from element 2"));
  CHECK(test::contains(test::reason_of([&] { file.read("cube", -1, 1, &number); }), "from element -1"));
  CHECK(test::contains(test::reason_of([&] { file.read("cube", 0, -1, &number); }), "not -1"));
  CHECK(number == 77);
}

TEST_CASE("files that are none, or vanish, or shrink", "[io][safetensors]") {
  const test::Directory directory;
  CHECK(test::contains(test::reason_of([&] { Safetensors::open(directory / "nowhere"); }), "cannot be opened"));
  CHECK(test::reason_of([&] { Safetensors::open(directory.path()); }) == "is not a regular file");
  REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK(test::reason_of([&] { Safetensors::open(directory / "pipe"); }) == "is not a regular file");

  const auto file =
      open_text(directory, R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", test::bytes_of({1.f, 2.f}));
  const auto copy = file;
  std::filesystem::resize_file(directory / "file", std::filesystem::file_size(directory / "file") - 1);
  CHECK(test::reason_of([&] { file.matrix<float>("a"); }) == "has become shorter while it was read");
  CHECK(test::reason_of([&] { copy.matrix<double>("a"); }) == "has become shorter while it was read");

  const auto removed =
      open_text(directory, R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", test::bytes_of({1.f, 2.f}));
  std::filesystem::remove(directory / "file");
  CHECK(removed.matrix<float>("a")(0, 1) == 2);  // POSIX keeps it until it is closed
}

}  // namespace
