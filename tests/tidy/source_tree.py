"""Reads a source tree and takes C++ apart as far as the rules need it."""

import os
import re
from functools import cached_property

IGNORED_FOLDERS = {".git", ".cache", ".orloj", "build", "node_modules", "__pycache__"}
TEXT_SUFFIXES = (".cc", ".h", ".py", ".sh", ".md", ".txt", ".json", ".yaml", ".yml", ".xml", ".def", ".api")
TEXT_NAMES = {"Makefile", "run", "CONTRIBUTING.md", ".clang-format", ".clang-tidy", ".gitignore"}


class SourceFile:
    """One text file: its path from the root, its lines, and for C++ its code without comments."""

    def __init__(self, path, text):
        self.path = path
        self.text = text

    @property
    def room(self):
        return self.path.split("/")[0] if "/" in self.path else ""

    @property
    def is_cpp(self):
        return self.path.endswith((".cc", ".h"))

    @cached_property
    def lines(self):
        return self.text.splitlines()

    @cached_property
    def code(self):
        """C++ text with comments, literals and macro bodies blanked; line numbers stay as they are."""
        return blank_preprocessor(blank_comments_and_literals(self.text))

    @cached_property
    def comments(self):
        """(line number, text) of each // comment that has a line for itself."""
        return [(number, line.strip()[2:].strip())
                for number, line in enumerate(self.lines, 1) if line.strip().startswith("//")]

    @cached_property
    def includes(self):
        """(line number, target, quoted) of each #include."""
        found = []
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match:
                found.append((number, match.group(2), match.group(1) == '"'))
        return found


class SourceTree:
    def __init__(self, root):
        self.root = root
        self.files = {}
        self.folders = set()
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in IGNORED_FOLDERS)
            inside = os.path.relpath(folder, root).replace(os.sep, "/")
            if inside != ".":
                self.folders.add(inside)
            for name in sorted(names):
                path = name if inside == "." else f"{inside}/{name}"
                if name.endswith(TEXT_SUFFIXES) or name in TEXT_NAMES:
                    with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                        self.files[path] = SourceFile(path, f.read())

    def __iter__(self):
        return iter(self.files.values())

    @property
    def cpp(self):
        return [file for file in self if file.is_cpp]


LITERAL = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def blank_comments_and_literals(text):
    def blank(match):
        piece = match.group(0)
        kept = "".join(c if c == "\n" else " " for c in piece)
        return '""' + kept[2:] if piece[0] in "\"R'" else kept
    return LITERAL.sub(blank, text)


def blank_preprocessor(code):
    lines = code.split("\n")
    inside = False
    for index, line in enumerate(lines):
        if inside or line.lstrip().startswith("#"):
            inside = line.rstrip().endswith("\\")
            lines[index] = ""
    return "\n".join(lines)


TYPE_HEAD = re.compile(r"^(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:class|struct|union|enum)\b[^()]*$",
                       re.DOTALL)
SCOPE_HEAD = re.compile(r'^(?:inline\s+)?namespace\b|^extern\s+""')
CONSTRUCTOR_HEAD = re.compile(r"\)\s*(?:noexcept\s*)?:(?!:).*[\w>]$", re.DOTALL)


def brace_kind(head, parenthesis_depth):
    """What the brace after `head` opens: scope, type, function or a plain initialiser."""
    head = re.sub(r"^(?:(?:public|protected|private)\s*:\s*)+", "", head.strip())
    if parenthesis_depth > 0 or head.endswith(("=", ",", "return")):
        return "value"
    if SCOPE_HEAD.search(head):
        return "scope"
    if TYPE_HEAD.match(re.sub(r"\[\[.*?\]\]|alignas\([^)]*\)", "", head)):
        return "type"
    if CONSTRUCTOR_HEAD.search(head):
        return "value"
    return "function" if "(" in head else "value"


def functions(code):
    """(first line, last line, head) of each function that is not inside another one."""
    found = []
    stack = []
    head, head_line, line, depth, function_depth = "", None, 1, 0, 0
    for character in code:
        if character == "\n":
            line += 1
        if function_depth == 0 and character in "()":
            depth += 1 if character == "(" else -1
        if character == "{":
            if function_depth:
                function_depth += 1
                continue
            kind = brace_kind(head, depth)
            stack.append((kind, head_line, head))
            if kind == "function":
                function_depth = 1
            if kind in ("scope", "type"):
                head, head_line = "", None
        elif character == "}":
            if function_depth > 1:
                function_depth -= 1
                continue
            kind, first, opened_by = stack.pop() if stack else ("scope", line, "")
            if kind == "function":
                function_depth = 0
                found.append((first or line, line, " ".join(opened_by.split())))
            if kind == "value":
                head += "{}"
            else:
                head, head_line = "", None
        elif function_depth:
            continue
        elif character == ";" and depth == 0:
            head, head_line = "", None
        else:
            if head_line is None and not character.isspace():
                head_line = line
            head += character
    return found
