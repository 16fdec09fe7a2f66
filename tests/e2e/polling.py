"""The one place that waits: for a condition, with a deadline."""

import time

PAUSE_SECONDS = 0.02


def wait_until(condition, seconds, what):
    """Returns the first true value of condition(); fails after `seconds` naming what it waited for,
    a text or a function that makes one."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            told = what() if callable(what) else what
            raise AssertionError(f"not within {seconds} s: {told}")
        time.sleep(PAUSE_SECONDS)


def wait_for_instant(instant):
    """Returns once the wall clock shows `instant` (seconds since the epoch)."""
    wait_until(lambda: time.time() >= instant, max(0.0, instant - time.time()) + 5, "an instant")
