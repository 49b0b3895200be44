"""A session in its dialog: what both sides may change in it, and what keeps it alive.

Why: re-INVITE and UPDATE of either side, the 2xx that waits for its ACK, BYE and the session
timer share one state; a leg has one session, a ringing call may have several until one is
answered. Look next at `offer_exchange.py` (whose turn it is), `keeper.py` (refreshes) and
`leg.py`, the owner.
"""

from __future__ import annotations

import logging

from firmware.media.offer_answer import NotAcceptable
from firmware.sip.calls.ack_wait import AckWait
from firmware.sip.calls.asserted import asserted_identity
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.keeper import Keeper, KeptLeg
from firmware.sip.calls.offer_exchange import SDP_TYPE, OfferExchange, Turn, busy, read_offer
from firmware.sip.calls.signed import send_in_dialog
from firmware.sip.messages.message import Message, Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transports.transport import Transport
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party

log = logging.getLogger(__name__)


class Session:
    """Early until `confirmed`. The owner hands it the requests of its dialog."""

    __slots__ = (
        "_ack_wait", "_bye_after_ack", "_context", "_told", "dialog", "exchange", "keeper", "owner", "owns_call_id",
        "takes_update",
    )  # fmt: skip

    def __init__(
        self, context: SipContext, owner: KeptLeg, dialog: Dialog, exchange: OfferExchange, *, owns_call_id: bool
    ) -> None:
        self._context = context
        self.owner = owner
        self._ack_wait: AckWait | None = None
        self._bye_after_ack: str | None = None
        self.dialog = dialog
        self.exchange = exchange
        self.owns_call_id = owns_call_id
        """Whether the INVITE that began the dialog was ours."""
        self.keeper: Keeper | None = None
        """None while the dialog is early, and after its end."""
        self.takes_update = False
        """Of an early dialog: the peer has said that it knows UPDATE."""
        self._told: Party | None = None

    # -- becoming confirmed --------------------------------------------------------------
    def confirmed(self, response: Response) -> None:
        """The 2xx to our INVITE came."""
        self.keeper = Keeper(self, self._context, response)
        self.keeper.granted(response)

    def confirm(self, transaction: ServerTransaction, text: str, routes: str) -> None:
        """Answer the INVITE of a caller with 200. routes: Record-Route lines to give back."""
        invite = transaction.request
        assert invite is not None
        self.keeper = Keeper(self, self._context, invite)
        headers = routes + self.keeper.accept(self.keeper.judge(invite))
        self._send_ok(transaction, invite.cseq[0], text, headers)

    # -- the peer changes it ---------------------------------------------------------------
    def reinvited(self, request: Request, transport: Transport) -> None:
        """Hold, resume, new address: answered at once (RFC 3261 14.2). Raises Refusal."""
        keeper = self.keeper
        if keeper is None:
            raise Refusal(491) if self.owns_call_id else busy("The first INVITE is not answered yet")
        self.exchange.admit()
        terms = keeper.judge(request)
        offered = read_offer(request)
        text = self.exchange.offer() if offered is None else self.exchange.answer(offered)
        self.dialog.refresh_target(request)
        transaction = self._context.transactions.accept(request, transport, self)
        if self._ack_wait is not None:
            self._ack_wait.stop()
        self._send_ok(transaction, request.cseq[0], text, keeper.accept(terms))
        if offered is not None:
            self.owner.session_changed()

    def updated(self, request: Request, transport: Transport) -> None:
        """UPDATE: a new target, maybe an offer, maybe a refresh (RFC 3311 5.2). Raises Refusal."""
        keeper = self.keeper
        terms = keeper.judge(request) if keeper is not None else None
        offered = read_offer(request)
        text = ""
        if offered is not None:
            self.exchange.admit()
            text = self.exchange.answer(offered)
        self.dialog.refresh_target(request)
        transaction = self._context.transactions.accept(request, transport)
        headers = self.contact_line(transaction) + self._context.common_headers
        if keeper is not None and terms is not None:
            headers += keeper.accept(terms)
        transaction.respond(200, headers=headers + SDP_TYPE if text else headers, body=text)
        if text:
            self.owner.session_changed()

    # -- we tell something -----------------------------------------------------------------
    def tell_caller(self, party: Party) -> None:
        """Who calls has become known: an UPDATE says it, early or later (RFC 3311 5.1, RFC 3325 9.1)."""
        dialog = self.dialog
        hop = dialog.hop
        line = asserted_identity(party, hop.transport.contact_place(hop.address[0]))
        if not line or party == self._told:
            return
        if self.keeper is not None:
            self.keeper.tell_identity(line)
        elif self.takes_update:
            contact = f"Contact: {dialog.contact(hop.transport, hop.address[0])}\r\n"
            headers = contact + self._context.change_headers + line
            send_in_dialog(self._context, dialog, dialog.request("UPDATE", headers=headers))
        else:
            return
        self._told = party

    # -- a 2xx of ours and its ACK -----------------------------------------------------------
    def _send_ok(self, transaction: ServerTransaction, cseq: int, text: str, headers: str) -> None:
        """200, sent again until acknowledged."""
        headers += self.contact_line(transaction) + self._context.common_headers
        octets = transaction.respond(
            200, to_tag=self.dialog.local_tag, headers=headers + SDP_TYPE if text else headers, body=text
        )
        wants_answer = self.exchange.turn is Turn.OURS
        timers = self._context.timers
        self._ack_wait = AckWait(timers, transaction, octets, cseq, self._never_acknowledged, wants_answer=wants_answer)

    def contact_line(self, transaction: ServerTransaction) -> str:
        return f"Contact: {self.dialog.contact(transaction.transport, transaction.address[0])}\r\n"

    @property
    def unacknowledged(self) -> bool:
        """A 2xx of ours waits for its ACK."""
        return self._ack_wait is not None

    def acknowledged(self, ack: Request) -> None:
        """The ACK for our 2xx."""
        wait = self._ack_wait
        if wait is None or ack.cseq[0] != wait.cseq:
            return
        wait.stop()
        self._ack_wait = None
        if self._bye_after_ack is not None:
            self.bye(self._bye_after_ack)
        elif wait.wants_answer:
            self.take_late_answer(ack)

    def cancelled(self, cancel: Request) -> None:
        """A CANCEL for a re-INVITE comes too late: those are answered at once."""

    def take_late_answer(self, message: Message) -> None:
        """The answer to an offer we made in a response; without a usable one the call ends."""
        try:
            self.exchange.take_answer(message)
        except NotAcceptable as error:
            log.info("%s: %s", self.owner.leg_id, error)
            self.owner.session_lost(Cause.INCOMPATIBLE_DESTINATION)
            return
        self.owner.session_changed()

    def _never_acknowledged(self) -> None:
        log.info("%s: our 200 was never acknowledged", self.owner.leg_id)
        assert self._ack_wait is not None
        self._ack_wait.stop()
        self._ack_wait = None
        if self._bye_after_ack is not None:
            self.bye(self._bye_after_ack)
        else:
            self.owner.session_lost(Cause.RECOVERY_ON_TIMER)

    # -- the end ---------------------------------------------------------------------------
    @property
    def bye_waits(self) -> bool:
        """A BYE is held back until the ACK; the dialog stays known until then."""
        return self._bye_after_ack is not None

    def bye(self, headers: str) -> None:
        """BYE, held back while our 2xx is unacknowledged (RFC 3261 15)."""
        self._stop_keeping()
        if self._ack_wait is not None:
            self._bye_after_ack = headers
            return
        self._bye_after_ack = None
        dialog = self.dialog
        self._context.dialogs.pop(dialog.key, None)
        bye = dialog.request("BYE", headers=headers)
        send_in_dialog(self._context, dialog, bye)

    def drop(self) -> None:
        """The peer ended it: from now on the dialog's requests get 481."""
        self._stop_keeping()
        self._bye_after_ack = None
        if self._ack_wait is not None:
            self._ack_wait.stop()
            self._ack_wait = None
        self._context.dialogs.pop(self.dialog.key, None)

    def _stop_keeping(self) -> None:
        if self.keeper is not None:
            self.keeper.stop()
            self.keeper = None
