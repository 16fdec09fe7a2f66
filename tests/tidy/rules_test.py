"""Shows for each rule that it lets a good tree pass and catches a planted violation."""

import os
import tempfile
import unittest

import rules
from source_tree import SourceTree, functions

GOOD = {
    "CMakeLists.txt": "add_subdirectory(log)\n",
    "README.md": "See [the log](log/offset.h) and [a site](https://example.org/x).\n",
    "log/CMakeLists.txt": "orloj_room(log SOURCES offset.cc kv/store.cc)\n",
    "log/options.h": "#pragma once\n",
    "log/offset.h": "#pragma once\n// A place in a log.\n",
    "log/offset.cc": '#include "log/offset.h"\n\n#include "log/options.h"\n',
    "log/kv/store.cc": "#include <rocksdb/db.h>\n",
    "config/CMakeLists.txt": "orloj_room(config SOURCES load.cc)\n",
    "config/load.cc": '#include <yaml-cpp/yaml.h>\n\n#include "log/options.h"\n',
    "scheduler/CMakeLists.txt": "orloj_room(scheduler SOURCES wheel.cc)\n",
    "scheduler/wheel.cc": '#include "log/offset.h"\n',
    "broker/CMakeLists.txt": "add_executable(orloj main.cc net/listener.cc)\n",
    "broker/main.cc": '#include "config/options.h"\n#include "log/offset.h"\n',
    "broker/net/listener.cc": '#include <boost/asio/ip/tcp.hpp>\n#include "protocol/messages/fetch.h"\n',
    "protocol/definitions/01_fetch.api": "Fetch 1\n",
    "config/options.h": "#pragma once\n",
    "tests/log/CMakeLists.txt": "foreach(name offset)\n  orloj_test(${name}_test SOURCES "
                                "${name}_test.cc)\nendforeach()\n",
    "tests/log/offset_test.cc": '#include <rocksdb/db.h>\n#include "log/offset.h"\n',
}

BAD = {
    rules.rooms_include_only_downwards: [
        {"log/offset.cc": '#include "protocol/reader.h"\n'},
        {"log/offset.cc": '#include "scheduler/wheel.h"\n'},
        {"scheduler/wheel.cc": '#include "coordinator/group.h"\n'},
        {"config/load.cc": '#include "log/offset.h"\n'},
        {"log/offset.cc": '#include "tests/log/fake.h"\n'},
    ],
    rules.libraries_stay_in_their_place: [
        {"log/offset.cc": "#include <rocksdb/db.h>\n"},
        {"log/offset.cc": "#include <boost/asio/io_context.hpp>\n"},
        {"broker/main.cc": "#include <boost/asio/ip/tcp.hpp>\n"},
        {"broker/main.cc": "#include <boost/beast/http.hpp>\n"},
        {"broker/main.cc": "#include <sys/socket.h>\n"},
        {"log/offset.cc": "#include <yaml-cpp/yaml.h>\n"},
        {"log/offset.cc": "#include <spdlog/spdlog.h>\n"},
        {"log/offset.cc": "#include <fstream>\n"},
    ],
    rules.includes_start_at_the_root: [{"log/offset.cc": '#include "offset.h"\n'}],
    rules.headers_have_pragma_once: [{"log/offset.h": "// A place.\n"}],
    rules.files_are_short: [{"log/offset.cc": "\n" * 501}, {"tests/log/x.sh": "\n" * 501}],
    rules.lines_are_short: [{"log/offset.cc": "// " + "a" * 98 + "\n"}],
    rules.functions_are_short: [
        {"log/offset.cc": "namespace orloj {\nint f(int a) {\n" + "  ++a;\n" * 69 + "}\n}\n"},
        {"log/offset.cc": "struct S {\n  S() : a_(1), b_{2} {\n" + "  ++a_;\n" * 69 + "  }\n};\n"},
    ],
    rules.sources_are_built: [{"log/dead.cc": "\n"}, {"tests/log/deadtest.cc": "\n"}],
    rules.headers_are_included: [{"log/dead.h": "#pragma once\n"}],
    rules.scripts_are_used: [{"tests/support/dead_script.sh": "\n"}],
    rules.definitions_are_served: [
        {"protocol/definitions/33_alter.api": "Alter 33\n"},
        {"broker/net/listener.cc": "\n", "tests/log/x.cc": '#include "protocol/messages/fetch.h"\n'},
    ],
    rules.words_are_not_banned: [
        {"README.md": "TO" "DO\n"},
        {"log/offset.cc": "// FIX" "ME\n"},
        {"README.md": "https://repo" ".example.org/x\n"},
        {"README.md": "cd /work" "/main\n"},
        {"log/offset.cc": "void f() { std::thread(g).detach(); }\n"},
        {"broker/main.cc": "void f() { co_spawn(a, b, asio::detached); }\n"},
        {"tests/log/offset_test.cc": "void f() { std::this_thread::sleep_for(1ms); }\n"},
        {"tests/log/offset_test.cc": "void f() { GTEST_SKIP(); }\n"},
        {"log/offset.cc": "int f() { return rand(); }\n"},
        {"log/offset.cc": "auto f() { return std::chrono::steady_clock::now(); }\n"},
        {"log/offset.cc": "void f(T* t) { delete t; }\n"},
        {"log/offset.cc": "int f() { return ::open(path, 0); }\n"},
    ],
    rules.python_polls_in_one_place: [{"tests/log/x.py": "time.sleep" "(1)\n"}],
    rules.new_has_an_owner: [{"log/offset.cc": "auto* f() { return new T(1); }\n"}],
    rules.comments_are_prose: [
        {"log/offset.cc": "// int answer = compute(41);\n"},
        {"log/offset.cc": "// if (ready) {\n"},
        {"log/offset.cc": "// return answer;\n"},
    ],
    rules.folders_have_a_duty: [{"log/util/x.h": "#pragma once\n"}, {"extra/x.md": "\n"}],
    rules.links_lead_somewhere: [{"README.md": "See [the map](docs/nowhere.md).\n"}],
}

FINE = {
    "an owned new": {"log/offset.cc": "auto f() { return std::unique_ptr<T>(new T(1)); }\n"},
    "a deleted function": {"log/offset.cc": "struct S {\n  S(const S&) = delete;\n};\n"},
    "prose with a semicolon": {"log/offset.cc": "// First one thing;\n// then another.\n"},
    "words inside literals": {"log/offset.cc": 'const char* k = "rand() and new Thing";\n'},
    "a long class of short functions": {
        "log/offset.cc": "class C {\n" + "  int f() {\n    return 1;\n  }\n" * 40 + "};\n"},
    "a long table": {"log/offset.cc": "constexpr int kTable[] = {\n" + "    1,\n" * 90 + "};\n"},
    "a separator of digits": {"log/offset.cc": "constexpr int k = 1'000; // it's\nint f();\n"},
}


def violations(changes):
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**GOOD, **changes}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        tree = SourceTree(root)
        return {rule: list(rule(tree)) for rule in rules.RULES}


class RulesTest(unittest.TestCase):
    def assert_clean(self, changes):
        found = {rule.__name__: hits for rule, hits in violations(changes).items() if hits}
        self.assertEqual(found, {})

    def test_good_tree_passes(self):
        self.assert_clean({})

    def test_fine_code_passes(self):
        for name, changes in FINE.items():
            with self.subTest(name):
                self.assert_clean(changes)

    def test_each_rule_has_a_violation(self):
        self.assertEqual(set(BAD), set(rules.RULES))

    def test_each_violation_is_caught(self):
        for rule, plants in BAD.items():
            for changes in plants:
                with self.subTest(rule=rule.__name__, planted=list(changes)):
                    self.assertTrue(violations(changes)[rule])


class FunctionsTest(unittest.TestCase):
    def test_lengths_and_names(self):
        code = ("namespace a {\nstruct S {\n  explicit S(int x)\n      : x_(x), y_{x} {\n    use();\n"
                "  }\n  int x_{0};\n};\nstd::vector<int> f(\n    int a) {\n  auto g = [&] {\n"
                "    return 1;\n  };\n  return {a};\n}\n}  // end\n")
        self.assertEqual([(first, last) for first, last, _ in functions(code)], [(3, 6), (9, 15)])


if __name__ == "__main__":
    unittest.main()
