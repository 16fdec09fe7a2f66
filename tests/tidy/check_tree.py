"""check_tree.py ROOT: applies every rule of the house to the tree; prints what breaks one."""

import sys

from rules import RULES
from source_tree import SourceTree


def main(root):
    tree = SourceTree(root)
    broken = 0
    for rule in RULES:
        for path, line, message in rule(tree):
            print(f"{path}:{line}: {rule.__name__}: {message}")
            broken += 1
    print(f"{len(tree.files)} files, {len(RULES)} rules, {broken} violations")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
