// SPDX-License-Identifier: MIT
//
// Writing safetensors files: what is written, how it is laid out, and that nothing is left half-written.
#include "io/files.hpp"
#include "support/catch.hpp"
#include "support/matchers.hpp"
#include "support/random.hpp"

#include <sluice/io/safetensors.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

#include <cmath>
#include <csignal>
#include <limits>
#include <string>
#include <vector>

namespace {

using sluice::io::Dtype;
using sluice::io::Safetensors;
using sluice::io::SafetensorsWriter;
using Shape = std::vector<Eigen::Index>;

TEST_CASE("what is written is read again", "[io][safetensors]") {
  const test::Directory directory;
  test::Random random(5);
  const auto m = random.matrix<Eigen::MatrixXf>(3, 5);
  const auto v = random.matrix<Eigen::VectorXd>(7, 1);
  SafetensorsWriter writer;
  writer.metadata["kind"] = "\"test\" ü\n";
  writer.add("m", m);
  writer.add("transposed", m.transpose());
  writer.add("v", v);
  writer.add("half", m, Dtype::F16);
  writer.add("brain", m, Dtype::BF16);
  writer.add("double", m, Dtype::F64);
  writer.add("odd \"name\" ü\n", Eigen::RowVector3f(1, 2, 3));
  writer.add("empty", Eigen::MatrixXf(0, 4));
  writer.add("cube", Shape{1, 5, 3}, m.data(), Dtype::F32);
  writer.save(directory / "file");
  CHECK(directory.count() == 1);

  const auto file = Safetensors::open(directory / "file");
  CHECK(file.names().size() == 9);
  CHECK(file.metadata().at("kind") == "\"test\" ü\n");
  CHECK(test::same_bits(file.matrix<float>("m"), m));
  CHECK(test::same_bits(file.matrix<float>("transposed"), m.transpose()));
  CHECK(test::same_bits(file.matrix<double>("v"), v.transpose()));
  CHECK(file.shape("v") == Shape{7});
  CHECK(test::same_bits(file.matrix<float>("half"), m.cast<Eigen::half>().cast<float>()));
  CHECK(test::same_bits(file.matrix<float>("brain"), m.cast<Eigen::bfloat16>().cast<float>()));
  CHECK(test::same_bits(file.matrix<float>("double"), m));
  CHECK(file.matrix<float>("odd \"name\" ü\n")(0, 2) == 3);
  CHECK(file.shape("empty") == Shape{0, 4});
  CHECK(file.shape("cube") == Shape{1, 5, 3});
}

TEST_CASE("doubles are rounded once", "[io][safetensors]") {
  const test::Directory directory;
  SafetensorsWriter writer;
  const Eigen::RowVector2d numbers(1 + std::ldexp(1, -11) + std::ldexp(1, -30),
                                   1 + std::ldexp(1, -8) + std::ldexp(1, -30));
  writer.add("half", numbers, Dtype::F16);
  writer.add("brain", numbers, Dtype::BF16);
  writer.save(directory / "file");
  const auto file = Safetensors::open(directory / "file");
  CHECK(file.matrix<double>("half")(0, 0) == 1 + std::ldexp(1, -10));
  CHECK(file.matrix<double>("brain")(0, 1) == 1 + std::ldexp(1, -7));
}

TEST_CASE("tensors are aligned to their numbers", "[io][safetensors]") {
  const test::Directory directory;
  for (std::size_t length = 1; length < 10; ++length) {
    SafetensorsWriter writer;
    writer.add("a", Eigen::RowVector3f(1, 2, 3), Dtype::F16);
    writer.add(std::string(length, 'b'), Eigen::RowVector3d(4, 5, 6));
    writer.add("c", Eigen::RowVector3f(7, 8, 9));
    writer.save(directory / "file");
    const std::string bytes = test::read_file(directory / "file");
    const auto header_length = static_cast<unsigned char>(bytes[0]) + 256u * static_cast<unsigned char>(bytes[1]);
    CHECK(header_length % 8 == 0);
    CHECK(bytes[8] == '{');
    const auto header = sluice::io::detail::parse_header("", bytes.substr(8, header_length), 24 + 12 + 6);
    CHECK(header.tensors.at("c").begin == 24);
    CHECK(header.tensors.at("a").begin == 36);
  }
}

TEST_CASE("the writer refuses what no reader would take", "[io][safetensors]") {
  const test::Directory directory;
  SafetensorsWriter writer;
  const Eigen::MatrixXf m = Eigen::MatrixXf::Ones(2, 3);
  writer.add("a", m);
  CHECK(test::contains(test::error_of([&] { writer.add("a", m); }), "'a' is taken"));
  CHECK(test::contains(test::error_of([&] { writer.add("__metadata__", m); }), "reserved"));
  CHECK(test::contains(test::error_of([&] { writer.add(std::string(1025, 'n'), m); }), "too long"));
  CHECK(test::contains(test::error_of([&] { writer.add("i", m, Dtype::I8); }), "not I8"));
  CHECK(test::contains(test::error_of([&] { writer.add("r", Shape(33, 1), m.data(), Dtype::F32); }), "rank"));
  constexpr Eigen::Index huge = std::numeric_limits<Eigen::Index>::max() / 2 + 1;
  CHECK(test::contains(test::error_of([&] { writer.add("h", Shape{huge, 0}, m.data(), Dtype::F32); }), "address"));
  writer.metadata[std::string(1025, 'k')] = "v";
  CHECK(test::contains(test::reason_of([&] { writer.save(directory / "file"); }), "'kkk"));
  CHECK(test::contains(test::reason_of([&] { writer.save(directory / "file"); }), "too long"));
  writer.metadata.clear();
  writer.add("\xff", m);
  CHECK(test::contains(test::reason_of([&] { writer.save(directory / "file"); }), "UTF-8"));
  CHECK(directory.count() == 0);
}

TEST_CASE("the longest names that the writer takes are read again", "[io][safetensors]") {
  const test::Directory directory;
  const std::string longest(1024, 'n');
  SafetensorsWriter writer;
  writer.metadata[longest] = std::string(100'000, 'v');  // a value may have any length
  writer.add(longest, Eigen::RowVector3f(1, 2, 3));
  writer.save(directory / "file");
  const auto file = Safetensors::open(directory / "file");
  CHECK(file.metadata().at(longest) == std::string(100'000, 'v'));
  CHECK(file.contains(longest));
}

TEST_CASE("many tensors are written, and no more than are read", "[io][safetensors]") {
  const test::Directory directory;
  SafetensorsWriter writer;
  auto add_up_to = [&, count = std::size_t{0}](std::size_t end) mutable {
    for (; count < end; ++count) {
      writer.add(std::to_string(count), Shape{0}, static_cast<const float*>(nullptr), Dtype::F32);
    }
  };
  add_up_to(100'000);  // the time does not grow with their square
  writer.save(directory / "file");
  CHECK(Safetensors::open(directory / "file").names().size() == 100'000);
  add_up_to(sluice::io::detail::most_tensors + 1);
  CHECK(test::reason_of([&] { writer.save(directory / "more"); }) == "more than 1000000 tensors");
  CHECK(directory.count() == 1);
}

TEST_CASE("a file that cannot be written leaves the old one whole", "[io][safetensors]") {
  const test::Directory directory;
  test::write_file(directory / "file", "old");
  SafetensorsWriter writer;
  writer.add("a", Eigen::MatrixXf::Ones(300, 300));

  SECTION("no such directory") {
    CHECK(test::contains(test::reason_of([&] { writer.save(directory / "no/file"); }), "cannot be written"));
  }
  SECTION("the name is a directory") {
    std::filesystem::create_directory(directory / "taken");
    CHECK(test::contains(test::reason_of([&] { writer.save(directory / "taken"); }), "cannot be written"));
    std::filesystem::remove(directory / "taken");
  }
  SECTION("the file system takes no files") {
    CHECK(test::contains(test::reason_of([&] { writer.save("/proc/sluice"); }), "cannot be written"));
  }
  SECTION("the name is no regular file's") {
    REQUIRE(mkfifo((directory / "pipe").c_str(), 0600) == 0);
    CHECK(test::reason_of([&] { writer.save(directory / "pipe"); }) == "cannot be written: is not a regular file");
    CHECK(std::filesystem::is_fifo(directory / "pipe"));
    std::filesystem::remove(directory / "pipe");
  }
  SECTION("the directory is read-only") {
    const uid_t user = geteuid();
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    if (user == 0) REQUIRE(seteuid(65534) == 0);  // root may write everywhere, nobody may not
    const std::string reason = test::reason_of([&] { writer.save(directory / "file"); });
    if (user == 0) REQUIRE(seteuid(user) == 0);
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0700));
    CHECK(reason == "cannot be written: Permission denied");
  }
  SECTION("the disk is full") {  // a limit on the size of files fails in the same place, as an error of write()
    rlimit old{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
    const rlimit small{1000, old.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    const std::string reason = test::reason_of([&] { writer.save(directory / "file"); });
    setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    CHECK(test::contains(reason, "cannot be written"));
  }
  CHECK(test::read_file(directory / "file") == "old");
  CHECK(directory.count() == 1);
}

TEST_CASE("a process that dies while it writes leaves the old file whole", "[io][safetensors]") {
  const test::Directory directory;
  test::write_file(directory / "file", "old");
  SafetensorsWriter writer;
  writer.add("a", Eigen::MatrixXf::Ones(300, 300));
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // the kernel kills it in the middle of the data
    const rlimit small{1000, 1000}, no_core{0, 0};
    std::signal(SIGXFSZ, SIG_DFL);
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_FSIZE, &small);
    try {
      writer.save(directory / "file");
    } catch (...) {
    }
    _exit(0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(test::read_file(directory / "file") == "old");
  CHECK(directory.count() == 2);  // and what it had written, under another name
}

#ifdef __linux__
TEST_CASE("a file system that is full leaves the old file whole", "[io][safetensors]") {
  const test::Directory directory;
  SafetensorsWriter writer;
  writer.add("a", Eigen::MatrixXf::Ones(300, 300));  // 360 kB
  enum { Passed, Failed, NoMount };
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {  // a tmpfs of its own, which nobody else sees and which goes with the process
    const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      _exit(NoMount);
    }
    int result = Failed;
    try {
      test::write_file("/proc/self/setgroups", "deny");
      test::write_file("/proc/self/uid_map", user + " " + user + " 1");
      test::write_file("/proc/self/gid_map", group + " " + group + " 1");
      test::write_file(directory / "file", "old");
      const bool full =
          test::reason_of([&] { writer.save(directory / "file"); }) == "cannot be written: No space left on device";
      if (full && test::read_file(directory / "file") == "old" && directory.count() == 1) result = Passed;
    } catch (...) {
    }
    _exit(result);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == NoMount) {
    WARN("no file system may be mounted here: see the limit on the size of files instead");
  } else {
    CHECK(WEXITSTATUS(status) == Passed);
  }
}
#endif

TEST_CASE("a file may have the longest name there is", "[io][safetensors]") {
  const test::Directory directory;
  const std::string name(255, 'f');
  SafetensorsWriter writer;
  writer.save(directory / name);
  writer.add("x", Eigen::RowVectorXf::Ones(3));
  writer.save(directory / name);
  CHECK(Safetensors::open(directory / name).contains("x"));
  CHECK(directory.count() == 1);
}

TEST_CASE("a file in the working directory", "[io][safetensors]") {
  const test::Directory directory;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  const std::string reason = test::reason_of([] { SafetensorsWriter().save("file"); });
  std::filesystem::current_path(before);
  CHECK(reason == "no error");
  CHECK(std::filesystem::exists(directory / "file"));
}

TEST_CASE("a replaced file keeps its permissions, a link its target", "[io][safetensors]") {
  namespace fs = std::filesystem;
  const test::Directory directory;
  SafetensorsWriter writer;
  writer.save(directory / "file");
  const auto only_me = fs::perms::owner_read | fs::perms::owner_write;
  fs::permissions(directory / "file", only_me);
  fs::create_symlink("file", directory / "link");
  writer.add("x", Eigen::RowVectorXf::Ones(3));
  writer.save(directory / "link");
  CHECK(fs::is_symlink(directory / "link"));
  CHECK(fs::status(directory / "file").permissions() == only_me);
  CHECK(Safetensors::open(directory / "file").contains("x"));
  CHECK(directory.count() == 2);
}

}  // namespace
