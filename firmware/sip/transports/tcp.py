"""SIP over TCP (RFC 3261 18).

Everything is in `stream.py`; TLS differs in `tls.py`.
"""

from __future__ import annotations

from firmware.sip.transports.stream import StreamTransport


class TcpTransport(StreamTransport):
    """SIP over TCP connections."""

    name = "TCP"
