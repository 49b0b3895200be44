"""What a line sends its telephone besides speech and tones: ringing with the caller's number, lamps, reversals.

`FxsLine` tells it of calls, port events and changes of state; it commands port and media slot. What it sends is in its
`SendProfile`; how the data look and when they go, in `caller_id/`. Errors of the hardware while ringing are
the caller's; all others are logged here and the telephone goes without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from drivers.errors import HardwareError
from drivers.ports import Feed, FxsPort, PortEvent, RingPartBegan
from firmware.lines.call_meter import CallMeter
from firmware.lines.caller_id import sending
from firmware.lines.caller_id.caller import Caller, caller_of
from firmware.lines.caller_id.japan_ringing import JapanRinging
from firmware.lines.caller_id.waiting_call import WaitingCall
from firmware.lines.fxs_machine import State
from firmware.lines.message_lamp import MessageLamp
from firmware.lines.ring_classes import cadence_of
from firmware.lines.send_profile import SendProfile
from firmware.media import clip
from firmware.telephony.cadence import Cadence
from firmware.telephony.clock import wall
from firmware.telephony.leg import CallRequest, Party

log = logging.getLogger(__name__)

LATE_MOST_S = 0.1
"""Shorter than the silence before any data (`caller_id/sending.py`)."""
_LEFT_ALONE = {State.BUSY, State.CONGESTION, State.UNOBTAINABLE}
"""States of a telephone whose far end has gone."""
_DIALLED = {State.CALLING, State.RINGBACK}


def local_time() -> datetime:
    """What displays show."""
    return wall().astimezone()


class Player(Protocol):
    """The line's slot, as far as data go (`media.endpoints.Slot`)."""

    def play_clip(self, pcm: bytes) -> None: ...


class LineSender:
    """Of one line. lifted: told when a ringing telephone turns out to be lifted. clock: local time, for displays."""

    def __init__(
        self,
        port: FxsPort,
        voice: Player,
        ring_ms: Cadence,
        profile: SendProfile,
        lifted: Callable[[], None],
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        self._port = port
        self._voice = voice
        self._ring_ms = ring_ms
        self._profile = profile
        self._lifted = lifted
        self._clock = clock
        self._clip = b""
        self._japan: JapanRinging | None = None
        self._waiting_call: WaitingCall | None = None
        self.lamp = MessageLamp(port, profile, self._send, self._silence)
        self._meter = CallMeter(port, profile.metering_s) if profile.metering_s else None
        self._idle = port.in_service
        self._talked = False
        self._reversed = False

    # -- ringing -----------------------------------------------------------------------
    def ring(self, request: CallRequest) -> None:
        """Ring for a call, with the caller's number where the line sends it. Raises HardwareError."""
        self.lamp.interrupt()
        cadence_ms = cadence_of(request, self._profile.rings, self._ring_ms)
        manner, caller = self._profile.manner, self._caller(request.caller)
        if manner.standard == "japan":
            if self._japan is not None:
                self._japan.forget()
            data = sending.data_clip(manner, caller)
            self._japan = JapanRinging(self._port, self._voice.play_clip, data, cadence_ms, self._lifted)
            return
        planned = sending.with_ringing(manner, caller, cadence_ms)
        if planned is None:
            self._port.ring(cadence_ms)
        else:
            self._send(planned)

    def stop(self) -> None:
        """Ringing is over: answered, or given up. What is still being said is cut off."""
        if self._japan is not None:
            self._japan.stop()
        self._silence()

    def takes(self, event: PortEvent) -> bool:
        """True when a port event is no business of the line's machine."""
        if isinstance(event, RingPartBegan):
            self._begin_clip(self._port.now_s() - event.at_s)
            return True
        return self._japan is not None and self._japan.port_event(event)

    # -- a second call -----------------------------------------------------------------
    def caller_id_waiting(self, number: str, name: str, at: datetime | None = None) -> bool:
        """Ask the talking telephone whether it shows numbers and send it this one, within 1.5 s in all.

        number, name: as in `telephony.leg.Party`. at: local time, now when None. False: nothing is sent, since the
        line's standard has no such message or the telephone does not talk.
        """
        caller = caller_of(Party(number, name), at or self._clock(), self._profile.manner.international)
        planned = sending.in_call(self._profile.manner, caller)
        if planned is None or not self._talked:
            return False
        if self._waiting_call is not None:
            self._waiting_call.stop()
        self._waiting_call = WaitingCall(self._voice.play_clip, *planned)
        return True

    def takes_digit(self, digit: str) -> bool:
        """True when a digit was the telephone's answer to `caller_id_waiting`."""
        return self._waiting_call is not None and self._waiting_call.digit(digit)

    def drop_waiting_call(self) -> None:
        """The telephone has something else to hear."""
        if self._waiting_call is not None:
            self._waiting_call.stop()
            self._waiting_call = None
            self._voice.play_clip(b"")

    # -- message waiting ---------------------------------------------------------------
    def message_waiting(self, count: int) -> None:
        """So many messages wait; told to the telephone at once, or as soon as it is on the hook."""
        if count == self.lamp.messages:
            return
        self.lamp.messages = count
        self.lamp.due = True
        if self._idle:
            self.lamp.tell()

    def tone(self, name: str) -> str:
        """The tone to play for `name`: dial tone stutters while messages wait."""
        return "stutter" if name == "dial" and self.lamp.stutters else name

    # -- the line's state --------------------------------------------------------------
    def state_changed(self, before: State, after: State) -> None:
        """The machine has moved: answer and end of a call are signalled, the lamp is seen to when idle."""
        self._idle = after is State.IDLE
        if before is State.OUT_OF_SERVICE:
            self.lamp.due = self.lamp.messages > 0
        if before is State.IDLE:
            self.lamp.interrupt()
        if after is State.TALKING:
            self._talked = True
            if before in _DIALLED:
                self._answered()
        elif after in _LEFT_ALONE:
            self._far_end_gone()
        elif after is State.IDLE:
            self._hung_up()

    def _answered(self) -> None:
        if self._profile.answer_reversal:
            self._reverse()
        if self._meter is not None:
            self._meter.start()

    def full_power(self) -> None:
        """Feed the line as an idle one."""
        self.lamp.feed(self.lamp.idle_feed)

    def _reverse(self) -> None:
        self._reversed = True
        self.lamp.feed(Feed.ACTIVE if self.lamp.idle_feed is Feed.ACTIVE_REVERSED else Feed.ACTIVE_REVERSED)

    def _far_end_gone(self) -> None:
        if self._talked and self._profile.disconnect_ms:
            try:
                self._port.open_interval(self._profile.disconnect_ms)
            except HardwareError as error:
                log.warning("%s: end of the call not signalled: %s", self._port.name, error.reason)
        self._call_over()

    def _hung_up(self) -> None:
        self._call_over()
        if self.lamp.due:
            self.lamp.tell()

    def _call_over(self) -> None:
        self.drop_waiting_call()
        if self._meter is not None:
            self._meter.stop()
        if self._reversed:
            self._reversed = False
            self.lamp.feed(self.lamp.idle_feed)
        self._talked = False

    # -- inside ------------------------------------------------------------------------
    def _caller(self, party: Party) -> Caller:
        return caller_of(party, self._clock(), self._profile.manner.international)

    def _send(self, planned: sending.Sending) -> None:
        self._clip = planned.clip
        self._port.ring(planned.cadence_ms, planned.opening)

    def _begin_clip(self, late_s: float) -> None:
        """The clip's first silence makes up for what core was late; data that would run into ringing are left out."""
        if late_s > LATE_MOST_S:
            log.warning("%s: data not sent, core was busy for %.0f ms", self._port.name, late_s * 1000)
            return
        self._voice.play_clip(self._clip[len(clip.silence(late_s * 1000)) :])

    def _silence(self) -> None:
        if self._clip:
            self._clip = b""
            self._voice.play_clip(b"")
