// SPDX-License-Identifier: MIT
//
// .npy files: those that NumPy wrote (tools/npy_reference.py), our own, and broken ones (tools/broken_weight_files.py).
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"

#include <sluice/io/npy.hpp>

#include <fstream>
#include <string>
#include <vector>

namespace {

using sluice::io::Dtype;
using sluice::io::Npy;
using sluice::io::save_npy;
using Shape = std::vector<Eigen::Index>;

/// Element (i, j) is 10·i + j + 0.5.
Eigen::MatrixXf matrix() {
  Eigen::MatrixXf m(3, 5);
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 5; ++j) m(i, j) = static_cast<float>(10 * i + j) + 0.5f;
  }
  return m;
}

Npy open(const std::string& name) { return Npy::open(test::data_file("npy/" + name + ".npy")); }

TEST_CASE("arrays as NumPy stores them", "[io][npy]") {
  const std::pair<std::string, Dtype> kinds[] = {{"f2", Dtype::F16}, {"f4", Dtype::F32}, {"f8", Dtype::F64}};
  for (const auto& [kind, dtype] : kinds) {
    CAPTURE(kind);
    for (const std::string order : {"c_", "fortran_"}) {
      const Npy file = open(order + kind);
      CHECK(file.dtype() == dtype);
      CHECK(file.shape() == Shape{3, 5});
      CHECK(file.fortran_order() == (order == "fortran_"));
      CHECK(test::same_bits(file.matrix<float>(), matrix()));
      CHECK(test::same_bits(file.matrix<double>(), matrix().cast<double>()));
    }
  }
  for (const std::string version : {"1", "2", "3"}) {
    CHECK(test::same_bits(open("version_" + version).matrix<float>(), matrix()));
  }
  CHECK(open("vector").shape() == Shape{5});
  CHECK(test::same_bits(open("vector").matrix<float>(), matrix().row(1)));
  CHECK(open("scalar").shape().empty());
  CHECK(open("scalar").matrix<double>()(0, 0) == 0.1);
  CHECK(open("empty").matrix<float>().rows() == 0);
  CHECK(open("empty").matrix<float>().cols() == 7);
  CHECK(test::reason_of([] { open("cube").matrix<float>(); }) == "holds an array of rank 3; a matrix has at most 2");
}

TEST_CASE("the bytes we write are those that NumPy writes", "[io][npy]") {
  const test::Directory directory;
  const auto bytes = [&](const auto& m, const sluice::io::NpyOptions& options = {}) {
    save_npy(directory / "file", m, options);
    return test::read_file(directory / "file");
  };
  // NumPy leaves more room for growing arrays, so only what stands before the padding and the data are the same.
  const auto same = [](const std::string& got, const std::string& name) {
    const std::string want = test::read_file(test::data_file("npy/" + name + ".npy"));
    const std::size_t got_data = got.find('\n') + 1, want_data = want.find('\n') + 1;
    CHECK(got_data % 64 == 0);
    CHECK(got.substr(10, got.find('}') - 9) == want.substr(10, want.find('}') - 9));
    CHECK(got.substr(got_data) == want.substr(want_data));
  };
  const sluice::io::RowMajorMatrix<float> rows = matrix();
  same(bytes(rows), "c_f4");
  same(bytes(matrix()), "fortran_f4");
  same(bytes(rows, {.dtype = Dtype::F16}), "c_f2");
  same(bytes(matrix(), {.dtype = Dtype::F64}), "fortran_f8");
  same(bytes(rows, {.version = 2}), "version_2");
  same(bytes(rows, {.version = 3}), "version_3");
  same(bytes(matrix().row(1)), "vector");
  same(bytes(matrix().row(1).transpose()), "vector");
}

TEST_CASE("a .npy file that is written is read again", "[io][npy]") {
  const test::Directory directory;
  for (unsigned version = 1; version <= 3; ++version) {
    save_npy(directory / "file", matrix(), {.version = version});
    CHECK(test::same_bits(Npy::open(directory / "file").matrix<float>(), matrix()));
  }
  save_npy(directory / "file", matrix().topRows(2).cast<Eigen::half>());
  CHECK(Npy::open(directory / "file").dtype() == Dtype::F16);
  CHECK(directory.count() == 1);
  const auto error = [&](const sluice::io::NpyOptions& options) {
    return test::error_of([&] { save_npy(directory / "no", matrix(), options); });
  };
  CHECK(error({.dtype = Dtype::BF16}) == "save_npy: a .npy file holds F16, F32 or F64, not BF16");
  CHECK(error({.version = 4}) == "save_npy: there are versions 1, 2 and 3, not 4");
  CHECK(test::contains(test::reason_of([&] { save_npy(directory / "no/file", matrix()); }), "cannot be written"));
  CHECK(directory.count() == 1);
}

TEST_CASE("every broken .npy file is refused for its own reason", "[io][npy]") {
  std::ifstream expected(test::data_file("broken/expected.txt"));
  std::string name, reason;
  int count = 0;
  while (expected >> name && std::getline(expected >> std::ws, reason)) {
    if (!name.ends_with(".npy")) continue;
    CAPTURE(name);
    const std::string got = test::reason_of([&] { Npy::open(test::data_file("broken/" + name)).matrix<float>(); });
    CHECK_THAT(got, Catch::Matchers::Contains(reason));
    ++count;
  }
  CHECK(count > 30);
  CHECK(test::contains(test::reason_of([] { Npy::open("/nowhere/file.npy"); }), "cannot be opened"));
}

TEST_CASE("a .npy file cut after any of its bytes is refused", "[io][npy]") {
  const test::Directory directory;
  const std::string good = test::read_file(test::data_file("npy/version_2.npy"));
  for (std::size_t length = 0; length < good.size(); ++length) {
    test::write_file(directory / "cut", good.substr(0, length));
    CAPTURE(length);
    CHECK(test::reason_of([&] { Npy::open(directory / "cut"); }) != "no error");
  }
  test::write_file(directory / "file", good);
  const Npy file = Npy::open(directory / "file");
  std::filesystem::resize_file(directory / "file", good.size() - 1);
  CHECK(test::reason_of([&] { file.matrix<float>(); }) == "has become shorter while it was read");
}

TEST_CASE("an extent that no data backs is not walked along", "[io][npy]") {
  const test::Directory directory;
  std::string header = "{'descr': '<f4', 'fortran_order': True, 'shape': (144115188075855871, 0), }\n";
  const std::string begin{'\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<char>(header.size()), 0};
  test::write_file(directory / "x.npy", begin + header);
  CHECK(sluice::io::Npy::open(directory / "x.npy").matrix<float>().rows() == 144115188075855871);
}

}  // namespace
