"""Caller ID as a telephone gets it: every standard and alert on stepped copper, read by minimodem, multimon-ng
and libspandsp, with the times of ringing, alert and data measured off the recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.measure_ringing import ringing
from drivers.sim.phone import Phone
from firmware.telephony.leg import CallRequest, Leg, Party
from tests.fake_time import run
from tests.lines.adsi_judge import Message, decode
from tests.lines.fsk_tools import minimodem
from tests.stepped_house import SteppedHouse

ANA = Party("34911234567", "Ana Núñez Ibáñez")
SHOWN = {2: b"34911234567", 7: b"Ana Nunez Ibane"}
LONGEST_S = 7


@contextmanager
def house(folder: Path, country: str = "es", **line: Any) -> Iterator[SteppedHouse]:
    made = SteppedHouse({"fxs1": "101", "fxs2": "102"}, folder, country, settings={"fxs1": line})
    yield made
    assert made.sim.violations() == []
    made.close()


class Recording:
    """What arrived at the telephone on fxs1 since a call for it came."""

    def __init__(self, phone: Phone, frame: int) -> None:
        self.sound: NDArray[np.int16] = phone.heard_since(frame)
        self.volts = phone.volts_since(frame).astype(np.float64)
        seen = ringing(self.volts)
        self.bursts = [(burst.start_ms, burst.start_ms + burst.ms) for burst in seen.bursts] if seen else []
        self.heard = measure.bursts(self.sound, bridge_ms=20)

    @property
    def data(self) -> tuple[float, float]:
        """Begin and end of the longest sound, in ms."""
        longest = max(self.heard, key=lambda burst: burst.ms)
        return longest.start_ms, longest.start_ms + longest.ms

    def turned_before(self, ms: float) -> float | None:
        """When the polarity turned; None if it had not by then."""
        wrong = np.flatnonzero(self.volts[: round(ms * 8)] < -20)
        return None if wrong.size == 0 else float(wrong[0] / 8)


def rung(made: SteppedHouse, caller: Party = ANA, ms: int = 6500) -> Recording:
    """The telephone on fxs1 rings for `caller`; nobody lifts."""
    phone = made.sim.copper["fxs1"]

    async def day() -> Recording:
        await made.pass_ms(500)
        frame = phone.frame
        leg = made.lines["fxs1"].make_leg()
        assert isinstance(leg, Leg)
        leg.place(CallRequest("1", caller, Party("101")))
        await made.pass_ms(ms)
        return Recording(phone, frame)

    return run(day())


def after_alert(seen: Recording) -> NDArray[np.int16]:
    """A telephone turns its receiver on when the alert is over, and so does the judge."""
    return seen.sound[max(0, round(seen.data[0] - 40)) * 8 :]


def only(messages: list[Message]) -> Message:
    (message,) = messages
    return message


def stamp_is_now(stamp: bytes) -> bool:
    sent = datetime.strptime(f"{datetime.now().year}{stamp.decode()}", "%Y%m%d%H%M")
    return abs((datetime.now() - sent).total_seconds()) < 180


# -- after the first ring ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "standard", "modem", "name"),
    [("us", "bellcore", "bell202", b"Ana Nunez Ibane"), ("es", "etsi", "v23", b"Ana Nunez Ibanez")],
)
def test_data_after_the_first_ring(country: str, standard: str, modem: str, name: bytes, tmp_path: Path) -> None:
    with house(tmp_path, country) as made:
        seen = rung(made)
    message = only(decode(seen.sound, standard))
    assert message.kind == 0x80
    assert {**message.fields, 1: b""} == {1: b"", 2: b"34911234567", 7: name}
    assert stamp_is_now(message.fields[1])
    octets = minimodem(seen.sound, modem, tmp_path)
    at = octets.index(b"\x80", octets.index(b"UU"))
    assert octets[at + 1] == len(octets[at + 2 : octets.index(name) + len(name)])
    whole = octets[at : at + octets[at + 1] + 3]
    assert sum(whole) % 256 == 0 and b"34911234567" in whole
    (_, first_ends), (second_begins, _) = seen.bursts[:2]
    begins, ends = seen.data
    assert 500 <= begins - first_ends <= 2000
    assert second_begins - ends >= 200


def test_level_and_frequencies_on_the_copper(tmp_path: Path) -> None:
    with house(tmp_path, "us") as made:
        seen = rung(made)
    begins, _ = seen.data
    seizure, mark = seen.sound[round(begins + 20) * 8 :][:1600], seen.sound[round(begins + 270) * 8 :][:800]
    assert measure.level_dbm0(mark) == pytest.approx(-13.5, abs=0.3)
    (tone,) = measure.tones(mark)
    assert tone.hz == pytest.approx(1200, rel=0.002)
    spectrum = np.abs(np.fft.rfft(seizure * np.hanning(seizure.size)))
    assert np.argmax(spectrum) * 5 == 1700, "alternating bits stand half-way between mark and space"


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_the_lines_gain_does_not_change_the_level(gain_db: float, tmp_path: Path) -> None:
    with house(tmp_path, "us", rx_gain_db=gain_db) as made:
        seen = rung(made)
    begins, _ = seen.data
    assert measure.level_dbm0(seen.sound[round(begins + 270) * 8 :][:800]) == pytest.approx(-13.5, abs=0.5)


def test_a_cadence_of_two_rings_has_its_data_in_the_long_pause(tmp_path: Path) -> None:
    with house(tmp_path, "au") as made:
        seen = rung(made)
    assert only(decode(seen.sound, "bellcore")).fields[2] == b"34911234567"
    begins, ends = seen.data
    assert seen.bursts[1][1] + 500 <= begins and ends + 200 <= seen.bursts[2][0]


def test_a_pause_too_short_is_made_longer_once(tmp_path: Path) -> None:
    with house(tmp_path, "jp", caller_id="bellcore") as made:
        made.lines["fxs1"].sender._ring_ms = (1000, 700)
        seen = rung(made)
    assert only(decode(seen.sound, "bellcore")).fields[2] == b"34911234567"
    begins, ends = seen.data
    assert seen.bursts[0][1] + 500 <= begins and ends + 200 <= seen.bursts[1][0]
    assert seen.bursts[2][0] - seen.bursts[1][1] == pytest.approx(700, abs=80)


# -- before ringing ------------------------------------------------------------------------

ALERTS = [
    ("es", {"caller_id_alert": "dt-as"}, "etsi", "v23"),
    ("es", {"caller_id_alert": "rp-as"}, "etsi", "v23"),
    ("es", {"caller_id_alert": "lr+dt-as"}, "etsi", "v23"),
    ("es", {"caller_id_alert": "reversal"}, "etsi", "v23"),
    ("es", {"caller_id_alert": "none"}, "etsi", "v23"),
    ("uk", {}, "etsi", "v23"),
    ("us", {"caller_id": "bellcore-number", "caller_id_alert": "rp-as"}, "bellcore", "bell202"),
]


@pytest.mark.parametrize(("country", "line", "standard", "modem"), ALERTS)
def test_data_before_ringing(country: str, line: dict[str, str], standard: str, modem: str, tmp_path: Path) -> None:
    with house(tmp_path, country, **line) as made:
        seen = rung(made)
    message = only(decode(after_alert(seen), standard))
    number = message.fields[0][8:] if message.kind == 0x04 else message.fields[2]
    assert number == b"34911234567"
    assert b"34911234567" in minimodem(seen.sound, modem, tmp_path)
    alert = line.get("caller_id_alert", "lr+dt-as")
    begins, ends = seen.data
    bursts = list(seen.bursts)
    turned = None
    if alert == "rp-as":
        pulse_begins, pulse_ends = bursts.pop(0)
        assert 200 <= pulse_ends - pulse_begins <= 300
        assert 500 <= begins - pulse_ends <= 800
    else:
        turned = seen.turned_before(begins)
    assert 200 <= bursts[0][0] - ends <= 500
    assert (turned is not None) == (alert in ("lr+dt-as", "reversal"))
    if alert.endswith("dt-as"):
        _check_dual_tone(seen, begins, turned)


def _check_dual_tone(seen: Recording, data_begins: float, turned: float | None) -> None:
    alert = next(burst for burst in seen.heard if len(burst.tones) == 2)
    assert 88 <= alert.ms <= 110
    assert [tone.hz for tone in alert.tones] == pytest.approx([2130, 2750], rel=0.005)
    assert all(-40 <= tone.dbm0 <= -9 for tone in alert.tones)
    assert 45 <= data_begins - alert.start_ms - alert.ms <= 500
    if turned is not None:
        assert alert.start_ms - turned >= 100


def test_the_line_has_its_polarity_back_when_the_caller_gives_up(tmp_path: Path) -> None:
    with house(tmp_path, "uk") as made:

        async def day() -> None:
            leg = made.lines["fxs1"].make_leg()
            assert isinstance(leg, Leg)
            leg.place(CallRequest("1", ANA, Party("101")))
            await made.pass_ms(800)
            assert made.sim.copper["fxs1"].line().phone_v < -40
            made.lines["fxs1"].leg.release(16)  # type: ignore[union-attr,arg-type]
            await made.pass_ms(400)
            assert made.sim.copper["fxs1"].line().phone_v > 40
            assert measure.level_dbm0(made.sim.copper["fxs1"].heard_last(0.2)) < -60

        run(day())
