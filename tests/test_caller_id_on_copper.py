"""Caller ID as a telephone gets it: every standard and alert on stepped copper, read by minimodem, multimon-ng
and libspandsp, with the times of ringing, alert and data measured off the recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party
from tests.fake_time import run
from tests.lines.adsi_judge import decode
from tests.lines.called_telephone import Recording, after_alert, house, only, place, rung, stamp_is_now
from tests.lines.fsk_tools import minimodem

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
            leg = place(made)
            await made.pass_ms(800)
            assert made.sim.copper["fxs1"].line().phone_v < -40
            leg.release(Cause.NORMAL_CLEARING)
            await made.pass_ms(400)
            assert made.sim.copper["fxs1"].line().phone_v > 40
            assert measure.level_dbm0(made.sim.copper["fxs1"].heard_last(0.2)) < -60

        run(day())


# -- who calls -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "caller", "fields"),
    [
        ("es", Party("anonymous", "Anonymous"), {4: b"P", 8: b"P"}),
        ("us", Party("", "Anonymous"), {4: b"P", 8: b"P"}),
        ("es", Party("", ""), {4: b"O", 8: b"O"}),
        ("us", Party("unknown", "Łódź Straße"), {4: b"O", 7: b"Lodz Strasse"}),
        ("es", Party("+4930123", "Ørsted & Ænima, Çelik"), {2: b"004930123", 7: b"Orsted & AEnima, Cel"}),
        ("us", Party("+4930123", "東京"), {2: b"0114930123", 8: b"O"}),
        ("es", Party("102", ""), {2: b"102", 8: b"O"}),
        ("es", Party("1" * 40, "x"), {2: b"1" * 20, 7: b"x"}),
    ],
)
def test_private_unavailable_abroad_and_accents(
    country: str, caller: Party, fields: dict[int, bytes], tmp_path: Path
) -> None:
    with house(tmp_path, country) as made:
        seen = rung(made, caller, 4000)
    message = only(decode(seen.sound, "bellcore" if country == "us" else "etsi"))
    del message.fields[1]
    assert message.fields == fields


def test_a_line_may_send_nothing(tmp_path: Path) -> None:
    with house(tmp_path, "es", caller_id="off") as made:
        seen = rung(made)
    assert len(seen.bursts) == 2 and not seen.heard


@pytest.mark.parametrize("alert", ["during", "rp-as", "lr+dt-as"])
def test_five_ringers_on_the_line_spoil_nothing(alert: str, tmp_path: Path) -> None:
    """Their capacitors close the loop for up to 240 ms, and the chip leaves its transmission by itself."""
    with house(tmp_path, "es", caller_id_alert=alert) as made:
        made.sim.copper["fxs1"].set_wire(ren=5)
        seen = rung(made)
    assert only(decode(after_alert(seen), "etsi")).fields[2] == b"34911234567"


def test_lifting_cuts_the_data_off(tmp_path: Path) -> None:
    with house(tmp_path, "es") as made:
        phone = made.sim.copper["fxs1"]

        async def day() -> None:
            await made.pass_ms(200)
            place(made)
            await made.pass_ms(2400)
            assert measure.level_dbm0(phone.heard_last(0.1)) > -20
            phone.lift()
            await made.until("answered", lambda: made.state("fxs1") == "talking", 300)
            await made.pass_ms(200)
            assert measure.level_dbm0(phone.heard_last(0.1)) < -60

        run(day())
