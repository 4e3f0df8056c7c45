// SPDX-License-Identifier: MIT
//
// How matrices are compared: relative to their own size, or bit for bit. Never with a fixed
// absolute tolerance.
#pragma once

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace test {

using Eigen::Index;

template <class Derived>
Eigen::MatrixXd to_double(const Eigen::DenseBase<Derived>& m) {
  return Eigen::MatrixXd(m.derived().matrix().template cast<double>());
}

/// The largest difference, as a part of the largest magnitude of `want`. Infinite where shapes
/// differ or a difference is NaN.
template <class A, class B>
double relative_error(const Eigen::DenseBase<A>& got, const Eigen::DenseBase<B>& want) {
  const Eigen::MatrixXd g = to_double(got), w = to_double(want);
  if (g.rows() != w.rows() || g.cols() != w.cols()) return std::numeric_limits<double>::infinity();
  double difference = 0, size = 0;
  for (Index i = 0; i < g.size(); ++i) {
    const double d = std::abs(g(i) - w(i));
    if (!(d <= std::numeric_limits<double>::max())) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, d);
    size = std::max(size, std::abs(w(i)));
  }
  return difference == 0 ? 0 : difference / size;
}

/// What rounding may cost in a sum of `terms` products of this scalar, as a relative_error against
/// a double reference.
template <class Scalar>
double rounding(Index terms) {
  return 4 * std::sqrt(static_cast<double>(terms) + 16) *
         std::max(static_cast<double>(std::numeric_limits<Scalar>::epsilon()), std::numeric_limits<double>::epsilon());
}

/// Same shape and same bits; any NaN equals any other.
template <class A, class B>
bool same_bits(const Eigen::DenseBase<A>& a, const Eigen::DenseBase<B>& b) {
  if (a.rows() != b.rows() || a.cols() != b.cols()) return false;
  for (Index i = 0; i < a.rows(); ++i) {
    for (Index j = 0; j < a.cols(); ++j) {
      const typename A::Scalar x = a.derived().coeff(i, j), y = b.derived().coeff(i, j);
      if (!(x != x && y != y) && !(x == y && std::signbit(x) == std::signbit(y))) return false;
    }
  }
  return true;
}

/// The message of the std::invalid_argument that a call throws; "" if it throws nothing.
template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace test
