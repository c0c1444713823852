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


def group(leader):
    """Pids of the living processes of a process group."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = _stat(name)
        except (OSError, IndexError):
            continue
        if stat["group"] == leader and stat["state"] not in "ZX":
            found.append(int(name))
    return found


def children(leader):
    """Pids of a group whose parent is its leader, in order."""
    found = []
    for pid in group(leader):
        try:
            if _stat(pid)["parent"] == leader:
                found.append(pid)
        except (OSError, IndexError):
            pass
    return sorted(found)


def title(pid):
    try:
        with open(f"/proc/{pid}/cmdline", errors="replace") as file:
            return file.read().replace("\0", " ").strip()
    except OSError:
        return ""


def titled(leader, text):
    """Pids of a group whose title is exactly `text`, in order."""
    return sorted(pid for pid in group(leader) if title(pid) == text)


def kill_group(leader):
    for pid in group(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def children(parent, text):
    """Pids of a process's children whose title is exactly `text`, in order."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            stat = _stat(name)
        except (OSError, IndexError):
            continue
        if stat["parent"] == parent and title(name) == text:
            found.append(int(name))
    return sorted(found)
