"""What comes from the transports: octets become messages, in their turn, and a `Refusal` becomes a response.

Why: this is the one place that looks at octets from the network. Refusals, and the challenges among them, are
answered without keeping state (RFC 3261 8.2.7), so a flood of bad requests leaves nothing behind.
Look next at `layer.py`, which finds the transaction of a message, and `intake.py`, which says whose turn it is.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from firmware.sip.messages.message import Request, Response, parse
from firmware.sip.messages.status import Refusal, Silence
from firmware.sip.transactions.intake import Arrival, Intake, begins_something
from firmware.sip.transactions.matching import REFUSED
from firmware.sip.transactions.refusal_log import RefusalLog
from firmware.sip.transports.transport import Address, Transport
from firmware.telephony.codes import explained


class Beside(Protocol):
    """Who takes what arrives over UDP and belongs to no transaction, and looks on at the rest (`nat.care.NatCare`)."""

    def stun_arrived(self, transport: Transport, data: bytes, source: Address) -> None: ...
    def stray_response(self, response: Response) -> None: ...
    def message_arrived(self, message: Request | Response, data: bytes) -> None: ...
    def response_arrived(self, sent: bytes, response: Response) -> None: ...


class Layer(Protocol):
    """Who takes messages (`layer.TransactionLayer`). Both may raise Refusal or Silence."""

    beside: Beside | None

    def request_arrived(self, request: Request, transport: Transport, new_welcome: bool) -> None:
        """new_welcome: False refuses what would begin something."""

    def response_arrived(self, response: Response) -> None: ...
    def connections_lost(self, lost: set[tuple[str, Address]]) -> None:
        """They are gone, each known by its transport's name and the far address."""

    def answer_without_state(
        self, request: Request, transport: Transport, status: int, *, reason: str = "", headers: str = ""
    ) -> None: ...


class Arrivals:
    """The user of all transports of one agent."""

    def __init__(self, layer: Layer) -> None:
        self.intake = Intake(self._handle)
        self._layer = layer
        self._refusals = RefusalLog()
        self._lost: set[tuple[str, Address]] = set()

    def close(self) -> None:
        self.intake.close()
        self._refusals.close()

    def receive(self, transport: Transport, data: bytes, source: Address, fault: Refusal | None = None) -> None:
        """One datagram or message of a stream, whatever it holds. Never raises for what the peer did.

        fault: the stream's frame was broken, and the message is to be refused with this.
        """
        if len(data) < 16:
            return  # keep-alive (RFC 5626 3.5) or noise
        if data[0] < 2 and not transport.reliable:
            if self._layer.beside is not None:
                self._layer.beside.stun_arrived(transport, data, source)
            return
        if data.startswith(b"ACK ") and REFUSED in data:
            return  # to a refusal that left nothing behind
        arrival = (transport, data, source, fault)
        orderly = fault is None and begins_something(data)
        if not orderly and not (self.intake and data.startswith(b"CANCEL")):
            self._handle(arrival)
        elif not self.intake.take(arrival) and self.intake.may_refuse():
            self._handle(arrival, new_welcome=False)

    def _handle(self, arrival: Arrival, *, new_welcome: bool = True) -> None:
        transport, data, source, fault = arrival
        request = None
        try:
            message = parse(data, source)
            if self._layer.beside is not None and not transport.reliable:
                self._layer.beside.message_arrived(message, data)
            if isinstance(message, Response):
                self._layer.response_arrived(message)
                return
            request = message
            request.fault = fault or request.fault
            self._layer.request_arrived(request, transport, new_welcome)
        except Silence as silence:
            self._refusals.note("sip: dropped %d octets from %s:%s: %s", len(data), *source, silence)
        except Refusal as refusal:
            if request is None or request.method == "ACK":
                self._refusals.note("sip: dropped %d octets from %s:%s: %s", len(data), *source, refusal)
                return
            if refusal.status not in {401, 407} and new_welcome:
                self._refusals.note(
                    "sip: %s from %s:%s refused: %s: %s", request.method, *source, refusal, explained(refusal.status)
                )
            self._layer.answer_without_state(
                request, transport, refusal.status, reason=refusal.why, headers=refusal.headers
            )

    def lost(self, transport: Transport, address: Address) -> None:
        """A connection is gone: requests of ours that wait on it fail. Many lost at once cost one look."""
        if not self._lost:
            asyncio.get_running_loop().call_soon(self._tell_lost)
        self._lost.add((transport.name, address))

    def _tell_lost(self) -> None:
        lost, self._lost = self._lost, set()
        self._layer.connections_lost(lost)
