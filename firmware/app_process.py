"""What core wants of the operating system: to go first, a socket for each call, and systemd told when it serves."""

from __future__ import annotations

import contextlib
import os
import resource

NICE = -10
FILES_MOST = 8192


def go_first() -> None:
    """Calls before everything else the machine does, and a socket for each, where we may say so (see the unit)."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES_MOST:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES_MOST, hard), hard))


def notify_ready() -> None:
    """Tell systemd; does nothing elsewhere."""
    try:
        from systemd.daemon import notify
    except ImportError:
        return
    notify("READY=1")
