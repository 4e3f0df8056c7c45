// SPDX-License-Identifier: MIT
//
// What the demo says about a missing or damaged data file, and how it splits and scales a whole
// one.
#include "../../examples/support/tumour_data.hpp"
#include "support/catch.hpp"
#include "support/data_path.hpp"

#include <cstdio>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

const std::string whole = test::data_path("../../examples/data/breast_cancer.csv");

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// What reading says about the data after `damage` was done to its lines; "" if it reads them.
std::string message(const std::function<void(std::vector<std::string>&)>& damage) {
  auto lines = lines_of(whole);
  damage(lines);
  const std::string name = "damaged_tumours.csv";
  std::ofstream stream(name);
  for (const auto& line : lines) stream << line << '\n';
  stream.close();
  std::string said;
  try {
    tumours::read_samples(name);
  } catch (const std::runtime_error& error) {
    said = error.what();
  }
  std::remove(name.c_str());
  return said;
}

}  // namespace

TEST_CASE("The whole file: 569 tumours, 212 malignant", "[examples]") {
  const tumours::Samples samples = tumours::read_samples(whole);
  CHECK(samples.size() == 569);
  CHECK(samples.malignant_count() == 212);
  CHECK(samples.features(0, 0) == 17.99);
  CHECK(samples.features(568, 29) == 0.07039);
  CHECK(samples.line.back() == 570);
  CHECK(message([](auto&) {}) == "");
  CHECK(message([](auto& lines) {
          for (auto& line : lines) line += '\r';
        }) == "");
}

TEST_CASE("A missing or damaged file is refused with file, line, expected and got", "[examples]") {
  CHECK_THROWS_WITH(tumours::read_samples("no/such.csv"),
                    "no/such.csv: cannot be opened (give its place with --data FILE)");
  CHECK(message([](auto& lines) { lines.clear(); }) ==
        "damaged_tumours.csv:1: expected 'ROWS,30,malignant,benign' with at least 20 rows, got ''");
  CHECK(
      message([](auto& lines) { lines.erase(lines.begin()); }).starts_with("damaged_tumours.csv:1: expected 'ROWS,30"));
  CHECK(message([](auto& lines) { lines.resize(100); }) ==
        "damaged_tumours.csv:101: expected 569 samples as the first line says, got the end of the "
        "file after 99");
  CHECK(message([](auto& lines) {
          lines[41] = lines[41].substr(0, 60);
        }).starts_with("damaged_tumours.csv:42: expected 30 features and a class, 31 fields, got "));
  CHECK(message([](auto& lines) {
          lines[41].replace(0, 5, "12,5x");
        }).starts_with("damaged_tumours.csv:42: expected 30 features and a class, 31 fields, got 32"));
  CHECK(message([](auto& lines) { lines[41].replace(0, 5, "1x.01"); }) ==
        "damaged_tumours.csv:42: expected a number, not negative, for mean radius, got '1x.01'");
  CHECK(message([](auto& lines) { lines[41].replace(0, 5, "nan"); }).ends_with("for mean radius, got 'nan'"));
  CHECK(message([](auto& lines) { lines[41].replace(0, 5, ""); }).find("got ''") != std::string::npos);
  CHECK(message([](auto& lines) { lines[41].back() = '2'; }) ==
        "damaged_tumours.csv:42: expected the class 0 (malignant) or 1 (benign), got '2'");
  CHECK(message([](auto& lines) { lines.push_back(lines[1]); })
            .starts_with("damaged_tumours.csv:571: expected the end of the file after 569 samples, "
                         "got '17.99"));
}

TEST_CASE("The split keeps the share of malignant tumours and loses none", "[examples]") {
  const tumours::Samples samples = tumours::read_samples(whole);
  std::mt19937_64 generator(1), same(1), other(2);
  const tumours::Split split = tumours::stratified_split(samples, 0.3, generator);
  CHECK(samples.pick(split.test).malignant_count() == 64);  // 0.3 · 212
  CHECK(split.test.size() == 171);
  std::set<Eigen::Index> seen(split.train.begin(), split.train.end());
  seen.insert(split.test.begin(), split.test.end());
  CHECK(seen.size() == 569);
  CHECK(tumours::stratified_split(samples, 0.3, same).test == split.test);
  CHECK(tumours::stratified_split(samples, 0.3, other).test != split.test);
}

TEST_CASE("Features are scaled by the training part alone", "[examples]") {
  tumours::Samples train{tumours::Matrix::Random(7, 30), tumours::Matrix::Zero(7, 1), {}};
  train.features.col(4).setConstant(3);  // says nothing
  tumours::Samples test{tumours::Matrix::Random(5, 30), tumours::Matrix::Zero(5, 1), {}};
  const tumours::Samples before = train, test_before = test;
  tumours::standardise(train, test);
  CHECK(train.features.colwise().mean().cwiseAbs().maxCoeff() < 1e-14);
  CHECK(train.features.col(0).squaredNorm() / 7 == Approx(1));
  CHECK(train.features.col(4).isZero());
  const double mean = before.features.col(0).mean();
  const double deviation = std::sqrt((before.features.col(0).array() - mean).square().mean());
  CHECK(test.features(2, 0) == Approx((test_before.features(2, 0) - mean) / deviation));
}
