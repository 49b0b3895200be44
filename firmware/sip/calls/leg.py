"""A SIP leg: what calling and called legs have in common once there is a dialog.

Why: this is where the stack meets the house. BYE, re-INVITE (hold and resume), the media
stream and the end of a leg live here; how a leg begins is in `calling.py` and `called.py`.
"""

from __future__ import annotations

import asyncio
import logging

from firmware.media import sdp
from firmware.media.offer_answer import NotAcceptable, OfferAnswer
from firmware.sip.calls.ack_wait import AckWait
from firmware.sip.calls.context import DialogLeg, MediaStream, SipContext
from firmware.sip.calls.dialog import Dialog
from firmware.sip.messages.compose import ALLOW
from firmware.sip.messages.message import Message, Request
from firmware.sip.messages.reason import reason_cause, reason_line
from firmware.sip.messages.status import Refusal
from firmware.sip.transactions.server_transaction import ServerTransaction
from firmware.sip.transports.transport import Transport
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import LegStats, Party

log = logging.getLogger(__name__)

SDP_TYPE = "Content-Type: application/sdp\r\n"


class SipLeg(DialogLeg):
    """Base of the two SIP legs."""

    def __init__(self, context: SipContext, user: str, party: Party) -> None:
        super().__init__(context.new_leg_id(user), party, context.listener)
        self._context = context
        self._stream: MediaStream | None = None
        self._media: OfferAnswer | None = None
        self._dialog: Dialog | None = None
        self._ack_wait: AckWait | None = None
        self._bye_after_ack: str | None = None
        self._held = False
        self._final_stats: LegStats | None = None
        self.released = False
        self.answered = False

    # -- commands ----------------------------------------------------------------
    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if self.released:
            return
        if self.answered:
            self._send_bye(reason_line(cause))
        else:
            self._refuse(cause, elsewhere)
        self._finish(cause)

    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        """End the leg before it was answered: a failure response, or CANCEL."""
        raise NotImplementedError

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        if self._stream is not None:
            self._stream.send_digit(digit, duration_ms)

    def stats(self) -> LegStats:
        if self._final_stats is not None or self._stream is None:
            return self._final_stats or LegStats()
        figures = self._stream.stats()
        agreed = self._media.agreed if self._media else None
        codec = agreed.codec if agreed else ""
        return LegStats(codec, figures.packets_received, figures.packets_lost, figures.jitter_ms, figures.mos)

    # -- from the network ----------------------------------------------------------
    def in_dialog(self, request: Request, transport: Transport) -> None:
        """A request inside this leg's dialog. Raises Refusal."""
        assert self._dialog is not None
        if request.method not in {"BYE", "INVITE", "OPTIONS"}:
            raise Refusal(405, headers=ALLOW)
        if self.released and request.method != "BYE":
            raise Refusal(481)
        self._dialog.check(request, transport)
        if request.method == "BYE":
            self._context.transactions.accept(request, transport).respond(200)
            self._peer_hung_up(reason_cause(request) or Cause.NORMAL_CLEARING)
        elif request.method == "INVITE":
            self._reinvited(request, transport)
        else:
            self._context.transactions.accept(request, transport).respond(200, headers=ALLOW)

    def _peer_hung_up(self, cause: Cause) -> None:
        log.info("%s: call %s: hung up by the peer", self.leg_id, self.call_id)
        self._bye_after_ack = None
        self._drop_dialog()
        self._finish(cause)

    def cancelled(self) -> None:
        """A CANCEL for a re-INVITE comes too late: those are answered at once."""

    def acknowledged(self, ack: Request) -> None:
        """The ACK for our 2xx."""
        wait = self._ack_wait
        if wait is None or ack.cseq[0] != wait.cseq:
            return
        wait.stop()
        self._ack_wait = None
        if self._bye_after_ack is not None:
            self._send_bye(self._bye_after_ack)
        elif wait.wants_answer:
            self._take_late_answer(ack)

    def media_stopped(self) -> None:
        """The engine heard nothing for long: the peer is gone."""
        if self.answered and not self._held and not self.released:
            log.info("%s: call %s: no audio any more", self.leg_id, self.call_id)
            self.release(Cause.RECOVERY_ON_TIMER)

    # -- re-INVITE -------------------------------------------------------------------
    def _reinvited(self, request: Request, transport: Transport) -> None:
        """Hold, resume, new address: answered at once (RFC 3261 14.2)."""
        assert self._media is not None and self._dialog is not None
        if self._ack_wait is not None and self._ack_wait.wants_answer:
            raise Refusal(491)
        if not self.answered:
            raise Refusal(500, "First INVITE is not answered yet", "Retry-After: 2\r\n")
        offered = read_offer(request)
        text = self._answer_text(offered)
        self._dialog.refresh_target(request)
        transaction = self._context.transactions.accept(request, transport, self)
        if self._ack_wait is not None:
            self._ack_wait.stop()
        self._send_ok(transaction, request.cseq[0], text, late=offered is None)
        if offered is not None:
            self._apply_media()

    def _answer_text(self, offered: sdp.Description | None) -> str:
        """Our answer to `offered`, or our own offer when there was none. Raises Refusal 488."""
        assert self._media is not None
        if offered is None:
            return self._media.offer()
        try:
            return self._media.answer(offered)
        except NotAcceptable as error:
            raise Refusal(488, headers=f'Warning: 304 tipring "{error}"\r\n') from None

    def _send_ok(self, transaction: ServerTransaction, cseq: int, text: str, *, late: bool, routes: str = "") -> None:
        """200 with SDP, sent again until acknowledged. late: it holds our offer. routes: Record-Route lines."""
        headers = routes + self._contact_line(transaction) + self._context.common_headers + SDP_TYPE
        tag = self._dialog.local_tag if self._dialog else ""
        octets = transaction.respond(200, to_tag=tag, headers=headers, body=text)
        timers = self._context.timers
        self._ack_wait = AckWait(timers, transaction, octets, cseq, self._never_acknowledged, wants_answer=late)

    def _contact_line(self, transaction: ServerTransaction) -> str:
        return f"Contact: {transaction.transport.contact(transaction.address[0])}\r\n"

    def _never_acknowledged(self) -> None:
        log.info("%s: call %s: our 200 was never acknowledged", self.leg_id, self.call_id)
        assert self._ack_wait is not None
        self._ack_wait.stop()
        self._ack_wait = None
        self._send_bye(self._bye_after_ack or reason_line(Cause.RECOVERY_ON_TIMER))
        self._finish(Cause.RECOVERY_ON_TIMER)

    # -- media -----------------------------------------------------------------------
    def _take_late_answer(self, message: Message) -> None:
        """The answer to an offer we made in a 200; without a usable one the call ends."""
        assert self._media is not None
        try:
            self._media.take_answer(sdp.parse(message.body))
        except (sdp.SdpError, NotAcceptable) as error:
            log.info("%s: call %s: %s", self.leg_id, self.call_id, error)
            self.release(Cause.INCOMPATIBLE_DESTINATION)
            return
        self._apply_media()

    def _apply_media(self) -> None:
        """Tell the engine what was agreed, and the exchange whether we are held."""
        agreed = self._media.agreed if self._media else None
        if agreed is None or self._stream is None:
            return
        self._stream.set_codec(agreed.payload_type, agreed.codec, agreed.event_pt, agreed.ptime_ms)
        if agreed.ip != "0.0.0.0":
            self._stream.set_remote(agreed.ip, agreed.port)
            self._stream.relearn_source()
        self._stream.set_direction(agreed.send, agreed.receive)
        if agreed.held != self._held:
            self._held = agreed.held
            if self.answered:
                log.info("%s: call %s: %s", self.leg_id, self.call_id, "held" if agreed.held else "resumed")
                self.listener.leg_held(self, agreed.held)

    # -- the end -----------------------------------------------------------------------
    def _send_bye(self, headers: str) -> None:
        """BYE, held back while our 2xx is unacknowledged (RFC 3261 15)."""
        if self._ack_wait is not None:
            self._bye_after_ack = headers
            return
        dialog = self._dialog
        if dialog is not None:
            self._context.dialogs.pop(dialog.key, None)
            bye = dialog.request("BYE", headers=headers)
            self._context.transactions.request(bye, *dialog.hop, None)

    def _drop_dialog(self) -> None:
        """From now on the dialog's requests get 481."""
        if self._ack_wait is not None:
            self._ack_wait.stop()
            self._ack_wait = None
        if self._dialog is not None:
            self._context.dialogs.pop(self._dialog.key, None)

    def _finish(self, cause: Cause) -> None:
        """The leg is dead: tell it once, from the loop, then free the stream."""
        if self.released:
            return
        self.released = True
        self._final_stats = self.stats()
        self._context.legs.discard(self)
        if self._bye_after_ack is None:
            self._drop_dialog()
        log.info("%s: call %s: released: %s", self.leg_id, self.call_id, CAUSES[cause].en)
        asyncio.get_running_loop().call_soon(self._tell_released, cause)

    def _tell_released(self, cause: Cause) -> None:
        self.listener.leg_released(self, cause)
        if self._stream is not None:
            self._context.endpoints.pop(self._stream.id, None)
            self._stream.close()
            self._stream = None


def read_offer(request: Request) -> sdp.Description | None:
    """The SDP of an INVITE, None if it has no body. Raises Refusal 400 or 415."""
    if not request.body.strip():
        return None
    if request.media_type() != "application/sdp" or request.get("content-encoding"):
        raise Refusal(415, headers="Accept: application/sdp\r\nAccept-Encoding: identity\r\n")
    try:
        return sdp.parse(request.body)
    except sdp.SdpError as error:
        raise Refusal(400, str(error).capitalize()) from None
