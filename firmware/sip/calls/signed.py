"""Requests of ours in a dialog that change nothing in it, signed where the other side wants it (RFC 3261 22.2).

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
from firmware.sip.transactions.client_transaction import ClientTransaction, ClientUser

_TRIES = 3


def send_in_dialog(context: SipContext, dialog: Dialog, request: Outgoing, user: ClientUser | None = None) -> None:
    """See `request` (from `dialog.request`) through. user: is told all but the challenges that were met."""
    if dialog.signer is not None:
        user = _SignedRequest(context, dialog, request, user)
    context.transactions.request(request, *dialog.hop, user)


class _SignedRequest:
    """Sends the request again when it is challenged."""

    __slots__ = ("_context", "_dialog", "_request", "_tries", "_user")

    def __init__(self, context: SipContext, dialog: Dialog, request: Outgoing, user: ClientUser | None) -> None:
        self._context = context
        self._dialog = dialog
        self._request = request
        self._tries = 1
        self._user = user

    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        signer, sent = self._dialog.signer, self._request
        challenged = response.status in CHALLENGES and signer is not None and self._tries < _TRIES
        if challenged and signer is not None and signer.learn(response, again=self._tries > 1):
            self._tries += 1
            self._request = self._dialog.request(sent.method, headers=sent.headers, body=sent.body)
            self._context.transactions.request(self._request, *self._dialog.hop, self)
        elif self._user is not None:
            self._user.responded(transaction, response)

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        if self._user is not None:
            self._user.unanswered(transaction, status)
