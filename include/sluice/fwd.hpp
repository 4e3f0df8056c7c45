// SPDX-License-Identifier: MIT
//
// Forward declarations, and every default template argument of the library.
#pragma once

#include <sluice/core/config.hpp>

SLUICE_NAMESPACE_BEGIN

struct Identity;
struct Sigmoid;
struct HardSigmoid;
struct Tanh;
struct ReLU;
struct SquaredReLU;
struct LeakyReLU;
struct ELU;
struct SiLU;
struct Swish;
struct GELU;
struct GELUTanh;
struct QuickGELU;
struct Softplus;
struct ClampedSiLU;
struct ClampedLinear;

struct Fused;
struct Split;

template <class Gate, class Value = Identity>
struct Gating;

template <class Scalar, class Projection, Index InputDim = Dynamic, Index Units = Dynamic>
class GatedParameters;

template <class Scalar, class Activation, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
class GatedLinearUnit;

template <class Scalar, class Activation = Identity, Index InputDim = Dynamic, Index Units = Dynamic>
class Dense;

template <class Scalar, class Activation, class Projection = Fused>
class GatedFeedForward;

/// Sigmoid gate: Dauphin et al. 2017, arXiv:1612.08083.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using GLU = GatedLinearUnit<Scalar, Sigmoid, Projection, InputDim, Units>;
/// SiLU gate: Shazeer 2020, arXiv:2002.05202, as are GeGLU, ReGLU and Bilinear.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using SwiGLU = GatedLinearUnit<Scalar, SiLU, Projection, InputDim, Units>;
/// Exact (erf) GELU gate.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using GeGLU = GatedLinearUnit<Scalar, GELU, Projection, InputDim, Units>;
/// GELU gate in its tanh approximation.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using GeGLUTanh = GatedLinearUnit<Scalar, GELUTanh, Projection, InputDim, Units>;
/// ReLU gate.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using ReGLU = GatedLinearUnit<Scalar, ReLU, Projection, InputDim, Units>;
/// No activation at all: the product of two linear layers.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using Bilinear = GatedLinearUnit<Scalar, Identity, Projection, InputDim, Units>;
/// gpt-oss's clamped SwiGLU: α = 1.702, limit 7, value offset 1, all changeable through the layer's options.
template <class Scalar, class Projection = Fused, Index InputDim = Dynamic, Index Units = Dynamic>
using ClampedSwiGLU = GatedLinearUnit<Scalar, Gating<ClampedSiLU, ClampedLinear>, Projection, InputDim, Units>;

SLUICE_NAMESPACE_END
