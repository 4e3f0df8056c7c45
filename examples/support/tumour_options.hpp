// SPDX-License-Identifier: MIT
//
// What examples/tumours.cpp says to and hears from the person at the keyboard: options and a line
// of progress.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#if __has_include(<unistd.h>)
#include <unistd.h>
#endif

// examples/CMakeLists.txt gives the whole path, so that the program can be started from anywhere.
// __FILE__ would not do: compilers and caches are free to shorten it.
#ifndef TUMOURS_DATA
#define TUMOURS_DATA "examples/data/breast_cancer.csv"
#endif

namespace tumours {

struct Options {
  int epochs = 20;  // more of them learn the training part by heart: the test log-loss rises
  std::uint64_t seed = 1;
  std::string data = TUMOURS_DATA;
  std::string export_file;
};

template <class Number>
Number parse_number(std::string_view option, std::string_view text, Number least, Number most) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
    throw std::runtime_error(std::string(option)
                                 .append(": expected a number from ")
                                 .append(std::to_string(least))
                                 .append(" to ")
                                 .append(std::to_string(most))
                                 .append(", got '")
                                 .append(text)
                                 .append("'"));
  }
  return number;
}

inline Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--help" || option == "-h") {
      std::printf(
          "usage: tumours [OPTIONS]\n"
          "  --epochs N     passes over the training part (%d)\n"
          "  --seed N       of the split, the first weights and the order (%d)\n"
          "  --data FILE    the data (%s)\n"
          "  --export FILE  write weights, order and losses for tools/tumours_torch.py instead\n",
          options.epochs, static_cast<int>(options.seed), options.data.c_str());
      std::exit(0);
    }
    if (option != "--epochs" && option != "--seed" && option != "--data" && option != "--export") {
      throw std::runtime_error(std::string("unknown option '").append(option).append("' (see --help)"));
    }
    if (++i == argc) throw std::runtime_error(std::string(option) + ": expected something after it (see --help)");
    if (option == "--epochs") options.epochs = parse_number(option, argv[i], 1, 100'000);
    if (option == "--seed") options.seed = parse_number(option, argv[i], std::uint64_t{0}, ~std::uint64_t{0});
    if (option == "--data") options.data = argv[i];
    if (option == "--export") options.export_file = argv[i];
  }
  return options;
}

/// One line that is rewritten while the training runs; where nobody watches, a quarter, a half, and
/// the whole.
class Progress {
 public:
  Progress(std::string name, int epochs) : name_(std::move(name)), epochs_(epochs) {}

  void show(int epoch, double loss) const {
    const bool last = epoch == epochs_;
    if (!on_terminal() && !last && epoch % std::max(1, (epochs_ + 3) / 4) != 0) return;
    constexpr int width = 24;
    const int done = width * epoch / epochs_;
    std::printf("%s  %-8s [%s%s] epoch %*d/%d  training loss %.4f%s", on_terminal() ? "\r" : "", name_.c_str(),
                std::string(static_cast<std::size_t>(done), '#').c_str(),
                std::string(static_cast<std::size_t>(width - done), '.').c_str(),
                static_cast<int>(std::to_string(epochs_).size()), epoch, epochs_, loss,
                on_terminal() && !last ? "" : "\n");
    std::fflush(stdout);
  }

 private:
  static bool on_terminal() {
#if __has_include(<unistd.h>)
    static const bool answer = isatty(STDOUT_FILENO) == 1;
    return answer;
#else
    return false;
#endif
  }

  std::string name_;
  int epochs_;
};

}  // namespace tumours
