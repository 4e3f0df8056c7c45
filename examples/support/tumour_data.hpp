// SPDX-License-Identifier: MIT
//
// The Breast Cancer Wisconsin (Diagnostic) data for examples/tumours.cpp: reading the file and
// refusing a damaged one, a split that keeps the share of malignant samples, and features scaled by
// the training part alone.
//
//   features   (samples × 30), ten properties of the cell nuclei: mean, standard error, worst
//   malignant  (samples × 1), 1 malignant, 0 benign (the file's last column says it the other way
//   round)
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tumours {

using Eigen::Index;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline constexpr Index feature_count = 30;

/// The file has no feature names; these are the data set's own, in the order of its columns.
inline constexpr std::array<std::string_view, feature_count> feature_names = {
    "mean radius",       "mean texture",    "mean perimeter",       "mean area",      "mean smoothness",
    "mean compactness",  "mean concavity",  "mean concave points",  "mean symmetry",  "mean fractal dim.",
    "radius error",      "texture error",   "perimeter error",      "area error",     "smoothness error",
    "compactness error", "concavity error", "concave points err.",  "symmetry error", "fractal dim. error",
    "worst radius",      "worst texture",   "worst perimeter",      "worst area",     "worst smoothness",
    "worst compactness", "worst concavity", "worst concave points", "worst symmetry", "worst fractal dim."};

/// The given rows, in the given order.
template <class RowMajorMatrix>
RowMajorMatrix gather(const RowMajorMatrix& matrix, const std::vector<Index>& rows) {
  RowMajorMatrix gathered(static_cast<Index>(rows.size()), matrix.cols());
  for (Index i = 0; i < gathered.rows(); ++i) gathered.row(i) = matrix.row(rows[static_cast<std::size_t>(i)]);
  return gathered;
}

struct Samples {
  Matrix features;
  Matrix malignant;
  std::vector<Index> line;  // where each sample stands in the file, to name it

  Index size() const { return features.rows(); }
  bool is_malignant(Index sample) const { return malignant(sample, 0) == 1; }

  int malignant_count() const { return static_cast<int>(malignant.sum()); }
  /// The first malignant or benign sample; there is one in every part of a stratified split.
  Index first(bool malignant_one) const {
    Index sample = 0;
    while (sample + 1 < size() && is_malignant(sample) != malignant_one) ++sample;
    return sample;
  }

  Samples pick(const std::vector<Index>& rows) const {
    Samples picked{gather(features, rows), gather(malignant, rows), {}};
    for (const Index row : rows) picked.line.push_back(line[static_cast<std::size_t>(row)]);
    return picked;
  }
};

namespace detail {

[[noreturn]] inline void damaged(const std::string& file, Index line, const std::string& expected,
                                 const std::string& got) {
  throw std::runtime_error(file + ":" + std::to_string(line) + ": expected " + expected + ", got " + got);
}

inline std::vector<std::string_view> fields_of(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string_view> fields;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(',', begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

/// The whole field as a number, or false.
template <class Number>
bool parse(std::string_view field, Number& number) {
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  return error == std::errc{} && end == field.data() + field.size();
}

inline std::string quoted(std::string_view text) { return std::string("'").append(text.substr(0, 40)).append("'"); }

}  // namespace detail

/// Reads the file or says what is wrong with it: file, line, what was expected, what is there.
inline Samples read_samples(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(file + ": cannot be opened (give its place with --data FILE)");

  std::string line;
  std::getline(stream, line);
  const auto header = detail::fields_of(line);
  Index rows = 0;
  Index features = 0;
  if (header.size() != 4 || !detail::parse(header[0], rows) || !detail::parse(header[1], features) || rows < 20 ||
      rows > 1'000'000 || features != feature_count || header[2] != "malignant" || header[3] != "benign") {
    detail::damaged(file, 1, "'ROWS,30,malignant,benign' with at least 20 rows", detail::quoted(line));
  }

  Samples samples{Matrix(rows, features), Matrix(rows, 1), {}};
  for (Index row = 0; row < rows; ++row) {
    const Index number = row + 2;
    if (!std::getline(stream, line)) {
      detail::damaged(file, number, std::to_string(rows) + " samples as the first line says",
                      "the end of the file after " + std::to_string(row));
    }
    const auto fields = detail::fields_of(line);
    if (fields.size() != static_cast<std::size_t>(features + 1)) {
      detail::damaged(file, number, "30 features and a class, 31 fields", std::to_string(fields.size()) + " fields");
    }
    for (Index f = 0; f < features; ++f) {
      const auto field = static_cast<std::size_t>(f);
      double& value = samples.features(row, f);
      if (!detail::parse(fields[field], value) || !std::isfinite(value) || value < 0) {
        detail::damaged(file, number, "a number, not negative, for " + std::string(feature_names[field]),
                        detail::quoted(fields[field]));
      }
    }
    if (fields.back() != "0" && fields.back() != "1") {
      detail::damaged(file, number, "the class 0 (malignant) or 1 (benign)", detail::quoted(fields.back()));
    }
    samples.malignant(row, 0) = fields.back() == "0" ? 1 : 0;
    samples.line.push_back(number);
  }
  while (std::getline(stream, line)) {
    if (!line.empty() && line != "\r") {
      detail::damaged(file, rows + 2, "the end of the file after " + std::to_string(rows) + " samples",
                      detail::quoted(line));
    }
  }
  return samples;
}

/// Fisher-Yates. The same order from the same generator everywhere; std::shuffle's differs among
/// standard libraries.
inline void shuffle(std::vector<Index>& order, std::mt19937_64& generator) {
  for (std::size_t last = order.size(); last > 1; --last) {
    std::swap(order[last - 1], order[static_cast<std::size_t>(generator() % last)]);
  }
}

struct Split {
  std::vector<Index> train;
  std::vector<Index> test;
};

/// Puts `test_share` of the malignant and of the benign samples into the test part, at random.
inline Split stratified_split(const Samples& samples, double test_share, std::mt19937_64& generator) {
  Split split;
  for (const bool malignant : {true, false}) {
    std::vector<Index> of_class;
    for (Index row = 0; row < samples.size(); ++row) {
      if (samples.is_malignant(row) == malignant) of_class.push_back(row);
    }
    shuffle(of_class, generator);
    const auto test_size = static_cast<std::ptrdiff_t>(std::lround(test_share * static_cast<double>(of_class.size())));
    split.test.insert(split.test.end(), of_class.begin(), of_class.begin() + test_size);
    split.train.insert(split.train.end(), of_class.begin() + test_size, of_class.end());
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.test.begin(), split.test.end());
  return split;
}

/// x ↦ (x − mean) / standard deviation of each feature, both measured on the training part.
inline void standardise(Samples& train, Samples& test) {
  const Eigen::RowVectorXd mean = train.features.colwise().mean();
  const Matrix centred = train.features.rowwise() - mean;
  // A feature that never changes says nothing: it becomes zero, not NaN.
  Eigen::RowVectorXd deviation = (centred.colwise().squaredNorm() / static_cast<double>(train.size())).cwiseSqrt();
  deviation = (deviation.array() > 0).select(deviation, 1.0);
  for (Samples* part : {&train, &test}) {
    part->features.rowwise() -= mean;
    part->features.array().rowwise() /= deviation.array();
  }
}

}  // namespace tumours
