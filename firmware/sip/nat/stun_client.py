"""Asks a STUN server which address our SIP socket has outside, again and again (RFC 8489 6.2.1).

Why: behind a NAT router nobody but a server outside can tell; asking every half minute also
keeps the router's way in open, and notices at once when the provider hands out another address.
Nothing ever waits for an answer: until one comes, and when none comes any more, what is known
stays. Look next at `stun.py` and `public_address.py`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Callable

from firmware.sip.nat.stun import StunError, StunMessage, binding_request, mapped_address
from firmware.sip.transports.transport import Address

log = logging.getLogger(__name__)

FIRST_RESEND_S = 0.5
"""RTO of RFC 8489 6.2.1; each further resend waits twice as long."""
REQUESTS = 7
LAST_WAIT_S = 16 * FIRST_RESEND_S
REFRESH_S = (25.0, 30.0)
"""Time from an answer to the next request, drawn anew each time: below the 30 s of the hastiest routers."""


class StunClient:
    """send(octets, address): from the SIP socket. learnt(address): told every answer.

    server: text for log lines. `start` begins with an address to ask, `stop` ends.
    """

    def __init__(
        self, server: str, send: Callable[[bytes, Address], object], learnt: Callable[[Address], None]
    ) -> None:
        self._server = server
        self._send = send
        self._learnt = learnt
        self._address: Address | None = None
        self._id = b""
        self._sent = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failing = False
        self._why = ""

    def start(self, address: Address) -> None:
        """Ask `address` from now on; another address than before is asked at once."""
        if address != self._address:
            self._address = address
            self._ask()

    def stop(self) -> None:
        self._address = None
        self._id = b""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def answer_arrived(self, message: StunMessage, source: Address) -> None:
        """A STUN response came to the SIP port. What is not the server's answer to the open request is passed over."""
        if not self._id or source != self._address:
            return
        try:
            found = mapped_address(message, self._id)
        except StunError as error:
            self._why = str(error)
            return
        self._id = b""
        if self._failing:
            self._failing = False
            log.info("sip: STUN server %s answers again", self._server)
        self._later(random.uniform(*REFRESH_S), self._ask)
        self._learnt(found)

    def _ask(self) -> None:
        self._id = secrets.token_bytes(12)
        self._sent = 0
        self._why = ""
        self._send_request()

    def _send_request(self) -> None:
        if self._address is None:
            return
        self._send(binding_request(self._id), self._address)
        self._sent += 1
        if self._sent < REQUESTS:
            self._later(FIRST_RESEND_S * 2 ** (self._sent - 1), self._send_request)
        else:
            self._later(LAST_WAIT_S, self._unanswered)

    def _unanswered(self) -> None:
        if not self._failing:
            self._failing = True
            why = self._why or "it does not answer"
            log.warning("sip: STUN server %s is of no use: %s; what is known stays in use", self._server, why)
        self._ask()

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, call)
