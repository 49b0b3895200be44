"""Everything about NAT that the agent has, in one hand: public address, STUN, pings, rewriting routers.

Why: the transaction layer meets packets that belong to no transaction, and hands them here;
the agent starts and stops this and asks what is to be told to people.
Look next at `public_address.py`, `pings.py` and `alg_watch.py`.
"""

from __future__ import annotations

import asyncio
import logging

from firmware.config.load import Notice
from firmware.sip.accounts.registrar import Registrar
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.directory import Directory
from firmware.sip.messages.message import Request, Response
from firmware.sip.nat.alg_watch import AlgWatch
from firmware.sip.nat.networks import is_private
from firmware.sip.nat.pings import Pings
from firmware.sip.nat.public_address import Known, PublicAddress
from firmware.sip.nat.stun import StunError, binding_answer, parse_stun
from firmware.sip.transports.transport import Address, Transport

log = logging.getLogger(__name__)


class NatCare:
    """Made when the transports are open. It is the layer's `Beside`."""

    def __init__(self, context: SipContext, registrar: Registrar, directory: Directory) -> None:
        settings = context.settings
        self._public = PublicAddress(settings, context.transports["UDP"], context.locator.locate)
        self._registrar = registrar
        self._alg = AlgWatch(asyncio.get_running_loop().time, self._sources, context.transports["UDP"].local_ip)
        self._pings = Pings(registrar.all_bindings, directory.way, settings.keepalive_s)

    def start(self) -> None:
        self._public.start()
        self._pings.start()

    def stop(self) -> None:
        self._pings.stop()
        self._public.stop()

    def public_address(self) -> Known | None:
        """What peers outside are told, None while that is the local address."""
        return self._public.known()

    def notices(self) -> list[Notice]:
        """What somebody should mend: routers that rewrite SIP, or give every peer another port."""
        return self._alg.notices() + self._public.notices()

    def _sources(self) -> set[Address]:
        """Where phones are registered from."""
        return {(binding.source_ip, binding.source_port) for binding in self._registrar.all_bindings()}

    # -- for the transaction layer -------------------------------------------------
    def stun_arrived(self, transport: Transport, data: bytes, source: Address) -> None:
        """A phone's question is answered (RFC 5626 4.4.2); an answer goes to who asked."""
        try:
            message = parse_stun(data)
        except StunError as error:
            log.debug("sip: dropped %d octets from %s:%d: %s", len(data), *source, error)
            return
        if message.is_request:
            transport.send(binding_answer(message, source), source)
        else:
            self._public.answer_arrived(message, source)

    def message_arrived(self, message: Request | Response, data: bytes) -> None:
        """Any message over UDP, before it is checked."""
        self._alg.message_arrived(message, data)

    def response_arrived(self, sent: bytes, response: Response) -> None:
        """A response over UDP to the request `sent` of ours; b"" when that is not known any more."""
        if is_private(response.source[0]):
            return
        self._alg.response_arrived(sent, response)
        params = response.via.params
        ip, port = params.get("received", ""), params.get("rport", "")
        if ip and port.isascii() and port.isdigit():
            self._public.seen_by_peer(ip, int(port[:6]))

    def stray_response(self, response: Response) -> None:
        """A response to no transaction: perhaps to a ping."""
        sent = self._pings.answered(response)
        if sent:
            self.response_arrived(sent, response)
        else:
            log.debug("sip: stray response %d from %s:%s", response.status, *response.source)
