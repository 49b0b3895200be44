"""What keeps a confirmed session alive: refreshes of ours by UPDATE or re-INVITE (RFC 4028 7.4, 10).

Why: the answer to a refresh is the only sure sign that the peer still knows the call. A peer
that knows nothing of session timers is asked all the same; since it promised nothing, it is
hung up for want of an answer only when its audio has stopped too. Look next at
`session_timer.py` (when), `own_change.py` (how) and `session.py`, the owner.
"""

from __future__ import annotations

import logging
from typing import Protocol

from firmware.media.offer_answer import NotAcceptable
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.offer_exchange import SDP_TYPE, OfferExchange, Turn
from firmware.sip.calls.own_change import OwnChange
from firmware.sip.calls.session_timer import SessionTimer, Terms
from firmware.sip.messages.message import Message, Response
from firmware.sip.messages.status import Refusal
from firmware.telephony.cause import Cause

log = logging.getLogger(__name__)


class KeptLeg(Protocol):
    """The leg of the session that is kept."""

    @property
    def leg_id(self) -> str: ...
    def session_changed(self) -> None:
        """Something else was agreed about the audio."""

    def session_lost(self, cause: Cause) -> None:
        """The session cannot go on: hang up."""

    def hears_audio(self) -> bool:
        """Whether audio has come since this was asked last."""


class KeptSession(Protocol):
    """The session, as its keeper sees it."""

    dialog: Dialog
    exchange: OfferExchange
    owns_call_id: bool

    @property
    def owner(self) -> KeptLeg: ...
    @property
    def unacknowledged(self) -> bool: ...


class Keeper(SessionTimer):
    """Of a confirmed session. message: the peer's INVITE or 2xx, which tells whether it takes UPDATE."""

    __slots__ = ("_change", "_context", "_identity", "_peer_updates", "_session")

    def __init__(self, session: KeptSession, context: SipContext, message: Message) -> None:
        super().__init__(context.timers, context.settings.session_expires_s)
        self._context = context
        self._session = session
        self._peer_updates = message.lists("allow", "update")
        self._change: OwnChange | None = None
        self._identity = ""

    @property
    def dialog(self) -> Dialog:
        return self._session.dialog

    def accept(self, terms: Terms) -> str:
        """The peer refreshed the session, so a refresh of ours that waits for its turn is not needed any more."""
        if self._change is not None and self._change.waiting:
            self._end_change()
        return super().accept(terms)

    def stop(self) -> None:
        super().stop()
        self._end_change()

    def _end_change(self) -> None:
        if self._change is not None:
            self._change.stop()
            self._change = None

    # -- told by the timer -----------------------------------------------------------------
    def refresh(self) -> None:
        """UPDATE where the peer knows it, since that opens no offer; else a re-INVITE with what was agreed."""
        if self._session.unacknowledged or self._change is not None:
            self.try_later()
            return
        self._session.owner.hears_audio()
        method = "UPDATE" if self._peer_updates else "INVITE"
        self._change = OwnChange(self, self._context, method, owns_call_id=self._session.owns_call_id)

    def tell_identity(self, line: str) -> None:
        """Refresh the session now, and say with it who calls (RFC 3325 9.1); again with every refresh that follows."""
        self._identity = line
        self.refresh()

    def expired(self) -> None:
        log.info("%s: the peer did not refresh the session", self._session.owner.leg_id)
        self._session.owner.session_lost(Cause.RECOVERY_ON_TIMER)

    # -- told by the change ----------------------------------------------------------------
    def change_headers(self, method: str) -> str:
        dialog = self._session.dialog
        hop = dialog.hop
        contact = dialog.contact(hop.transport, hop.address[0])
        headers = f"Contact: {contact}\r\n{self._context.change_headers}{self._identity}{self.ask()}"
        return headers + SDP_TYPE if method == "INVITE" else headers

    def change_offer(self, method: str) -> str:
        return self._session.exchange.repeat() if method == "INVITE" else ""

    def change_void(self) -> None:
        if self._session.exchange.turn is Turn.OURS:
            self._session.exchange.turn = Turn.SETTLED

    def change_accepted(self, response: Response) -> None:
        self._change = None
        session = self._session
        try:
            self.granted(response)
            if session.exchange.turn is Turn.OURS:
                before = session.exchange.media.agreed
                session.exchange.take_answer(response)
                if session.exchange.media.agreed != before:
                    session.owner.session_changed()
        except (Refusal, NotAcceptable) as error:
            log.info("%s: the answer to our refresh cannot be used: %s", session.owner.leg_id, error)
            self.try_later()

    def change_failed(self, status: int) -> None:
        """481 and 408 end the call (RFC 3261 12.2.1.2); any other answer shows that the peer lives."""
        method = self._change.method if self._change is not None else ""
        self._change = None
        owner = self._session.owner
        promised = self.terms is not None and self.terms.agreed
        if status == 481 or (status == 408 and (promised or not owner.hears_audio())):
            log.info("%s: the session refresh failed with %d", owner.leg_id, status)
            owner.session_lost(Cause.RECOVERY_ON_TIMER)
            return
        if method == "UPDATE":
            self._peer_updates = False  # some list it in Allow and do not know it
        self.try_later()
