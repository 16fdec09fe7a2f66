"""The rules. Each takes a SourceTree and yields (path, line, message); RULES names them all."""

import os
import re

import arrows
from source_tree import functions

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
MAX_COLUMNS = 100

# Tables that read better in one piece. Generated code is not in the tree.
LONG_FILES = set()
# Functions over the limit, "path: name" -> lines; numbers only ever go down.
LONG_FUNCTIONS = {}

CODE_SUFFIXES = (".cc", ".h", ".py", ".sh", "CMakeLists.txt", "Makefile")


def is_code(file):
    return file.path.endswith(CODE_SUFFIXES) or file.path == ".ci/run"


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def rooms_include_only_downwards(tree):
    for file in tree.cpp:
        for line, target, _ in file.includes:
            other = target.split("/")[0]
            if other in arrows.ALLOWED_ROOMS and not arrows.room_may_include(file.room, target):
                yield file.path, line, f"{file.room} may not include {target}"


def libraries_stay_in_their_place(tree):
    for file in tree.cpp:
        for line, target, _ in file.includes:
            folders = arrows.place_may_include(file.path, target)
            if folders is not None:
                where = ", ".join(folders) or "no room"
                yield file.path, line, f"<{target}> belongs to {where} only"


def includes_start_at_the_root(tree):
    for file in tree.cpp:
        for line, target, quoted in file.includes:
            if quoted and target.split("/")[0] not in arrows.ALLOWED_ROOMS:
                yield file.path, line, f'write "{target}" from the repository root'


def headers_have_pragma_once(tree):
    for file in tree.cpp:
        if file.path.endswith(".h") and "#pragma once" not in file.text:
            yield file.path, 1, "#pragma once is missing"


def files_are_short(tree):
    for file in tree:
        if is_code(file) and len(file.lines) > MAX_FILE_LINES and file.path not in LONG_FILES:
            yield file.path, MAX_FILE_LINES, f"{len(file.lines)} lines; the limit is {MAX_FILE_LINES}"


def lines_are_short(tree):
    for file in tree.cpp:
        for number, line in enumerate(file.lines, 1):
            if len(line) > MAX_COLUMNS:
                yield file.path, number, f"{len(line)} columns; the limit is {MAX_COLUMNS}"


def functions_are_short(tree):
    for file in tree.cpp:
        for first, last, head in functions(file.code):
            name = re.sub(r".*?([\w:~]+)\s*\(.*", r"\1", head)
            limit = LONG_FUNCTIONS.get(f"{file.path}: {name}", MAX_FUNCTION_LINES)
            if last - first + 1 > limit:
                yield file.path, first, f"{name} has {last - first + 1} lines; the limit is {limit}"


def cmake_patterns(tree):
    """(folder, regular expression) for each word in a CMake file that names a .cc file."""
    patterns = []
    for file in tree:
        if os.path.basename(file.path) != "CMakeLists.txt":
            continue
        text = re.sub(r"#[^\n]*", "", file.text)
        for word in re.findall(r'[^\s()"]+\.cc\b', text):
            word = re.sub(r"^\$\{(PROJECT|CMAKE)_SOURCE_DIR\}/", "//", word)
            word = re.sub(r"^\$\{CMAKE_CURRENT_SOURCE_DIR\}/", "", word)
            pieces = re.split(r"\$\{\w+\}", word)
            patterns.append((os.path.dirname(file.path), r"[\w/]+".join(map(re.escape, pieces))))
    return patterns


def sources_are_built(tree):
    patterns = cmake_patterns(tree)
    for file in tree.cpp:
        if not file.path.endswith(".cc"):
            continue
        for folder, pattern in patterns:
            prefix = "" if pattern.startswith("//") or not folder else re.escape(folder) + "/"
            if re.fullmatch(prefix + pattern.removeprefix("//"), file.path):
                break
        else:
            yield file.path, 1, "no CMakeLists.txt names this file"


def headers_are_included(tree):
    included = {}
    for file in tree.cpp:
        for _, target, _ in file.includes:
            included.setdefault(target, set()).add(file.path)
    for file in tree.cpp:
        if file.path.endswith(".h") and not included.get(file.path, set()) - {file.path}:
            yield file.path, 1, "nobody includes this header"


def scripts_are_used(tree):
    for file in tree:
        if not file.path.startswith("tests/") or not file.path.endswith((".py", ".sh")):
            continue
        name = os.path.basename(file.path)
        if name in ("conftest.py", "__init__.py"):
            continue
        # pytest files are registered by area: test_kcat.py by the word kcat.
        stem = name.rsplit(".", 1)[0].removeprefix("test_")
        word = re.compile(rf"\b{re.escape(stem)}\b")
        if not any(word.search(other.text) for other in tree if other is not file):
            yield file.path, 1, "nothing uses this script"


def definitions_are_served(tree):
    included = {target for file in tree.cpp if file.room == "broker"
                for _, target, _ in file.includes}
    for file in tree:
        if file.path.endswith(".api"):
            message = re.sub(r"^\d+_|\.api$", "", os.path.basename(file.path))
            if f"protocol/messages/{message}.h" not in included:
                yield file.path, 1, "nothing in broker/ serves this message"


BANNED_ANYWHERE = {
    r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b": "finish it, or write an issue",
    r"https?://(?:repo1?|registry|proxy|files|static|index|deb|security)[.]":
        "no host names of package registries",
    r"\b(?:pypi|npmjs|crates|rubygems|maven)[.](?:org|io|com)\b":
        "no host names of package registries",
    r"(?<![\w.$}])/(?:work|root)/": "no paths of one machine",
}

BANNED_IN_CPP = {
    r"\.detach\(\)": "a thread has an owner that joins it",
    r"\basio::detached\b": "look at the exception in a completion handler",
    r"\bs?rand\(": "randomness comes through log/env",
    r"\busing namespace std\b": "name what you use",
    r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.:>])sleep\(":
        "wait for the condition, not for time",
    r"\bGTEST_SKIP\b|\bDISABLED_": "a test runs or is removed",
    r"(?<![\w=] )(?<!=)\bdelete(?:\[\])?\s+[\w*(]": "an owner deletes what it owns",
}

# Where time, files and chance would bypass log/env.
BANNED_BELOW_BROKER = {
    r"_clock::now\(|\bclock_gettime\(|\bgettimeofday\(|(?<![\w.:>])time\((?:nullptr|NULL|0)\)":
        "time comes through log/env",
    r"\brandom_device\b": "randomness comes through log/env",
    r"\bfopen\(|(?<![\w.:>])::open\(": "files come through log/env",
}
SLEEP_PATTERN = next(p for p in BANNED_IN_CPP if "sleep_for" in p)


def words_are_not_banned(tree):
    for file in tree:
        for pattern, why in BANNED_ANYWHERE.items():
            for match in re.finditer(pattern, file.text):
                yield file.path, line_of(file.text, match.start()), f"`{match.group(0)}`: {why}"
        if not file.is_cpp:
            continue
        bans = dict(BANNED_IN_CPP)
        if file.path.startswith("log/env/"):
            bans.pop(SLEEP_PATTERN)
        elif file.room in ("protocol", "log", "scheduler", "coordinator"):
            bans.update(BANNED_BELOW_BROKER)
        for pattern, why in bans.items():
            for match in re.finditer(pattern, file.code):
                yield file.path, line_of(file.code, match.start()), f"`{match.group(0)}`: {why}"


def python_polls_in_one_place(tree):
    for file in tree:
        if file.path.endswith(".py") and file.path != "tests/e2e/polling.py":
            for match in re.finditer(r"\btime\.sleep\(", file.text):
                yield (file.path, line_of(file.text, match.start()),
                       "wait for a condition with tests/e2e/polling.py")


OWNED_NEW = re.compile(r"(?:_ptr\s*(?:<[^;{}]*>)?\s*\w*\s*\(|\breset\()\s*$")


def new_has_an_owner(tree):
    for file in tree.cpp:
        for match in re.finditer(r"(?<!operator )\bnew\b\s*[A-Za-z_:(]", file.code):
            if not OWNED_NEW.search(file.code[max(0, match.start() - 200):match.start()]):
                yield file.path, line_of(file.code, match.start()), "`new` without an owner"


COMMENTED_CODE = re.compile(
    r"^#include\b|^(?:return|break|continue)\b[^.]*;$|^(?:if|for|while|switch) \(.*\) \{$"
    r"|^[\w:.>-]+\(.*\);$|^[\w:<>*& ]+ \w+ = .*;$|^\w+ [+-]?= .*;$|^\} ?(?:else \{)?$")


def comments_are_prose(tree):
    for file in tree.cpp:
        for number, text in file.comments:
            if COMMENTED_CODE.search(text):
                yield file.path, number, "code in a comment: delete it"


def folders_have_a_duty(tree):
    for folder in sorted(tree.folders):
        if folder.split("/")[-1] in arrows.FORBIDDEN_FOLDER_NAMES:
            yield folder, 1, "a shared thing lives in the lowest room that owns its meaning"
        elif "/" not in folder and folder not in arrows.TOP_LEVEL_FOLDERS:
            yield folder, 1, "the top-level folders are given"


def links_lead_somewhere(tree):
    for file in tree:
        if not file.path.endswith(".md"):
            continue
        text = re.sub(r"```.*?```", lambda m: re.sub(r"[^\n]", " ", m.group(0)), file.text,
                      flags=re.DOTALL)
        for match in re.finditer(r"\]\(([^)#\s]+)(#[^)]*)?\)", text):
            target = match.group(1)
            if re.match(r"[a-z]+:", target):
                continue
            path = os.path.join(tree.root, os.path.dirname(file.path), target)
            if not os.path.exists(path):
                yield file.path, line_of(text, match.start()), f"the link {target} leads nowhere"


RULES = [
    rooms_include_only_downwards,
    libraries_stay_in_their_place,
    includes_start_at_the_root,
    headers_have_pragma_once,
    files_are_short,
    lines_are_short,
    functions_are_short,
    sources_are_built,
    headers_are_included,
    scripts_are_used,
    definitions_are_served,
    words_are_not_banned,
    python_polls_in_one_place,
    new_has_an_owner,
    comments_are_prose,
    folders_have_a_duty,
    links_lead_somewhere,
]
