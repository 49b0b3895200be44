"""Opening the transports that the settings ask for.

Why: the agent only wants them by name. Look next at `udp.py`, `tcp.py` and `tls.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware.sip.settings import SipSettings
from firmware.sip.transports.connection import StreamLimits
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.stream import StreamTransport
from firmware.sip.transports.tcp import TcpTransport
from firmware.sip.transports.transport import Transport, TransportUser, host_text
from firmware.sip.transports.udp import UdpTransport

log = logging.getLogger(__name__)

_IDLE_BEYOND_S = 300.0


@dataclass(frozen=True, slots=True)
class Listening:
    """A transport. fault: why it takes no connections or goes on with an old certificate, "" while all is well."""

    transport: str
    addresses: list[str]
    port: int
    connections: int
    fault: str


def describe(transports: Iterable[Transport], listen: Sequence[str]) -> list[Listening]:
    """What is open, for people to read."""
    places = [host_text(ip) for ip in listen]
    return [Listening(one.name, places, one.port, one.connections, one.fault) for one in transports]


def open_transports(settings: SipSettings, user: TransportUser) -> dict[str, Transport]:
    """All of them by name. Raises OSError when a port is taken, and leaves nothing open."""
    own = OwnAddresses(settings.listen, settings.advertise_ip, settings.local_networks)
    limits = StreamLimits(idle_s=settings.max_expires_s + _IDLE_BEYOND_S)
    opened: dict[str, Transport] = {}
    try:
        opened["UDP"] = UdpTransport(user.receive, own, settings.udp_port)
        if settings.tcp_port is not None:
            opened["TCP"] = TcpTransport(user, own, settings.tcp_port, limits)
        if settings.tls_port is not None:
            opened["TLS"] = _tls(settings, settings.tls_port, user, own, limits)
    except OSError:
        for transport in opened.values():
            transport.close()
        raise
    for transport in opened.values():
        transport.siblings = opened
        where = " and ".join(settings.listen)
        log.info("sip: listening on %s %s port %d", where, transport.name.lower(), transport.port)
    return opened


def _tls(
    settings: SipSettings, port: int, user: TransportUser, own: OwnAddresses, limits: StreamLimits
) -> StreamTransport:
    """Imported here, since a house without TLS need not hold it in memory."""
    from firmware.sip.transports.certificates import TlsFiles
    from firmware.sip.transports.tls import TlsTransport

    client_ca = Path(settings.tls_client_ca) if settings.tls_client_ca else None
    ca = Path(settings.tls_ca) if settings.tls_ca else None
    files = TlsFiles(Path(settings.tls_certificate), Path(settings.tls_key), client_ca, ca)
    return TlsTransport(user, own, port, limits, files)
