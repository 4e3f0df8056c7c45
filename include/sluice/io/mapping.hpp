// SPDX-License-Identifier: MIT
//
// Mappings: what the tensors of a layer are called in a file, how they lie there, and which half is the gate.
//
//   mapping                 tensors below the prefix                        gate               layout
//   Native                  value.weight, gate.weight, output.weight, …     by name            in × out
//   TorchGlu                weight, bias                                    second half        out × in
//   PytorchForecastingGlu   fc.weight, fc.bias                              second half        out × in
//   DiffusersGeglu          proj.weight, proj.bias                          second half        out × in
//   HfLlama, HfGemma        gate_proj, up_proj, down_proj                   gate_proj          out × in
//   HfPhi3                  gate_up_proj, down_proj                         first half         out × in
//   HfT5                    wi_0, wi_1, wo                                  wi_0               out × in
//   HfGptOss                gate_up_proj, down_proj, …_bias                 even positions     in × out
//   KerasGlu                linear.kernel, sigmoid.kernel, …                sigmoid            in × out
//   TorchDense             weight, bias (for a Dense)                      -                  out × in
//
// Sources: torch.nn.functional.glu; transformers' modeling_llama, modeling_gemma, modeling_phi3, modeling_t5
// (T5DenseGatedActDense), modeling_gpt_oss (GptOssExperts); diffusers' models/activations.py (GEGLU); KMR's
// GatedLinearUnit; pytorch-forecasting's temporal_fusion_transformer/sub_modules.py (GatedLinearUnit).
//
// The gate's activation is the layer's own: a mapping cannot know it (docs/weights.md lists the usual one).
#pragma once

#include <sluice/io/gate_order.hpp>

#include <optional>
#include <string>
#include <utility>
#include <variant>

SLUICE_NAMESPACE_BEGIN

namespace io {

/// What becomes of a bias that the layer has and the file has not: an error, or zeros. (A bias that the file has and
/// the layer has not is always an error.)
enum class MissingBias { Refuse, Zero };

/// Weight and bias of a dense projection.
struct DenseTensors {
  std::string weight;
  std::string bias;
  Layout layout;
};

/// Value and gate as two projections.
struct SplitTensors {
  DenseTensors value;
  DenseTensors gate;
};

/// Value and gate as one projection. Nothing has a default: no shape could reveal a wrong order.
struct FusedTensors {
  FusedTensors(std::string weight_name, std::string bias_name, Layout tensor_layout, GateOrder gate_order)
      : weight(std::move(weight_name)), bias(std::move(bias_name)), layout(tensor_layout), order(gate_order) {}

  std::string weight;
  std::string bias;
  Layout layout;
  GateOrder order;
};

/// Names and layouts of a layer's tensors, below a prefix. Those of well-known formats are the types below; for another
/// one fill in a Mapping of your own:
///
///   sluice::io::Mapping mapping{.name = "mine", .prefix = "blocks.3.ff"};
///   mapping.gated = sluice::io::FusedTensors("w12.weight", "w12.bias", Layout::OutIn, GateOrder::GateFirst);
///   mapping.output = sluice::io::DenseTensors{"w3.weight", "w3.bias", Layout::OutIn};
struct Mapping {
  std::string name;    // of the mapping, for messages
  std::string prefix;  // in front of every name, with a dot between; "" for none

  std::variant<std::monostate, SplitTensors, FusedTensors> gated{};  // of a gated layer
  std::optional<DenseTensors> output{};                              // what follows it in a feed-forward block
  std::optional<DenseTensors> dense{};                               // of a layer that is a Dense by itself

  MissingBias missing_bias = MissingBias::Refuse;

  /// Whether the tensors of several experts are stacked along a leading axis; then `expert` says which one is meant. It
  /// may be left open where there is no such axis or only one expert.
  bool stacked_experts = false;
  std::optional<Index> expert{};

  /// "prefix.name"
  std::string full_name(const std::string& tensor) const { return prefix.empty() ? tensor : prefix + "." + tensor; }
};

/// Our own names and layout: what the layer's views are called, (input_dim × units). A gated layer has value.weight,
/// gate.weight, value.bias, gate.bias; a feed-forward block also output.weight, output.bias; a Dense weight and bias.
struct Native : Mapping {
  explicit Native(std::string at = "", MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "Native",
                .prefix = std::move(at),
                .gated = SplitTensors{{"value.weight", "value.bias", Layout::InOut},
                                      {"gate.weight", "gate.bias", Layout::InOut}},
                .output = DenseTensors{"output.weight", "output.bias", Layout::InOut},
                .dense = DenseTensors{"weight", "bias", Layout::InOut},
                .missing_bias = bias} {}
};

/// A torch.nn.Linear(input_dim, units): a Dense. The prefix is the name of the nn.Linear.
struct TorchDense : Mapping {
  explicit TorchDense(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "TorchDense",
                .prefix = std::move(at),
                .dense = DenseTensors{"weight", "bias", Layout::OutIn},
                .missing_bias = bias} {}
};

namespace detail {
inline Mapping torch_glu(std::string name, std::string prefix, const std::string& linear, MissingBias bias) {
  return {.name = std::move(name),
          .prefix = std::move(prefix),
          .gated = FusedTensors(linear + "weight", linear + "bias", Layout::OutIn, GateOrder::ValueFirst),
          .missing_bias = bias};
}
inline DenseTensors torch_linear(const std::string& linear) {
  return {linear + ".weight", linear + ".bias", Layout::OutIn};
}
}  // namespace detail

/// torch.nn.Linear(input_dim, 2·units) before torch.nn.functional.glu. The prefix is the name of the nn.Linear.
struct TorchGlu : Mapping {
  explicit TorchGlu(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping(detail::torch_glu("TorchGlu", std::move(at), "", bias)) {}
};

/// pytorch-forecasting's GatedLinearUnit.
struct PytorchForecastingGlu : Mapping {
  explicit PytorchForecastingGlu(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping(detail::torch_glu("PytorchForecastingGlu", std::move(at), "fc.", bias)) {}
};

/// diffusers' GEGLU; the prefix ends in "…ff.net.0" as a rule.
struct DiffusersGeglu : Mapping {
  explicit DiffusersGeglu(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping(detail::torch_glu("DiffusersGeglu", std::move(at), "proj.", bias)) {}
};

/// The MLP of Llama, Mistral, Qwen and most others on Hugging Face; the prefix ends in "…mlp" as a rule.
struct HfLlama : Mapping {
  explicit HfLlama(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "HfLlama",
                .prefix = std::move(at),
                .gated = SplitTensors{detail::torch_linear("up_proj"), detail::torch_linear("gate_proj")},
                .output = detail::torch_linear("down_proj"),
                .missing_bias = bias} {}
};

/// Gemma names its tensors as Llama does; its gate is GELUTanh.
struct HfGemma : HfLlama {
  explicit HfGemma(std::string at, MissingBias bias = MissingBias::Refuse) : HfLlama(std::move(at), bias) {
    name = "HfGemma";
  }
};

/// The MLP of Phi-3: fused, the gate first.
struct HfPhi3 : Mapping {
  explicit HfPhi3(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "HfPhi3",
                .prefix = std::move(at),
                .gated = FusedTensors("gate_up_proj.weight", "gate_up_proj.bias", Layout::OutIn, GateOrder::GateFirst),
                .output = detail::torch_linear("down_proj"),
                .missing_bias = bias} {}
};

/// The gated feed-forward of T5 v1.1; the prefix ends in "…DenseReluDense" as a rule.
struct HfT5 : Mapping {
  explicit HfT5(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "HfT5",
                .prefix = std::move(at),
                .gated = SplitTensors{detail::torch_linear("wi_1"), detail::torch_linear("wi_0")},
                .output = detail::torch_linear("wo"),
                .missing_bias = bias} {}
};

/// One expert of gpt-oss, interleaved, in × out; the prefix ends in "…mlp.experts" as a rule. The tensors may be those
/// of one expert, or of all of them, (experts × in × out); then say which. (Checkpoints in MXFP4, …_blocks and
/// …_scales, have to be expanded first.)
struct HfGptOss : Mapping {
  explicit HfGptOss(std::string at, std::optional<Index> which_expert = {}, MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "HfGptOss",
                .prefix = std::move(at),
                .gated = FusedTensors("gate_up_proj", "gate_up_proj_bias", Layout::InOut, GateOrder::Interleaved),
                .output = DenseTensors{"down_proj", "down_proj_bias", Layout::InOut},
                .missing_bias = bias,
                .stacked_experts = true,
                .expert = which_expert} {}
};

/// KMR's GatedLinearUnit and its like in Keras: a Dense `linear` times a sigmoid Dense `sigmoid`. Keras has no
/// safetensors of its own: write the variables under these names.
struct KerasGlu : Mapping {
  explicit KerasGlu(std::string at, MissingBias bias = MissingBias::Refuse)
      : Mapping{.name = "KerasGlu",
                .prefix = std::move(at),
                .gated = SplitTensors{{"linear.kernel", "linear.bias", Layout::InOut},
                                      {"sigmoid.kernel", "sigmoid.bias", Layout::InOut}},
                .missing_bias = bias} {}
};

}  // namespace io

SLUICE_NAMESPACE_END
