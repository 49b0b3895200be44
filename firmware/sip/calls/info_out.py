"""Digits to a peer by INFO, where it takes them no other way or the installer says so (`[sip] dtmf`).

Why: each digit is a request of its own, and only order makes them a number; so one waits for the
answer to the one before. Look next at `info.py` for the body, and at `leg.py`, which decides.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.info import RELAY_TYPE, Signal, relay_body
from firmware.sip.calls.signed import send_in_dialog
from firmware.sip.messages.message import Response
from firmware.sip.transactions.client_transaction import ClientTransaction

log = logging.getLogger(__name__)

_MOST_WAITING = 32
_NOT_TAKEN = {405, 415, 469, 488, 489, 501}
"""The peer knows no INFO, or no such body: it never will."""


class InfoDigits:
    """Of one dialog. refused: called once when the peer takes none of them, with those not sent."""

    __slots__ = ("_context", "_dialog", "_refused", "_waiting")

    def __init__(self, context: SipContext, dialog: Dialog, refused: Callable[[list[Signal]], None]) -> None:
        self._context = context
        self._dialog = dialog
        self._refused: Callable[[list[Signal]], None] | None = refused
        self._waiting: deque[Signal] = deque()

    def send(self, signal: Signal) -> None:
        """Queue a digit; the ones after the 32nd that waits are dropped."""
        if len(self._waiting) >= _MOST_WAITING:
            log.warning("sip: call-id %s: a digit dropped: the peer answers no INFO", self._dialog.call_id)
            return
        self._waiting.append(signal)
        if len(self._waiting) == 1:
            self._send_first()

    def stop(self) -> None:
        """The call is over."""
        self._refused = None
        self._waiting.clear()

    def _send_first(self) -> None:
        request = self._dialog.request("INFO", headers=RELAY_TYPE, body=relay_body(self._waiting[0]))
        send_in_dialog(self._context, self._dialog, request, self)

    # -- told by the transaction ---------------------------------------------------------
    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        if response.status >= 200:
            self._done(response.status)

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        self._done(status)

    def _done(self, status: int) -> None:
        if self._refused is None:
            return
        if status in _NOT_TAKEN:
            rest, refused = list(self._waiting), self._refused
            log.info("sip: call-id %s: digits by INFO refused: %d", self._dialog.call_id, status)
            self.stop()
            refused(rest)
            return
        self._waiting.popleft()
        if status >= 300:
            log.warning("sip: call-id %s: a digit by INFO failed: %d", self._dialog.call_id, status)
        if self._waiting:
            self._send_first()
