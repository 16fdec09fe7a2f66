"""Which room may include what: the table of the design as data."""

ROOMS = ("protocol", "log", "scheduler", "coordinator", "config", "broker")

# A room's own headers are always allowed. "*": every room. "options": only <room>/options.h.
ALLOWED_ROOMS = {
    "protocol": set(),
    "log": set(),
    "scheduler": {"log"},
    "coordinator": {"log"},
    "config": {"options"},
    "broker": {"*"},
    "tests": {"*"},
    "bench": {"*"},
}

# Prefix of a third-party or system header -> the folders that may include it. Tests may include all.
ALLOWED_PLACES = {
    "rocksdb/": ("log/kv/",),
    "yaml-cpp/": ("config/",),
    "spdlog/": ("broker/",),
    "prometheus/": ("broker/",),
    "boost/beast": ("broker/admin/",),
    "boost/asio/ip/": ("broker/net/", "broker/admin/"),
    "boost/asio/ssl": ("broker/net/", "broker/admin/"),
    "boost/asio/local/": ("broker/net/", "broker/admin/"),
    "boost/asio": ("broker/",),
    "sys/socket.h": ("broker/net/", "broker/admin/"),
    "netinet/": ("broker/net/", "broker/admin/"),
    "arpa/": ("broker/net/", "broker/admin/"),
    "netdb.h": ("broker/net/", "broker/admin/"),
    "sys/epoll.h": (),
    "librdkafka/": (),
    # Files are opened through log/env only; configuration is read at start.
    "fstream": ("config/", "broker/", "log/env/", "protocol/generator/"),
    "filesystem": ("config/", "broker/", "log/env/", "protocol/generator/"),
    "fcntl.h": ("broker/", "log/env/"),
    "sys/mman.h": ("log/env/",),
}

TOP_LEVEL_FOLDERS = set(ROOMS) | {"tests", "bench", "helm", "docs", ".ci"}
FORBIDDEN_FOLDER_NAMES = {"util", "utils", "common", "misc", "helpers", "shared"}


def room_may_include(room, target):
    allowed = ALLOWED_ROOMS.get(room)
    other = target.split("/")[0]
    if allowed is None or "*" in allowed or other == room or other in allowed:
        return True
    return "options" in allowed and target == f"{other}/options.h" and other in ROOMS


def place_may_include(path, target):
    """The folders that may include `target`, or None if `path` is one of them (or nobody minds)."""
    if path.startswith(("tests/", "bench/")):
        return None
    prefixes = [p for p in ALLOWED_PLACES if target == p or
                (p.endswith("/") or p.startswith("boost/")) and target.startswith(p)]
    if not prefixes:
        return None
    folders = ALLOWED_PLACES[max(prefixes, key=len)]
    return None if path.startswith(folders) and folders else folders
