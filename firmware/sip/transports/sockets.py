"""Sockets bound for listening, one for each address and all on the same port.

Why: UDP and the stream transports open theirs alike; IPv6 sockets never take IPv4, so that
both can be bound side by side. Look next at `udp.py` and `stream.py`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
from collections.abc import Sequence

log = logging.getLogger(__name__)

_CS3 = 24 << 2
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def listening_sockets(
    listen: Sequence[str], port: int, kind: socket.SocketKind
) -> tuple[dict[str, socket.socket], int]:
    """Nonblocking sockets by their address, and the port all have. port 0: the system chooses.

    "::" is left out, with a warning, on a machine without IPv6 where another address is given too.
    Raises OSError and leaves nothing open.
    """
    with contextlib.ExitStack() as opened:
        sockets: dict[str, socket.socket] = {}
        for ip in listen:
            try:
                sock = opened.enter_context(_bound(ip, port, kind))
            except OSError as error:
                if ip == "::" and len(listen) > 1 and error.errno in _NO_IPV6:
                    log.warning("sip: this machine has no IPv6: listening without it")
                    continue
                raise OSError(error.errno, f"{ip} port {port}: {error.strerror}") from error
            sockets[ip] = sock
            port = sock.getsockname()[1]
        opened.pop_all()
    return sockets, port


def mark_signalling(sock: socket.socket) -> None:
    """Mark what it sends as class selector 3, by which routers let call signalling pass before mere data."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _CS3)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _CS3)


def _bound(ip: str, port: int, kind: socket.SocketKind) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, kind)
    try:
        sock.setblocking(False)
        mark_signalling(sock)
        if ":" in ip:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of our last life may linger
        sock.bind((ip, port))
    except OSError:
        sock.close()
        raise
    return sock
