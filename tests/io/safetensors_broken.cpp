// SPDX-License-Identifier: MIT
//
// Safetensors files that must be refused: those of tests/data/io/broken (tools/broken_weight_files.py), a good file cut
// after every byte, and a good file with every byte changed, which may be read or refused but nothing else.
#include "io/files.hpp"
#include "io/safetensors_text.hpp"
#include "support/catch.hpp"

#include <sluice/io/safetensors_reader.hpp>

#include <fstream>
#include <set>
#include <string>

namespace {

using sluice::io::Safetensors;

TEST_CASE("every broken file is refused for its own reason", "[io][safetensors]") {
  std::ifstream expected(test::data_file("broken/expected.txt"));
  std::string name, reason;
  std::set<std::string> seen{"expected.txt"};
  while (expected >> name && std::getline(expected >> std::ws, reason)) {
    seen.insert(name);
    if (!name.ends_with(".safetensors")) continue;
    CAPTURE(name);
    const std::string got = test::reason_of([&] { Safetensors::open(test::data_file("broken/" + name)); });
    CHECK_THAT(got, Catch::Matchers::Contains(reason));
  }
  CHECK(seen.size() > 60);
  for (const auto& entry : std::filesystem::directory_iterator(test::data_file("broken"))) {
    CHECK(seen.contains(entry.path().filename().string()));  // none is forgotten in expected.txt
  }
}

TEST_CASE("a zip file of PyTorch's is called by its name", "[io][safetensors]") {
  const test::Directory directory;
  const std::string name = "model/data.pkl";
  for (const char version : {'\0', '\x14'}) {  // as PyTorch writes it, as others do
    test::write_file(directory / "model.pt", std::string("PK\3\4") + version + std::string("\0\0\x8", 3) + name);
    const std::string reason = test::reason_of([&] { Safetensors::open(directory / "model.pt"); });
    CHECK(test::contains(reason, "looks like a zip file of torch.save()"));
    CHECK(test::contains(reason, "tools/export_torch.py"));
  }
}

std::string good_file() {
  return test::safetensors_text(R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                                R"("b":{"dtype":"F16","shape":[],"data_offsets":[8,10]}})",
                                test::bytes_of({1.f, 2.f}) + "xy");
}

/// Opens the file and reads all it holds.
std::string read_all(const std::filesystem::path& path) {
  return test::reason_of([&] {
    const auto file = Safetensors::open(path);
    for (const std::string& name : file.names()) file.matrix<double>(name);
  });
}

TEST_CASE("a file cut after any of its bytes is refused", "[io][safetensors]") {
  const test::Directory directory;
  const std::string good = good_file();
  test::write_file(directory / "good", good);
  REQUIRE(read_all(directory / "good") == "no error");
  for (std::size_t length = 0; length < good.size(); ++length) {
    CAPTURE(length);
    test::write_file(directory / "cut", good.substr(0, length));
    CHECK(read_all(directory / "cut") != "no error");
  }
  test::write_file(directory / "longer", good + '\0');
  CHECK(read_all(directory / "longer") != "no error");
}

TEST_CASE("a file with any byte changed is read or refused", "[io][safetensors]") {
  const test::Directory directory;
  const std::string good = good_file();
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char byte : {'\0', '"', '{', '9', '\x7f', '\xff'}) {
      std::string changed = good;
      changed[at] = byte;
      test::write_file(directory / "changed", changed);
      refused += read_all(directory / "changed") != "no error";
    }
  }
  CHECK(refused > 500);
}

TEST_CASE("more tensors than any model has are refused", "[io][safetensors]") {
  std::string header = "{";
  for (std::size_t i = 0; i <= sluice::io::detail::most_tensors; ++i) {
    header += (i == 0 ? "\"" : ",\"") + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  header += "}";
  CHECK(test::reason_of([&] { sluice::io::detail::parse_header("file", header, 0); }) ==
        "header: more than 1000000 tensors");
}

}  // namespace
