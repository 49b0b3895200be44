"""When a line sends data, and with what in front: caller ID with ringing, in a call, and the message-waiting lamp.

A standard says how the data look (`STANDARDS`), an alert how the telephone is told that they come (`ALERTS`); a
country has one of each, and a line's settings may say otherwise. The result, a `Sending`, is given to the port
(`drivers.ports.RingOpening`) and, when the port tells that its part has begun, to the media engine; so ringing keeps
the scanner's clock and everything inside the clip the card's. Japan's dialogue with the telephone: `japan_ringing.py`.
Windows of the standards: reference sheet line-electrical, section 5 [M]; all figures here lie inside with room.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from drivers.ports import RingOpening
from firmware.lines.caller_id import dtmf, japan, messages
from firmware.lines.caller_id.caller import Caller
from firmware.lines.caller_id.frames import BELL_202, V_23, V_23_JAPAN, V_23_UK, Modem, sound, sound_in_call
from firmware.media import clip

ALERTS = ("during", "dt-as", "rp-as", "lr+dt-as", "reversal", "none")
"""during: after the first ring. Before it: a dual tone, a ring pulse, a reversed line and a dual tone, a reversed line
alone, nothing."""
AFTER_RING_MS = 600
"""500 to 2000 ms from the end of ringing to the data; Telcordia 500 or more."""
BEFORE_RING_MS = 300
"""200 to 500 ms from the data to the ringing."""
PULSE_MS = 250
AFTER_PULSE_MS = 600
"""Ring pulse of 200 to 300 ms; 500 to 800 ms after it the data."""
LEAD_MS = 150
REVERSED_MS = 280
"""100 ms or more on a reversed line before the dual tone, 50 to 300 ms before DTMF. So late because a reversal charges
the ringers anew: with 5 REN the chip carries no sound for 240 ms."""
ALERT_HZ = (2130.0, 2750.0)
ALERT_MS = 100
AFTER_ALERT_MS = 100
"""Dual tone of 90 to 110 ms (BT 88 to 110); 45 to 500 ms after it the data."""
IN_CALL_ALERT_MS = 80
"""CPE alert signal of 80 to 85 ms, ETSI 75 to 85."""
AFTER_ANSWER_MS = 60
ALERT_DBM0 = -15.0
"""Each tone; receivers take -9 to -40 dBm."""
DTMF_ON_MS = 70
DTMF_OFF_MS = 70


@dataclass(frozen=True, slots=True)
class Manner:
    """How a line sends. standard: a key of STANDARDS, "" sends nothing. alert: one of ALERTS. form: of DTMF.

    international: dialled in place of "+". gain_db: the line's gain towards the telephone, kept out of the levels.
    """

    standard: str = ""
    alert: str = "during"
    form: str = "A-C"
    international: str = "00"
    gain_db: float = 0.0


SILENT = Manner()
"""Sends nothing."""


@dataclass(frozen=True, slots=True)
class Sending:
    """The clip is played when the port tells that part `opening.told` has begun."""

    cadence_ms: tuple[int, ...]
    opening: RingOpening
    clip: bytes


@dataclass(frozen=True, slots=True)
class Standard:
    """modem: None for DTMF. setup, lamp: the messages; lamp is None where there is no such message."""

    modem: Modem | None
    alert: str
    setup: Callable[[Caller], bytes]
    lamp: Callable[[int], bytes] | None = None


def _bellcore(caller: Caller) -> bytes:
    return messages.call_setup(caller, messages.BELLCORE_NAME_MOST)


def _etsi(caller: Caller) -> bytes:
    return messages.call_setup(caller, messages.ETSI_NAME_MOST)


def _uk(caller: Caller) -> bytes:
    kind = messages.parameter(messages.CALL_TYPE, bytes([messages.VOICE_CALL]))
    return messages.call_setup(caller, messages.ETSI_NAME_MOST, kind)


def _lamp(count: int) -> bytes:
    return messages.waiting(count, counted=False)


def _lamp_counted(count: int) -> bytes:
    return messages.waiting(count, counted=True)


STANDARDS: dict[str, Standard] = {
    "etsi-fsk": Standard(V_23, "during", _etsi, _lamp_counted),
    "bellcore": Standard(BELL_202, "during", _bellcore, _lamp),
    "bellcore-number": Standard(BELL_202, "during", messages.call_setup_single, messages.waiting_single),
    "uk": Standard(V_23_UK, "lr+dt-as", _uk, _lamp_counted),
    "japan": Standard(V_23_JAPAN, "reversal", japan.call_setup),
    "dtmf": Standard(None, "reversal", lambda _caller: b""),
}


def data_clip(manner: Manner, caller: Caller) -> bytes:
    """The call's data alone; b"" when this standard cannot say what there is to say."""
    standard = STANDARDS[manner.standard]
    if standard.modem is None:
        return clip.digits(dtmf.digits(caller, manner.form), DTMF_ON_MS, DTMF_OFF_MS)
    return sound(standard.modem, standard.setup(caller), manner.gain_db)


def with_ringing(manner: Manner, caller: Caller, cadence_ms: Sequence[int]) -> Sending | None:
    """Ringing with the caller's data; None when there are none to send."""
    if not manner.standard:
        return None
    data = data_clip(manner, caller)
    if not data:
        return None
    return _during(data, tuple(cadence_ms)) if manner.alert == "during" else _before(manner, data, tuple(cadence_ms))


def lamp(manner: Manner, count: int) -> Sending | None:
    """The message-waiting lamp, on or off, without ringing; None where the standard has no message for it."""
    standard = STANDARDS[manner.standard] if manner.standard else None
    if standard is None or standard.lamp is None or standard.modem is None:
        return None
    alert = manner.alert
    if alert == "during":  # there is no ringing to follow: EN 300 659-2 has the dual tone, GR-30 nothing
        alert = "none" if standard.modem is BELL_202 else "dt-as"
    octets = standard.lamp(count)
    return _before(replace(manner, alert=alert), sound(standard.modem, octets, manner.gain_db), ())


def in_call(manner: Manner, caller: Caller) -> tuple[bytes, bytes] | None:
    """Type 2: the alert signal that asks a talking telephone for its DTMF D, and the data. None without type 2."""
    standard = STANDARDS[manner.standard] if manner.standard else None
    if standard is None or standard.modem is None or manner.standard in ("japan", "bellcore-number"):
        return None
    asks = clip.tones(ALERT_HZ, IN_CALL_ALERT_MS, ALERT_DBM0 - manner.gain_db)
    return asks, clip.silence(AFTER_ANSWER_MS) + sound_in_call(standard.modem, standard.setup(caller), manner.gain_db)


def _during(data: bytes, cadence_ms: tuple[int, ...]) -> Sending:
    """In the first silence that holds the data; where none does, the longest is stretched in the first round."""
    sent = clip.silence(AFTER_RING_MS) + data
    needs_ms = math.ceil(clip.clip_ms(sent)) + BEFORE_RING_MS
    for part in range(1, len(cadence_ms), 2):
        if cadence_ms[part] >= needs_ms:
            return Sending(cadence_ms, RingOpening(told=part), sent)
    longest = max(range(1, len(cadence_ms), 2), key=lambda part: cadence_ms[part])
    first_ms = (*cadence_ms[:longest], needs_ms, *cadence_ms[longest + 1 :])
    return Sending(cadence_ms, RingOpening(first_ms, longest), sent)


def _before(manner: Manner, data: bytes, cadence_ms: tuple[int, ...]) -> Sending:
    pulse_ms = PULSE_MS if manner.alert == "rp-as" else 0
    turned = manner.alert in ("lr+dt-as", "reversal")
    lead_ms = AFTER_PULSE_MS if pulse_ms else REVERSED_MS if turned else LEAD_MS
    sent = clip.silence(lead_ms)
    if manner.alert.endswith("dt-as"):
        sent += clip.tones(ALERT_HZ, ALERT_MS, ALERT_DBM0 - manner.gain_db) + clip.silence(AFTER_ALERT_MS)
    sent += data
    pause_ms = math.ceil(clip.clip_ms(sent)) + BEFORE_RING_MS
    return Sending(cadence_ms, RingOpening((pulse_ms, pause_ms), 1, turned), sent)
