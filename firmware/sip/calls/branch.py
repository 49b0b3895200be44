"""One INVITE of a called leg to one target (RFC 3261 13.2, RFC 6026).

Why: a called leg rings several targets, and each INVITE has a fate of its own that
may outlive the leg: a 200 that crosses our CANCEL still wants its ACK and BYE. A branch
knows its leg only while the leg is interested. Look next at `early.py` (what a provisional
response begins) and `called.py`.
"""

from __future__ import annotations

import logging
from typing import Protocol

from firmware.sip.accounts.signer import CHALLENGES, Signer
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog, dialog_key
from firmware.sip.calls.early import EarlyDialogs
from firmware.sip.calls.keeper import KeptLeg
from firmware.sip.calls.late_answer import hang_up_late
from firmware.sip.calls.offer_exchange import SDP_TYPE, OfferExchange, Turn
from firmware.sip.calls.session import Session
from firmware.sip.calls.session_timer import asking_lines, read_min_se
from firmware.sip.calls.signed import send_in_dialog
from firmware.sip.calls.targets import Target
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.client_transaction import ClientTransaction
from firmware.sip.transactions.timer_heap import Timer
from firmware.sip.transports.hop import Hop
from firmware.sip.transports.transport import Transport
from firmware.telephony.leg import Party

log = logging.getLogger(__name__)

RING_LIMIT_S = 181.0
"""Timer C (RFC 3261 16.6 step 11): a target that rings longer without news is given up."""

_MOST_TRIES = 3


class BranchOwner(KeptLeg, Protocol):
    """The called leg, as its branches see it."""

    def branch_rang(self, branch: Branch, response: Response) -> None: ...
    def branch_answered(self, branch: Branch, session: Session, response: Response) -> None: ...
    def branch_failed(self, branch: Branch, status: int, response: Response | None) -> None: ...


class Branch:
    """Sends its INVITE when made. Lives as long as its transaction, so it is kept small.

    invite: Contact and the like among its headers; what asks for a session timer is added here.
    from_tag: our tag in it. exchange: its offer, or one without an offer yet.
    target: whom it rings, by the first of its ways. wanted: False once `cancel` or `stop_ringing` was called.
    """

    __slots__ = (
        "_cancel_headers", "_context", "_early", "_exchange", "_from_tag", "_hops", "_invite", "_leg",
        "_limit", "_session_lines", "_signer", "_transaction", "_tries", "target", "wanted",
    )  # fmt: skip

    def __init__(
        self,
        leg: BranchOwner,
        context: SipContext,
        invite: Outgoing,
        from_tag: str,
        target: Target,
        hops: int,
        exchange: OfferExchange,
    ) -> None:
        self._leg: BranchOwner | None = leg
        self._context = context
        self._invite = invite
        self._from_tag = from_tag
        self._hops = hops
        self._exchange = exchange
        self._early: EarlyDialogs | None = None
        self._cancel_headers: str | None = None
        self._limit: Timer | None = None
        self._tries = 1
        self.target = target
        self.wanted = True
        self._signer = Signer(target.credentials) if target.credentials is not None else None
        self._session_lines = asking_lines(context.settings.session_expires_s)
        invite.headers = self._session_lines + invite.headers
        self._transaction = context.transactions.request(invite, *target.ways[0].hop, self, hops)

    # -- for the leg ---------------------------------------------------------------------
    @property
    def key(self) -> str:
        """Under which requests in its early dialogs are looked for."""
        return dialog_key(self._invite.call_id, self._from_tag)

    def session(self, remote_tag: str) -> Session | None:
        """The early session with the peer of this tag."""
        return self._early.session(remote_tag) if self._early is not None else None

    def tell_caller(self, party: Party) -> None:
        """Who calls has become known: those that ring are told."""
        for session in self._early.sessions() if self._early is not None else ():
            session.tell_caller(party)

    @property
    def early_media(self) -> OfferExchange | None:
        """What was agreed about the early media to be heard."""
        return self._early.heard if self._early is not None else None

    def cancel(self, headers: str = "") -> None:
        """The leg has no more interest. CANCEL goes out once a provisional response came."""
        self._leg = None
        self.stop_ringing(headers)

    def stop_ringing(self, headers: str = "") -> None:
        """CANCEL, but the leg still takes a 200 that crosses it."""
        self._stop_limit()
        if not self.wanted:
            return
        self.wanted = False
        if self._transaction.may_cancel:
            self._transaction.cancel(headers)
        else:
            self._cancel_headers = headers

    def let_go(self) -> None:
        """The leg is dead; a 200 that comes from now on is hung up."""
        self._leg = None
        self._stop_limit()

    # -- told by the transaction ------------------------------------------------------------
    def responded(self, transaction: ClientTransaction, response: Response) -> None:
        status = response.status
        if status < 200:
            self._provisional(transaction, response)
        elif status < 300:
            self._accepted(transaction, response)
        elif not self._tried_again(response):
            self._failed(status, response)

    def unanswered(self, transaction: ClientTransaction, status: int) -> None:
        """Nothing came in time. Should the telephone wake up late, it is cancelled, or hung up if it answers."""
        if self._cancel_headers is None:
            self._cancel_headers = ""
        self._failed(status, None)

    def _failed(self, status: int, response: Response | None) -> None:
        self._early = None
        self._stop_limit()
        leg, self._leg = self._leg, None
        if leg is not None:
            leg.branch_failed(self, status, response)

    def _provisional(self, transaction: ClientTransaction, response: Response) -> None:
        if response.status > 100:
            if self._early is None and self._leg is not None:
                self._early = EarlyDialogs(
                    self._context, self._leg, self._invite, self._from_tag, self._exchange, self._signer
                )
            if self._early is not None and not self._early.take(response, transaction.transport):
                return
        if self._cancel_headers is not None:
            transaction.cancel(self._cancel_headers)
            self._cancel_headers = None
        elif self._leg is not None and self.wanted:
            if response.status > 100 or self._limit is None:
                self._stop_limit()
                self._limit = self._context.timers.after(RING_LIMIT_S, self._rang_too_long)
            self._leg.branch_rang(self, response)

    def _rang_too_long(self) -> None:
        self._limit = None
        self._failed(480, None)
        self.cancel()

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _accepted(self, transaction: ClientTransaction, response: Response) -> None:
        """The first 200. It may cross our CANCEL; then nobody wants it any more."""
        self._stop_limit()
        session, dialog, exchange, text = self._dialog_of(response, transaction.transport)
        ack = dialog.ack(self._invite.cseq, headers=SDP_TYPE if text else "", body=text)
        needed = bool(self._early) or self._signer is not None or bool(text)
        others = self._answered_too if needed else None  # the agent needs no branch for a plain ACK and BYE
        transaction.acknowledge(response.to.tag, ack, dialog.hop, others)
        self._invite.headers = self._invite.body = ""
        if self._leg is None:
            send_in_dialog(self._context, dialog, dialog.request("BYE"))
            return
        if session is None:
            session = Session(self._context, self._leg, dialog, exchange, owns_call_id=True)
        session.exchange = exchange
        self._leg.branch_answered(self, session, response)

    def _dialog_of(self, response: Response, transport: Transport) -> tuple[Session | None, Dialog, OfferExchange, str]:
        """(early session if there was one, dialog, exchange, our answer if there is an offer in it) of a 2xx."""
        session = self._early.pop(response.to.tag) if self._early is not None else None
        if session is not None:
            dialog, exchange = session.dialog, session.exchange
            dialog.learn(response)
        else:
            dialog = Dialog.as_client(self._invite, self._from_tag, response, transport, self._signer)
            exchange = self._exchange
        if exchange.turn is not Turn.NOTHING:
            return session, dialog, exchange, ""
        exchange = exchange.fork()
        return session, dialog, exchange, exchange.answer_response(response)

    def _answered_too(self, response: Response, transport: Transport) -> tuple[bytes, Hop]:
        """One more telephone behind the same target answered: it lost."""
        _, dialog, _, text = self._dialog_of(response, transport)
        return hang_up_late(self._context, dialog, self._invite.cseq, headers=SDP_TYPE if text else "", body=text)

    def _tried_again(self, response: Response) -> bool:
        """Whether the INVITE was sent once more: signed (RFC 3261 22.2), or for a longer interval (RFC 4028 7.3)."""
        signer = self._signer
        if self._leg is None or not self.wanted or self._tries >= _MOST_TRIES:
            return False
        headers = self._invite.headers
        if response.status in CHALLENGES and signer is not None:
            if not signer.learn(response, again=self._tries > 1):
                return False
        elif response.status == 422:
            lines = self._longer(response)
            if not lines:
                return False
            headers = lines + headers.removeprefix(self._session_lines)
            self._session_lines = lines
        else:
            return False
        self._tries += 1
        self._early = None
        invite = self._invite = self._invite.again(headers)
        if signer is not None:
            invite.signed = signer.lines("INVITE", invite.uri, invite.body)
        old = self._transaction
        self._transaction = self._context.transactions.request(invite, old.transport, old.address, self, self._hops)
        return True

    def _longer(self, response: Response) -> str:
        """What asks for the interval that a 422 wants; "" when that makes no sense."""
        try:
            least_s = read_min_se(response)
        except Refusal:
            return ""
        return asking_lines(max(least_s, self._context.settings.session_expires_s), least_s) if least_s else ""
