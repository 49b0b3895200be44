"""The leg of a call that comes to us: a received INVITE (RFC 3261 13.3).

Why: the exchange only says proceed, ring, accept or release; what that is in responses is
here. A provisional response that carries SDP goes out reliably where the caller can take that
(RFC 3262): only then do early media and their answer count for both sides. A plain 180 does
so only where the caller demands it, since a PRACK a call buys nothing there. Look next at
`reliable.py`, and at `leg.py` for the life after the answer.
"""

from __future__ import annotations

import logging

from firmware.media import sdp
from firmware.sip.calls.context import SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.calls.leg import SipLeg
from firmware.sip.calls.offer_exchange import SDP_TYPE, OfferExchange, Turn, read_offer
from firmware.sip.calls.reliable import ReliableResponses
from firmware.sip.calls.session import Session
from firmware.sip.calls.session_timer import refuse_short
from firmware.sip.messages.compose import retry_after
from firmware.sip.messages.identifiers import new_tag
from firmware.sip.messages.message import Request
from firmware.sip.messages.reason import failure_line, reason_cause, reason_line
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transports.transport import Transport
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import CallRequest, Party

log = logging.getLogger(__name__)

TOLD_ON = frozenset({402, 403, 404, 410, 433, 480, 484, 485, 486, 488, 600, 603, 604, 606, 607, 608})
"""What a callee says of itself, so that it holds for our caller too. The rest is between the callee and us."""


class CallingLeg(SipLeg):
    """Made by `take`; the agent then tells the exchange."""

    def __init__(self, context: SipContext, user: str, party: Party) -> None:
        super().__init__(context, user, party)
        context.legs.add(self)
        self._invite: ServerTransaction | None = None
        self._text = ""
        """Our description, until it went out for certain."""
        self._record_routes = ""
        self._reliable: ReliableResponses | None = None
        self._all_reliable = False
        self._accepting = False

    @classmethod
    def take(
        cls, context: SipContext, request: Request, transport: Transport, party: Party, called: Party
    ) -> CallingLeg:
        """A leg for an accepted INVITE; 100 is sent.

        Raises Refusal (400, 415, 421, 422, 488) or PortsExhausted, and leaves nothing behind then.
        """
        if context.settings.require_100rel and not _takes_reliable(request):
            raise Refusal(421, headers="Require: 100rel\r\n")
        refuse_short(request)
        offered = read_offer(request)
        dialog = Dialog.as_server(request, new_tag(), transport)
        routes = "".join(f"Record-Route: {value}\r\n" for value in request.values("record-route"))
        leg = cls(context, party.number, party)
        try:
            exchange = leg._open(offered, dialog)
        except BaseException:
            leg.abandon()
            raise
        leg.called = called
        leg._record_routes = routes
        leg._session = Session(context, leg, dialog, exchange, owns_call_id=False)
        leg._choose_digits()
        leg._keep(request, transport, dialog)
        return leg

    def _keep(self, request: Request, transport: Transport, dialog: Dialog) -> None:
        """From now on the INVITE is ours to answer."""
        context = self._context
        context.dialogs[dialog.key] = self
        self._invite = invite = context.transactions.accept(request, transport, self)
        invite.to_tag = dialog.local_tag
        invite.respond(100)
        self._all_reliable = request.lists("require", "100rel") or context.settings.require_100rel
        if self._all_reliable or request.lists("supported", "100rel"):
            gave_up = self._never_acknowledged
            self._reliable = ReliableResponses(context.timers, invite, request.cseq[0], dialog.local_tag, gave_up)

    def _open(self, offered: sdp.Description | None, dialog: Dialog) -> OfferExchange:
        self._stream, media = self._context.open_media(self, dialog.transport, _audio_ip(offered, dialog))
        self.endpoint = self._stream.id
        exchange = OfferExchange(media)
        if offered is not None:
            self._text = exchange.answer(offered, Turn.THEIRS)
            self._apply_media(media.agreed, dialog.source_ip, direct=dialog.direct)
        return exchange

    def abandon(self) -> None:
        """Undo a leg that was never told to anybody."""
        self.released = True
        self._context.legs.discard(self)
        if self._stream is not None:
            self._context.endpoints.pop(self._stream.id, None)
            self._stream.close()

    # -- from the exchange ---------------------------------------------------------------
    def codecs(self) -> tuple[str, ...]:
        return self._session.exchange.choices() if self._session is not None else ()

    def prefer_codecs(self, codecs: tuple[str, ...]) -> None:
        if self._session is not None and (text := self._session.exchange.prefer(codecs)):
            self._text = text
            self.session_changed()

    def proceed(self) -> None:
        """Nothing to send: 100 went out when the INVITE came."""

    def show_ringing(self) -> None:
        self._provisional(180)

    def show_progress(self) -> None:
        self._provisional(183)

    def _provisional(self, status: int) -> None:
        """180 without SDP, 183 with it.

        Our own offer, where the INVITE had none, belongs into the first reliable response (RFC 3261 13.2.1).
        """
        invite, session = self._invite, self._session
        if invite is None or session is None or invite.answered:
            return
        headers = self._record_routes + session.contact_line(invite) + self._context.common_headers
        owes_offer = session.exchange.turn is Turn.NOTHING
        if self._reliable is not None and (self._all_reliable or status == 183):
            text = self._final_text() if status == 183 or owes_offer else ""
            self._reliable.send(status, headers + SDP_TYPE if text else headers, text)
            return
        text = self._text if status == 183 else ""
        if text:
            session.exchange.told()
        headers = headers + SDP_TYPE if text else headers
        invite.respond(status, to_tag=session.dialog.local_tag, headers=headers, body=text)

    def _final_text(self) -> str:
        """Our answer or offer for a message that arrives for certain; "" when it went out before."""
        assert self._session is not None
        exchange = self._session.exchange
        text, self._text = self._text, ""
        exchange.told()
        if exchange.turn is Turn.THEIRS:
            exchange.turn = Turn.SETTLED
        elif exchange.turn is Turn.NOTHING:
            text = exchange.offer()
        return text

    def accept(self) -> None:
        invite, session = self._invite, self._session
        if invite is None or session is None or invite.answered or self.released:
            return
        if self._reliable is not None:
            if self._reliable.holds_sdp:
                self._accepting = True
                return
            self._reliable.answered()
        self.answered = True
        self._invite = None
        log.debug("%s: call %s: answered", self.leg_id, self.call_id)
        session.confirm(invite, self._final_text(), self._record_routes)

    def place(self, request: CallRequest) -> None:
        raise RuntimeError(f"{self.leg_id} is a calling leg")

    # -- from the network ------------------------------------------------------------------
    def _pracked(self, request: Request, transport: Transport) -> None:
        """PRACK: it may hold the answer to our offer, or an offer (RFC 3262 5). Raises Refusal."""
        reliable, session = self._reliable, self._session
        if reliable is None or session is None:
            raise Refusal(481)
        reliable.check(request)
        exchange = session.exchange
        text = exchange.take_prack(request, awaited=exchange.turn is Turn.OURS and reliable.holds_sdp)
        transaction = self._context.transactions.accept(request, transport)
        transaction.respond(200, headers=SDP_TYPE if text else "", body=text)
        reliable.acknowledged()
        if request.body and exchange.media.agreed is None:
            log.info("%s: call %s: the PRACK holds no audio we can use", self.leg_id, self.call_id)
            self.release(Cause.INCOMPATIBLE_DESTINATION)
            return
        if request.body:
            self.session_changed()
        if self._accepting:
            self.accept()

    def _never_acknowledged(self) -> None:
        log.info("%s: call %s: no PRACK came", self.leg_id, self.call_id)
        self._fail(504, reason_line(Cause.RECOVERY_ON_TIMER))
        self._finish(Cause.RECOVERY_ON_TIMER)

    def cancelled(self, cancel: Request) -> None:
        """The caller gave up (CANCEL); the Reason may say that another phone answered."""
        log.info("%s: call %s: cancelled by the caller", self.leg_id, self.call_id)
        self._fail(487, "")
        self._finish(reason_cause(cancel) or Cause.NORMAL_CLEARING)

    def _peer_hung_up(self, cause: Cause) -> None:
        """BYE, which a caller may also send before the answer (RFC 3261 15)."""
        self._fail(487, "")
        super()._peer_hung_up(cause)

    # -- the end -----------------------------------------------------------------------
    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        status = _status_for(cause, self.far_status)
        log.info("%s: call %s: refused: %s", self.leg_id, self.call_id, failure_line(status, None))
        self._fail(status, reason_line(cause) + (retry_after() if status == 503 else ""))

    def _fail(self, status: int, headers: str) -> None:
        invite, session = self._invite, self._session
        if invite is not None and session is not None:
            self._invite = None
            self.sip_status = status
            invite.respond(status, to_tag=session.dialog.local_tag, headers=headers)

    def _finish(self, cause: Cause) -> None:
        if self._reliable is not None:
            self._reliable.answered()
            self._reliable = None
        super()._finish(cause)


def _status_for(cause: Cause, far_status: int) -> int:
    """What to tell a caller: the callee's own status where it holds for the caller too, else what the cause becomes."""
    if far_status in TOLD_ON:
        return far_status
    if cause is Cause.CALL_REJECTED and 400 <= far_status < 600:
        return 403  # 603 is for the refusal of a person (RFC 3398 8.2.6.1)
    return CAUSES[cause].sip


def _takes_reliable(request: Request) -> bool:
    return request.lists("supported", "100rel") or request.lists("require", "100rel")


def _audio_ip(offered: sdp.Description | None, dialog: Dialog) -> str:
    """Whom our audio address is chosen for: the peer, unless its audio is of the other family (RFC 6157 4.1)."""
    signal_ip = dialog.source_ip
    named = next((line.ip for line in offered.media if line.ip), signal_ip) if offered is not None else signal_ip
    return named if (":" in named) != (":" in signal_ip) and dialog.transport.own.speaks_to(named) else signal_ip
