"""Tells each host name that Python asks the system for, also where `sendto` and `connect` do so behind the scenes.

Standard library only: `sitecustomize.py` brings it into the processes of a site.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any

_ASKING = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
_SENDING = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"}


def tell(to: Callable[[str, str], None]) -> None:
    """Call `to(event, host)` for each from now on. An audit hook stays for the life of the process."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in _ASKING:
            host = args[0][0] if isinstance(args[0], tuple) else args[0]
        elif event in _SENDING:
            host = args[1][0] if isinstance(args[1], tuple) and len(args[1]) > 1 else None
        else:
            return
        if event == "socket.gethostbyaddr" or not _is_numeric(host):
            to(event, str(host))

    sys.addaudithook(hook)


def _is_numeric(host: object) -> bool:
    """Also what is no host at all: None, "", the pid of a netlink address."""
    if isinstance(host, bytes):
        host = host.decode("latin-1")
    if not isinstance(host, str) or not host:
        return True
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False
