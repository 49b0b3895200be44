"""When a simulated exchange says who calls: between rings, or before them with a signal that asks for attention.

`exchange_line.py` rings by the `Presentation` that `present` makes; the sound itself is `exchange_data.py`'s. Times lie
inside the windows of GR-30, EN 300 659-1 and BT SIN 227.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from drivers.sim.exchange_data import IncomingCall, Sound, alert_tone, data, silence
from drivers.sim.exchange_habits import Habits
from drivers.sim.office_wires import WireFeed
from drivers.sim.rig_protocol import RigError

Alert = Literal["during", "reversal", "lr+dt-as", "dt-as", "rp-as", "none"]
ALERTS = ("during", "reversal", "lr+dt-as", "dt-as", "rp-as", "none")
STANDARDS = ("etsi-fsk", "bellcore", "bellcore-number", "uk", "japan", "dtmf")
_AFTER_RING_MS = 600
_AFTER_REVERSAL_MS = 200
_AFTER_PULSE_MS = 600
_PULSE_MS = 250
_BEFORE_RING_MS = 300
_PULSES = 6
_NUMBER_MOST = 20
_NAME_MOST = 50
_PULSE_OF_JAPAN_MS = 500


@dataclass(frozen=True, slots=True)
class Manner:
    """How an exchange tells who calls. after_ring: with "during", after which ring. dbm0: of data and digits."""

    standard: str = "etsi-fsk"
    alert: Alert = "during"
    dbm0: float = -14.0
    form: str = "A-C"
    after_ring: int = 1


_MANNERS = {
    "us": Manner("bellcore"),
    "au": Manner("bellcore"),
    "gb": Manner("uk", "lr+dt-as"),
}


def manner_of(country: str) -> Manner:
    """As the networks of that country do; ETSI between the first two rings elsewhere."""
    return _MANNERS.get(country, Manner())


@dataclass(slots=True)
class Presentation:
    """rings_from_us: when the rings begin. before: what is put on the wires until then. feed: while it rings, and when
    the call is answered. data_us: when `data` is said. fetched: only to a line that closes its loop for it."""

    rings_from_us: int
    before: list[tuple[int, WireFeed, bool]] = field(default_factory=list)
    feed: WireFeed = WireFeed.NORMAL
    data_us: int = 0
    data: Sound | None = None
    fetched: bool = False


def present(call: IncomingCall | None, manner: Manner, habits: Habits, now_us: int) -> Presentation:
    """A call that arrives now. call: None for one of whom nothing is told."""
    start_us = now_us + habits.first_ring_ms * 1000
    if call is None:
        return Presentation(start_us)
    sound = data(call, manner.standard, manner.dbm0, manner.form)
    if manner.standard == "japan":
        return _fetched(sound, start_us)
    if manner.alert == "during":
        return Presentation(start_us, data_us=start_us + _pause_us(habits, manner.after_ring), data=sound)
    turned = manner.alert in ("lr+dt-as", "reversal")
    feed = WireFeed.REVERSED if turned else WireFeed.NORMAL
    before = [(start_us, feed, False)]
    at_us = start_us + _AFTER_REVERSAL_MS * 1000
    if manner.alert == "rp-as":
        before = [(start_us, feed, True), (start_us + _PULSE_MS * 1000, feed, False)]
        at_us = start_us + (_PULSE_MS + _AFTER_PULSE_MS) * 1000
    if manner.alert.endswith("dt-as"):
        sound = np.concatenate([alert_tone(manner.dbm0 - 3), silence(100), sound])
    rings_us = at_us + (sound.size // 8 + _BEFORE_RING_MS) * 1000
    return Presentation(rings_us, before, feed, at_us, sound)


def _fetched(sound: Sound, start_us: int) -> Presentation:
    """Japan: reversed, and rung in short pulses until the line closes its loop to fetch the number [M-]."""
    before = [(start_us, WireFeed.REVERSED, False)]
    at_us = start_us + 200_000
    for _ in range(_PULSES):
        before += [(at_us, WireFeed.REVERSED, True), (at_us + _PULSE_OF_JAPAN_MS * 1000, WireFeed.REVERSED, False)]
        at_us += 2 * _PULSE_OF_JAPAN_MS * 1000
    return Presentation(at_us, before, WireFeed.REVERSED, data=sound, fetched=True)


def _pause_us(habits: Habits, after_ring: int) -> int:
    """From the first ring's beginning to the data, in the longest pause after that ring."""
    pauses = range(1, len(habits.ring_ms), 2)
    longest = max(pauses, key=lambda part: habits.ring_ms[part])
    rung_ms = sum(habits.ring_ms) * (after_ring - 1) + sum(habits.ring_ms[:longest])
    return (rung_ms + _AFTER_RING_MS) * 1000


def checked_call(number: str, name: str, private: bool) -> IncomingCall:
    """Raises RigError for what no message can carry."""
    if len(number) > _NUMBER_MOST or not all(character in "0123456789*#" for character in number):
        raise RigError(f"number is {number!r}, allowed are up to {_NUMBER_MOST} digits, * and #")
    if len(name) > _NAME_MOST or any(ord(character) > 0xFF or ord(character) < 0x20 for character in name):
        raise RigError(f"name is {name!r}, allowed are up to {_NAME_MOST} letters of ISO 8859-1")
    return IncomingCall(number, name, private)


def changed(manner: Manner, standard: str | None, alert: str | None, dbm0: float | None) -> Manner:
    """With what is given in place of the habit; a standard brings its own usual alert. Raises RigError."""
    for what, given, allowed in (("standard", standard, STANDARDS), ("alert", alert, ALERTS)):
        if given is not None and given not in allowed:
            raise RigError(f"{what} is {given!r}, allowed are {', '.join(allowed)}")
    if dbm0 is not None and not -60 <= dbm0 <= 0:
        raise RigError(f"dbm0 is {dbm0!r}, allowed -60 to 0 dBm0")
    if standard is not None:
        usual: dict[str, Alert] = {"uk": "lr+dt-as", "dtmf": "reversal", "japan": "reversal"}
        manner = replace(manner, standard=standard, alert=usual.get(standard, "during"))
    if alert is not None:
        manner = replace(manner, alert=alert)  # type: ignore[arg-type]
    return manner if dbm0 is None else replace(manner, dbm0=dbm0)
