"""Client and server transactions: the machines of `tables.py` with sending and timers.

Why: a transaction hides loss from those above it: it resends, absorbs resent messages and
ends by itself. What it must still answer after its end it leaves in `aftermath.py`. Look next
at `layer.py`, which finds the transaction of a message.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from firmware.sip.messages.compose import Outgoing
from firmware.sip.transactions.size_switch import SizeSwitch
from firmware.sip.transactions.tables import (
    CAPPED,
    DURATIONS_S,
    ONLY_UNRELIABLE,
    T1_S,
    T2_S,
    Table,
)
from firmware.sip.transactions.timer_heap import Timer, TimerHeap
from firmware.sip.transports.transport import Address, Transport

log = logging.getLogger(__name__)


class Layer(Protocol):
    """What a transaction needs of the `TransactionLayer` that holds it."""

    timers: TimerHeap
    size_switch: SizeSwitch

    def forget(self, transaction: Any) -> None:
        """The transaction is over."""

    def leave(self, transaction: Any, life_s: float, octets: bytes) -> None:
        """The transaction is over, but for `life_s` seconds copies get `octets` for an answer."""

    def request(self, outgoing: Outgoing, transport: Transport, address: Address, user: None) -> Any:
        """Start another client transaction (the CANCEL of an INVITE)."""


class Transaction:
    """What all four machines share: the table, the two timers and the octets to resend."""

    __slots__ = (
        "_interval_s",
        "_layer",
        "_life",
        "_octets",
        "_resend",
        "_resend_cap_s",
        "_table",
        "address",
        "key",
        "state",
        "transport",
    )

    def __init__(
        self, layer: Layer, key: str, table: Table, state: str, transport: Transport, address: Address
    ) -> None:
        self._layer = layer
        self._table = table
        self._octets = b""
        self._resend: Timer | None = None
        self._life: Timer | None = None
        self._interval_s = 0.0
        self._resend_cap_s = 0.0
        self.key = key
        self.state = state
        self.transport = transport
        self.address = address

    def step(self, event: str, message: Any = None) -> None:
        """Feed one event: a column of the table, with the message that caused it if any."""
        row = self._table.get((self.state, event))
        if row is None:
            log.debug("sip: transaction %s: %s in state %s ignored", self.key, event, self.state)
            return
        self.state = row[0]
        for action, letter in row[1]:
            getattr(self, action)(letter or message)

    def _do_life(self, letter: str) -> None:
        if self._life is not None:
            self._life.cancel()
        reliable = self.transport.reliable and letter in ONLY_UNRELIABLE
        self._life = self._layer.timers.after(0.0 if reliable else DURATIONS_S[letter], self._life_over)

    def _do_leave(self, letter: str) -> None:
        """End, but for copies that may still come."""
        self._do_quiet(None)
        self._do_stop_life(None)
        reliable = self.transport.reliable and letter in ONLY_UNRELIABLE
        self._layer.leave(self, 0.0 if reliable else DURATIONS_S[letter], self._octets)

    def _life_over(self) -> None:
        self.step("life_over")

    def _do_resend(self, letter: str) -> None:
        if not self.transport.reliable:
            self._interval_s = T1_S
            self._resend_cap_s = T2_S if letter in CAPPED else 64 * T1_S
            self._resend = self._layer.timers.after(T1_S, self.step, "resend")

    def _do_send(self, _: Any) -> None:
        if self._octets and not self.transport.send(self._octets, self.address):
            asyncio.get_running_loop().call_soon(self.lost)

    def lost(self) -> None:
        """What was sent cannot arrive: it was refused, or the connection is gone."""
        self.step("unreachable")

    def _do_again(self, _: Any) -> None:
        self._do_send(None)
        self._interval_s = min(self._interval_s * 2, self._resend_cap_s)
        self._resend = self._layer.timers.after(self._interval_s, self.step, "resend")

    def _do_quiet(self, _: Any) -> None:
        if self._resend is not None:
            self._resend.cancel()
            self._resend = None

    def _do_slow(self, _: Any) -> None:
        self._interval_s = T2_S

    def _do_stop_life(self, _: Any) -> None:
        if self._life is not None:
            self._life.cancel()
            self._life = None

    def _do_shed(self, _: Any) -> None:
        self._octets = b""

    def _do_end(self, _: Any) -> None:
        self._do_quiet(None)
        self._do_stop_life(None)
        self._layer.forget(self)
