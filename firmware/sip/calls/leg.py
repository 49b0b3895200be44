"""A SIP leg: what calling and called legs have in common.

Why: this is where the stack meets the house. Requests of the peer find their handler here, the
media stream follows what was agreed, and a leg ends here. How a leg begins is in `calling.py`
and `called.py`, what happens inside its dialog in `session.py`.
"""

from __future__ import annotations

import asyncio
import logging

from firmware.media.events import DigitWay
from firmware.media.offer_answer import Agreement
from firmware.sip.calls.context import DialogLeg, MediaStream, SipContext
from firmware.sip.calls.info import FLASH, Signal, read_info
from firmware.sip.calls.info_out import InfoDigits
from firmware.sip.calls.session import Session
from firmware.sip.messages.compose import ACCEPT, ALLOW
from firmware.sip.messages.message import Request
from firmware.sip.messages.reason import reason_cause, reason_line
from firmware.sip.messages.status import Refusal
from firmware.sip.nat.networks import audio_way
from firmware.sip.transports.transport import Transport
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.leg import LegStats, Party

log = logging.getLogger(__name__)

_INSIDE = {"BYE", "INVITE", "UPDATE", "PRACK", "INFO", "OPTIONS"}


class SipLeg(DialogLeg):
    """Base of the two SIP legs."""

    def __init__(self, context: SipContext, user: str, party: Party) -> None:
        super().__init__(context.new_leg_id(user), party, context.listener)
        self._context = context
        self._stream: MediaStream | None = None
        self._session: Session | None = None
        self._agreed: Agreement | None = None
        self._packets_heard = 0
        self._final_stats: LegStats | None = None
        self._digit_way: DigitWay = "agreed"
        self._info: InfoDigits | None = None
        self._info_is_refused = False
        self.released = False
        self.answered = False

    # -- commands ----------------------------------------------------------------
    def release(self, cause: Cause, *, elsewhere: bool = False) -> None:
        if self.released:
            return
        if self.answered and self._session is not None:
            self._session.bye(reason_line(cause))
        else:
            self._refuse(cause, elsewhere)
        self._finish(cause)

    def _refuse(self, cause: Cause, elsewhere: bool) -> None:
        """End the leg before it was answered: a failure response, or CANCEL."""
        raise NotImplementedError

    def send_digit(self, digit: str, duration_ms: int = 100) -> None:
        if self._digit_way == "told" and self.answered and not self.released:
            self.digit_due(digit, duration_ms)
        elif self._stream is not None:
            self._stream.send_digit(digit, duration_ms)

    def keep_delay(self, delay_ms: int) -> None:
        if self._stream is not None:
            self._stream.set_jitter(delay_ms)

    def codecs(self) -> tuple[str, ...]:
        return (self._agreed.codec,) if self._agreed is not None else ()

    def stats(self) -> LegStats:
        if self._final_stats is not None or self._stream is None:
            return self._final_stats or LegStats()
        figures = self._stream.stats()
        codec = self._agreed.codec if self._agreed is not None else ""
        sent, far_lost = figures.packets_sent, figures.far_lost
        return LegStats(
            codec,
            figures.packets_received,
            figures.packets_lost,
            figures.jitter_ms,
            figures.mos,
            figures.rtt_ms,
            min(1.0, far_lost / sent) if far_lost is not None and sent else None,
        )

    def digit_due(self, digit: str, ms: int) -> None:
        """By INFO, once there is a dialog that stands; as tones before."""
        if self._session is None or not self.answered or self.released:
            if self._stream is not None:
                self._stream.send_digit(digit, ms)
            return
        if self._info is None:
            self._info = InfoDigits(self._context, self._session.dialog, self._info_refused)
        self._info.send(Signal(digit, ms))

    def _info_refused(self, unsent: list[Signal]) -> None:
        self._info_is_refused = True
        self._choose_digits()
        for signal in unsent:
            self.send_digit(*signal)

    def _choose_digits(self) -> None:
        """Tell the engine how the peer gets digits."""
        agreed, session, wish = self._agreed, self._session, self._context.settings.dtmf
        by_info = wish == "info"
        if wish == "auto" and agreed is not None and agreed.event_pt is None:
            by_info = session is not None and session.dialog.takes_relay
        self._digit_way = "tones" if wish == "inband" else "agreed"
        if by_info and not self._info_is_refused:
            self._digit_way = "told"
        if self._stream is not None:
            self._stream.set_digits(self._digit_way)

    # -- from the network ----------------------------------------------------------
    def in_dialog(self, request: Request, transport: Transport) -> None:
        """A request inside this leg's dialog. Raises Refusal."""
        method = request.method
        if method not in _INSIDE:
            raise Refusal(405, headers=ALLOW)
        session = self._session_of(request)
        if session is None or (self.released and method != "BYE"):
            raise Refusal(481)
        session.dialog.check(request, transport)
        if method == "BYE":
            self._context.transactions.accept(request, transport).respond(200)
            self._peer_hung_up(reason_cause(request) or Cause.NORMAL_CLEARING)
        elif method == "INVITE":
            session.reinvited(request, transport)
        elif method == "UPDATE":
            session.updated(request, transport)
        elif method == "PRACK":
            self._pracked(request, transport)
        elif method == "INFO":
            self._informed(request, transport)
        else:
            self._context.transactions.accept(request, transport).respond(
                200, headers=self._context.common_headers + ACCEPT
            )

    def _session_of(self, request: Request) -> Session | None:
        """The session whose dialog a request belongs to."""
        return self._session

    def _peer_hung_up(self, cause: Cause) -> None:
        log.debug("%s: call %s: hung up by the peer", self.leg_id, self.call_id)
        if self._session is not None:
            self._session.drop()
        self._finish(cause)

    def _pracked(self, request: Request, transport: Transport) -> None:
        raise Refusal(481)

    def _informed(self, request: Request, transport: Transport) -> None:
        """INFO: a digit goes to the exchange, all else is only answered (RFC 6086 and older usage)."""
        signal = read_info(request)
        self._context.transactions.accept(request, transport).respond(200)
        if signal is None:
            return
        if signal.sign == FLASH:
            self.listener.leg_flashed(self)
        else:
            self.listener.leg_signalled(self, signal.sign, signal.duration_ms)

    def cancelled(self, cancel: Request) -> None:
        """A CANCEL for a re-INVITE comes too late: those are answered at once."""

    def acknowledged(self, ack: Request) -> None:
        """The ACK for a 2xx of ours."""
        if self._session is not None:
            self._session.acknowledged(ack)

    def media_stopped(self) -> None:
        """The engine heard nothing for long: the peer is gone."""
        held = self._agreed is not None and self._agreed.held
        if self.answered and not held and not self.released:
            log.info("%s: call %s: no audio any more", self.leg_id, self.call_id)
            self.release(Cause.RECOVERY_ON_TIMER)

    # -- told by the session -----------------------------------------------------------
    def session_lost(self, cause: Cause) -> None:
        """It cannot go on: hang up."""
        self.release(cause)

    def session_changed(self) -> None:
        """Something else was agreed about the audio."""
        if self._session is not None:
            dialog = self._session.dialog
            self._apply_media(self._session.exchange.media.agreed, dialog.source_ip, direct=dialog.direct)

    def hears_audio(self) -> bool:
        """Whether audio has come since this was asked last."""
        if self._stream is None:
            return False
        before, self._packets_heard = self._packets_heard, self._stream.stats().packets_received
        return self._packets_heard > before

    def _apply_media(self, agreed: Agreement | None, source_ip: str, *, direct: bool) -> None:
        """Tell the engine what was agreed, and the exchange whether we are held.

        source_ip: where the peer's signalling comes from. direct: by no proxy.
        """
        if agreed is None or self._stream is None:
            return
        self._stream.set_codec(
            agreed.payload_type, agreed.codec, agreed.event_pt, agreed.ptime_ms, ptime_asked=agreed.ptime_asked
        )
        self._stream.set_rtcp(agreed.rtcp_port, mux=agreed.rtcp_mux)
        if agreed.ip != "0.0.0.0":
            ip, signal_ip = audio_way(agreed.ip, source_ip, direct=direct)
            self._stream.set_remote(ip, agreed.port, signal_ip)
            self._stream.relearn_source()
        self._stream.set_direction(agreed.send, agreed.receive)
        was_held = self._agreed is not None and self._agreed.held
        self._agreed = agreed
        self._choose_digits()
        if agreed.held != was_held and self.answered:
            log.info("%s: call %s: %s", self.leg_id, self.call_id, "held" if agreed.held else "resumed")
            self.listener.leg_held(self, agreed.held)

    # -- the end -----------------------------------------------------------------------
    def _finish(self, cause: Cause) -> None:
        """The leg is dead: tell it once, from the loop, then free the stream."""
        if self.released:
            return
        self.released = True
        self._final_stats = self.stats()
        self._context.legs.discard(self)
        if self._info is not None:
            self._info.stop()
        if self._session is not None and not self._session.bye_waits:
            self._session.drop()
        log.debug("%s: call %s: released: %s", self.leg_id, self.call_id, CAUSES[cause].en)
        asyncio.get_running_loop().call_soon(self._tell_released, cause)

    def _tell_released(self, cause: Cause) -> None:
        self.listener.leg_released(self, cause)
        if self._session is not None and not self._session.bye_waits:
            self._session = None
        if self._stream is not None:
            self._context.endpoints.pop(self._stream.id, None)
            self._stream.close()
            self._stream = None
