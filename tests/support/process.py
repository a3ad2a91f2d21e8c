"""What the kernel knows of a process (proc(5))."""

import os
import pathlib


def memory_kib(pid, name="VmRSS"):
    """VmRSS (resident now) or VmHWM (the most it ever was), in KiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise KeyError(name)


def open_files(pid):
    """The targets of all open file descriptors."""
    targets = []
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        try:
            targets.append(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
        except FileNotFoundError:
            continue  # closed meanwhile
    return targets
