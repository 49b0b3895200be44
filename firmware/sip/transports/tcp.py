"""SIP over TCP (RFC 3261 18).

Everything is in `stream.py`; TLS differs in `tls.py`.
"""

from __future__ import annotations

from firmware.sip.transports.connection import StreamLimits
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.stream import StreamTransport
from firmware.sip.transports.transport import TransportUser


class TcpTransport(StreamTransport):
    """SIP over TCP connections."""

    name = "TCP"

    def __init__(self, user: TransportUser, own: OwnAddresses, port: int, limits: StreamLimits) -> None:
        super().__init__(user, own, port, limits)
        self.listen()
