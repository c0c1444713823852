"""Which processes there are, read from /proc."""

import os
import signal


def _stat(pid):
    with open(f"/proc/{pid}/stat", errors="replace") as file:
        rest = file.read().rsplit(")", 1)[1].split()
    return {"state": rest[0], "parent": int(rest[1]), "group": int(rest[2])}


def alive(pid):
    try:
        return _stat(pid)["state"] not in "ZX"
    except (OSError, IndexError):
        return False


def _living(what, pid):
    """Pids of the living processes whose `what` (group, parent) is pid."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = _stat(name)
        except (OSError, IndexError):
            continue
        if stat[what] == pid and stat["state"] not in "ZX":
            found.append(int(name))
    return sorted(found)


def group(leader):
    """Pids of the living processes of a process group, in order."""
    return _living("group", leader)


def title(pid):
    try:
        with open(f"/proc/{pid}/cmdline", errors="replace") as file:
            return file.read().replace("\0", " ").strip()
    except OSError:
        return ""


def titled(leader, text):
    """Pids of a group whose title is exactly `text`, in order."""
    return [pid for pid in group(leader) if title(pid) == text]


def kill_group(leader):
    for pid in group(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def children(parent, text=None):
    """Pids of a process's children, or of those of this title, in order."""
    return [pid for pid in _living("parent", parent)
            if text is None or title(pid) == text]
