"""Requests too large for a datagram go by TCP (RFC 3261 18.1.1).

Why: routers drop what IP has to cut into pieces, so an INVITE that outgrew the packet never
arrives. Whether a peer has TCP is only known by trying; who has none is remembered. Used by
`layer.py`; how a request goes back to UDP is in `client_transaction.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from firmware.sip.messages.compose import Outgoing
from firmware.sip.transports.transport import Address, Transport

log = logging.getLogger(__name__)

LARGE_OCTETS = 1300
"""Beyond this a request may not fit into one packet on its way."""
_NO_STREAM_S = 600.0
_NO_STREAM_KEPT = 256


class SizeSwitch:
    """allowed: whether a large request to this UDP peer is first tried over TCP; set by the agent."""

    def __init__(self) -> None:
        self.allowed: Callable[[Address], bool] = lambda _: False
        self._no_stream: dict[Address, float] = {}

    def stream_for(self, outgoing: Outgoing, transport: Transport, address: Address) -> Transport | None:
        """TCP for a large request, unless its URI, the settings or an earlier failure speak against it."""
        stream = transport.siblings.get("TCP")
        if stream is None or ";transport=udp" in outgoing.uri.lower() or not self.allowed(address):
            return None
        return None if self._no_stream.get(address, 0.0) > asyncio.get_running_loop().time() else stream

    def went_back(self, address: Address) -> None:
        """A peer refused TCP: not tried again for 10 min."""
        log.info("sip: %s:%d takes no TCP: a large request goes by UDP", *address)
        if len(self._no_stream) >= _NO_STREAM_KEPT:
            del self._no_stream[next(iter(self._no_stream))]
        self._no_stream[address] = asyncio.get_running_loop().time() + _NO_STREAM_S
