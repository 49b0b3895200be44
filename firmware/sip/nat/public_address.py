"""Our address as the Internet sees it: from the settings, or learnt by STUN from our own SIP socket.

Why: behind a NAT router peers outside must be told the router's address, and providers change
it overnight. Whatever is learnt goes into `OwnAddresses`, which says whom to tell it, and counts
from the next message on. Nothing waits for it. Look next at `stun_client.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from firmware.config.load import Notice
from firmware.sip.nat.stun import StunMessage
from firmware.sip.nat.stun_client import StunClient
from firmware.sip.settings import SipSettings
from firmware.sip.transports.transport import Address, Transport

log = logging.getLogger(__name__)

_STUN_PORT = 3478
_LOOK_AGAIN_S = (60.0, 600.0)
"""How soon a server's name is looked up again: after a failure, and after a success."""

_USELESS = Notice(
    "warning",
    "Our router gives every peer another port (symmetric NAT), so an address learnt by STUN is of little use: "
    "forward the UDP ports for SIP and audio in the router and set sip.public_address",
    "Nuestro router da a cada uno un puerto distinto (NAT simétrico), así que la dirección de STUN sirve de poco: "
    "redirija en el router los puertos UDP de SIP y audio y ponga sip.public_address",
)


class _Place(Protocol):
    """What is found for a name (`dns.search.Target`)."""

    @property
    def transport(self) -> str: ...
    @property
    def ip(self) -> str: ...
    @property
    def port(self) -> int: ...


Locate = Callable[[str, Callable[[Iterable[_Place]], None]], object]
"""Finds a SIP URI's places and tells them, now or later (`dns.locate.Locator.locate`)."""


class Known(NamedTuple):
    """For people to read. stun_server: who told it, "" when the settings did."""

    ip: str
    port: int
    stun_server: str


class PublicAddress:
    """udp: the transport whose socket asks. `start` and `stop` it with the agent."""

    def __init__(self, settings: SipSettings, udp: Transport, locate: Locate) -> None:
        self._server = settings.stun_server
        self._fixed = "" if settings.public_address == "auto" else settings.public_address
        self._udp = udp
        self._locate = locate
        self._client = StunClient(self._server, udp.send, self._learnt) if self._server else None
        self._looking: asyncio.TimerHandle | None = None
        self._seen: Address | None = None
        self._varies = False
        if settings.advertise_ip is not None and (self._fixed or self._server):
            log.warning("sip: sip.advertise is told to every peer: public_address and stun_server have no effect")
        if self._fixed:
            udp.own.public = (self._fixed, 0)

    def start(self) -> None:
        if self._client is not None:
            self._look()

    def stop(self) -> None:
        if self._client is not None:
            self._client.stop()
            self._client = None
        if self._looking is not None:
            self._looking.cancel()

    def known(self) -> Known | None:
        """What peers outside are told now, None while that is the local address."""
        public = self._udp.own.public
        if public is None:
            return None
        return Known(public[0], public[1] or self._udp.port, "" if self._fixed else self._server)

    def notices(self) -> list[Notice]:
        """What somebody should mend."""
        return [_USELESS] if self._varies else []

    def seen_by_peer(self, ip: str, port: int) -> None:
        """A peer outside says where our UDP packets come from (RFC 3581): behind most routers, what STUN says too."""
        if self._fixed or self._seen is None or ip != self._seen[0] or self._varies == (port != self._seen[1]):
            return
        self._varies = not self._varies
        if self._varies:
            log.warning("sip: %s", _USELESS.en)
        else:
            log.info("sip: our router gives all peers one port now")

    def answer_arrived(self, message: StunMessage, source: Address) -> None:
        """A STUN message that is no request came to the SIP port."""
        if self._client is not None:
            self._client.answer_arrived(message, source)

    def _look(self) -> None:
        host, _, port = self._server.partition(":")
        self._look_again(_LOOK_AGAIN_S[0])
        self._locate(f"sip:{host}:{port or _STUN_PORT};transport=udp", self._found)

    def _look_again(self, delay_s: float) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = asyncio.get_running_loop().call_later(delay_s, self._look)

    def _found(self, places: Iterable[_Place]) -> None:
        usable = [place for place in places if ":" not in place.ip]
        if usable and self._client is not None:
            self._look_again(_LOOK_AGAIN_S[1])
            self._client.start((usable[0].ip, usable[0].port))

    def _learnt(self, address: Address) -> None:
        if address == self._seen:
            return
        before, self._seen = self._seen, address
        if self._fixed:
            if address[0] != self._fixed:
                log.warning(
                    "sip: STUN server %s sees us at %s, but sip.public_address says %s",
                    self._server, address[0], self._fixed,
                )  # fmt: skip
            return
        self._udp.own.public = address
        if before is None:
            log.info("sip: our public address is %s, SIP port %d, says STUN server %s", *address, self._server)
        else:
            log.warning("sip: our public address changed from %s:%d to %s:%d", *before, *address)
