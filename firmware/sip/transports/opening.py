"""Opening the transports that the settings ask for.

Why: the agent only wants them by name. Look next at `udp.py`, `tcp.py` and `tls.py`.
"""

from __future__ import annotations

import logging

from firmware.sip.settings import SipSettings
from firmware.sip.transports.connection import StreamLimits
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.tcp import TcpTransport
from firmware.sip.transports.transport import Transport, TransportUser
from firmware.sip.transports.udp import UdpTransport

log = logging.getLogger(__name__)

_IDLE_BEYOND_S = 300.0


def open_transports(settings: SipSettings, user: TransportUser) -> dict[str, Transport]:
    """All of them by name. Raises OSError when a port is taken, and leaves nothing open."""
    own = OwnAddresses(settings.listen, settings.advertise_ip)
    limits = StreamLimits(idle_s=settings.max_expires_s + _IDLE_BEYOND_S)
    opened: dict[str, Transport] = {}
    try:
        opened["UDP"] = UdpTransport(user.receive, own, settings.udp_port)
        if settings.tcp_port is not None:
            opened["TCP"] = TcpTransport(user, own, settings.tcp_port, limits)
    except OSError:
        for transport in opened.values():
            transport.close()
        raise
    for transport in opened.values():
        transport.siblings = opened
        where = " and ".join(settings.listen)
        log.info("sip: listening on %s %s port %d", where, transport.name.lower(), transport.port)
    return opened
