"""Waiting for something to become true, with a deadline instead of a sleep."""

import time


def until(check, timeout=5.0, what="the condition", every=0.01):
    """Call check() until it returns something true, and return that.

    Fails the test after `timeout` seconds, naming `what` and the last answer.
    """
    deadline = time.monotonic() + timeout

    while True:
        last = check()
        if last:
            return last
        if time.monotonic() > deadline:
            raise AssertionError(
                f"waited {timeout} s for {what}; last seen: {last!r}")
        time.sleep(every)
