"""Requests of ours in a dialog that nobody waits for, signed where the other side wants it (RFC 3261 22.2).

Why: a BYE or PRACK is sent and forgotten; but an operator whose nonce is too old by then
refuses it with a challenge, and the call would stay up over there. Only calls with
credentials have a `Signer`, so all others pay nothing.
"""

from __future__ import annotations

from firmware.sip.accounts.signer import CHALLENGES
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.message import Response
from firmware.sip.transactions.client_transaction import ClientTransaction

_TRIES = 3


def send_in_dialog(context: SipContext, dialog: Dialog, request: Outgoing) -> None:
    """See `request` (from `dialog.request`) through."""
    user = _SignedRequest(context, dialog, request) if dialog.signer is not None else None
    context.transactions.request(request, *dialog.hop, user)


class _SignedRequest:
    """Sends the request again when it is challenged."""

    __slots__ = ("_context", "_dialog", "_request", "_tries")

    def __init__(self, context: SipContext, dialog: Dialog, request: Outgoing) -> None:
        self._context = context
        self._dialog = dialog
        self._request = request
        self._tries = 1

    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        signer, sent = self._dialog.signer, self._request
        if response.status not in CHALLENGES or signer is None or self._tries >= _TRIES:
            return
        if signer.learn(response, again=self._tries > 1):
            self._tries += 1
            self._request = self._dialog.request(sent.method, headers=sent.headers, body=sent.body)
            self._context.transactions.request(self._request, *self._dialog.hop, self)

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        """It was the last one anyway."""
