"""Caller ID that is no FSK, and caller ID to which the telephone has something to say: DTMF, Japan, a second call."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from drivers.sim import measure
from drivers.sim.dialling import KeyPad
from drivers.sim.measure_dtmf import digits
from drivers.sim.measure_ringing import ringing
from drivers.sim.phone import Phone
from firmware.telephony.cause import Cause
from firmware.telephony.leg import Party
from tests.fake_time import run
from tests.lines.adsi_judge import decode
from tests.lines.called_telephone import ANA, house, only, place, rung
from tests.lines.fsk_tools import minimodem, multimon_digits
from tests.stepped_house import SteppedHouse

PRIVATE = Party("anonymous", "Anonymous")

# -- DTMF ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "line", "caller", "digits"),
    [
        ("nl", {}, ANA, "D34911234567C"),
        ("dk", {}, ANA, "A34911234567#"),
        ("se", {}, PRIVATE, "D1#"),
        ("dk", {}, Party(""), "D3#"),
        ("br", {}, ANA, "A34911234567C"),
        ("fi", {}, PRIVATE, "B10C"),
        ("es", {"caller_id": "dtmf", "caller_id_dtmf": "-#", "caller_id_alert": "none"}, ANA, "34911234567#"),
        ("es", {"caller_id": "dtmf", "caller_id_dtmf": "-", "caller_id_alert": "dt-as"}, ANA, "34911234567"),
    ],
)
def test_digits_before_ringing(country: str, line: dict[str, str], caller: Party, digits: str, tmp_path: Path) -> None:
    with house(tmp_path, country, **line) as made:
        seen = rung(made, caller)
    assert multimon_digits(seen.sound, tmp_path) == digits
    pairs = [burst for burst in seen.heard if burst.ms < 85]
    assert len(pairs) == len(digits)
    assert all(50 <= burst.ms <= 100 for burst in pairs)
    gaps = [after.start_ms - before.start_ms - before.ms for before, after in pairwise(pairs)]
    assert all(50 <= gap <= 75 for gap in gaps)
    last_ends = pairs[-1].start_ms + pairs[-1].ms
    assert 200 <= seen.bursts[0][0] - last_ends <= 500
    turned = seen.turned_before(pairs[0].start_ms)
    assert (turned is not None) == (not line)
    if turned is not None:
        assert 50 <= pairs[0].start_ms - turned <= 300


def test_an_absent_number_that_no_digits_stand_for_is_not_sent(tmp_path: Path) -> None:
    with house(tmp_path, "es", caller_id="dtmf", caller_id_dtmf="-") as made:
        seen = rung(made, PRIVATE)
    assert not seen.heard and seen.bursts[0][0] < 100


# -- Japan ---------------------------------------------------------------------------------


async def called_in_japan(made: SteppedHouse, caller: Party = ANA) -> tuple[Phone, int]:
    phone = made.sim.copper["fxs1"]
    await made.pass_ms(500)
    frame = phone.frame
    place(made, caller)
    return phone, frame


def ringing_volts(phone: Phone) -> Callable[[], bool]:
    return lambda: bool(np.abs(phone.volts_last(0.05)).max() > 60)


def test_a_japanese_display_fetches_the_number_and_then_rings(tmp_path: Path) -> None:
    with house(tmp_path, "jp") as made:

        async def day() -> None:
            phone, _ = await called_in_japan(made)
            await made.pass_ms(120)
            assert phone.line().phone_v < -40, "the line is reversed first"
            await made.until("a short ring", ringing_volts(phone), 300)
            await made.pass_ms(600)
            phone.lift()
            lifted = phone.frame
            await made.until("data", lambda: measure.level_dbm0(phone.heard_last(0.05)) > -30, 1000)
            await made.until("end of data", lambda: measure.level_dbm0(phone.heard_last(0.05)) < -60, 1500)
            message = only(decode(phone.heard_since(lifted), "japan"))
            assert (message.kind, message.fields) == (0x40, {2: b"34911234567"})
            assert made.state("fxs1") == "ringing", "to the exchange nobody has answered"
            phone.hang_up()
            hung_up = phone.frame
            await made.until("ordinary ringing", ringing_volts(phone), 1500)
            await made.pass_ms(4000)
            seen = ringing(phone.volts_since(hung_up))
            assert seen is not None and seen.cadence_ms[:2] == pytest.approx((1000, 2000), abs=90)
            phone.lift()
            await made.until("the answer", lambda: made.state("fxs1") == "talking", 400)

        run(day())


def test_a_japanese_telephone_without_display_rings_after_six_seconds(tmp_path: Path) -> None:
    with house(tmp_path, "jp") as made:

        async def day() -> None:
            phone, frame = await called_in_japan(made, PRIVATE)
            await made.pass_ms(9500)
            seen = ringing(phone.volts_since(frame))
            assert seen is not None
            assert [round(burst.ms / 500) for burst in seen.bursts[:6]] == [1] * 6
            assert seen.bursts[6].ms > 900 and 6000 <= seen.bursts[6].start_ms <= 6400
            phone.lift()
            await made.until("the answer", lambda: made.state("fxs1") == "talking", 400)

        run(day())


def test_a_hand_that_lifts_among_the_short_rings_is_understood(tmp_path: Path) -> None:
    with house(tmp_path, "jp") as made:

        async def day() -> None:
            phone, _ = await called_in_japan(made)
            await made.pass_ms(1500)
            phone.lift()
            took_ms = await made.until("the answer", lambda: made.state("fxs1") == "talking", 5000)
            assert took_ms < 4000

        run(day())


def test_a_caller_who_gives_up_while_the_number_is_fetched_leaves_nothing(tmp_path: Path) -> None:
    with house(tmp_path, "jp") as made:

        async def day() -> None:
            phone, _ = await called_in_japan(made)
            await made.pass_ms(1500)
            leg = made.lines["fxs1"].leg
            assert leg is not None
            leg.release(Cause.NORMAL_CLEARING)
            await made.pass_ms(8000)
            assert made.state("fxs1") == "idle"
            assert ringing(phone.volts_last(6)) is None
            assert phone.line().phone_v > 40

        run(day())


def test_a_hand_that_lifts_while_the_caller_gives_up_gets_dial_tone(tmp_path: Path) -> None:
    with house(tmp_path, "jp") as made:

        async def day() -> None:
            phone, _ = await called_in_japan(made)
            await made.pass_ms(1500)
            phone.lift()
            await made.pass_ms(300)
            leg = made.lines["fxs1"].leg
            assert leg is not None
            leg.release(Cause.NORMAL_CLEARING)
            assert made.state("fxs1") == "idle"
            await made.until("dial tone", lambda: made.state("fxs1") == "dialling", 4000)
            await made.pass_ms(200)
            assert heard_hz(phone) == [400]

        run(day())


# -- a second call -------------------------------------------------------------------------

FLASHY = KeyPad(on_ms=60, off_ms=60)


async def talking(made: SteppedHouse) -> tuple[Phone, Phone]:
    one, two = made.sim.copper["fxs1"], made.sim.copper["fxs2"]
    two.lift()
    await made.pass_ms(400)
    two.dial("101")
    await made.until("fxs1 rings", lambda: made.state("fxs1") == "ringing", 1500)
    await made.pass_ms(3200)
    one.lift()
    await made.until("both talk", lambda: made.state("fxs1") == made.state("fxs2") == "talking", 500)
    await made.pass_ms(300)
    return one, two


@pytest.mark.parametrize(
    ("country", "standard", "modem", "answer"),
    [("us", "bellcore", "bell202", "D"), ("es", "etsi", "v23", "D"), ("uk", "etsi", "v23", "A")],
)
def test_a_talking_telephone_answers_the_alert_and_gets_the_number(
    country: str, standard: str, modem: str, answer: str, tmp_path: Path
) -> None:
    with house(tmp_path, country) as made:

        async def day() -> None:
            one, two = await talking(made)
            frame = one.frame
            assert made.lines["fxs1"].sender.caller_id_waiting("34600111222", "Müller")
            await made.until("the alert", lambda: heard_hz(one) == [2130, 2750], 200)
            two.say(measure.sine(440, -10, 2.0))
            await made.until("its end", lambda: measure.level_dbm0(one.heard_last(0.02)) < -50, 120)
            await made.pass_ms(100)
            one.dial(answer, FLASHY)
            await made.until("data", lambda: measure.level_dbm0(one.heard_last(0.03)) > -20, 400)
            await made.until("the call again", lambda: heard_hz(one) == [440], 1000)
            muted_ms = (one.frame - frame) / 8
            assert muted_ms < 1500
            sound = one.heard_since(frame)
            message = only(decode(sound[8 * 300 :], standard))
            assert (message.fields[2], message.fields[7]) == (b"34600111222", b"Muller")
            assert b"34600111222" in minimodem(sound[8 * 300 :], modem, tmp_path)
            alert = next(burst for burst in measure.bursts(sound) if len(burst.tones) == 2)
            assert 75 <= alert.ms <= 85
            assert digits(two.heard_since(frame)) == "", "the answer is no business of the other end"

        run(day())


def test_a_telephone_that_shows_no_numbers_misses_half_a_second(tmp_path: Path) -> None:
    with house(tmp_path, "us") as made:

        async def day() -> None:
            one, two = await talking(made)
            two.say(measure.sine(440, -10, 2.0))
            await made.pass_ms(100)
            assert made.lines["fxs1"].sender.caller_id_waiting("102", "")
            await made.pass_ms(60)
            took_ms = await made.until("the call again", lambda: heard_hz(one) == [440], 1000)
            assert took_ms < 600

        run(day())


def test_nothing_is_sent_to_one_who_does_not_talk_or_in_a_form_that_has_no_second_call(tmp_path: Path) -> None:
    with house(tmp_path, "us") as made:
        assert not made.lines["fxs1"].sender.caller_id_waiting("102", "")
    with house(tmp_path, "nl") as made:

        async def day() -> None:
            await talking(made)
            assert not made.lines["fxs1"].sender.caller_id_waiting("102", "")

        run(day())


@pytest.mark.parametrize(("country", "standard"), [("es", "etsi"), ("us", "bellcore")])
def test_who_waits_is_shown_after_the_waiting_tone(country: str, standard: str, tmp_path: Path) -> None:
    numbers = {"fxs1": "101", "fxs2": "102", "fxs3": "103"}
    names = {"fxs3": {"name": "Zoë"}}
    made = SteppedHouse(numbers, tmp_path, country, board="sim-4fxs", settings=names)

    async def day() -> None:
        one, _ = await talking(made)
        three = made.sim.copper["fxs3"]
        three.lift()
        await made.pass_ms(400)
        frame = one.frame
        three.dial("101")
        await made.until("the alert", lambda: heard_hz(one) == [2130, 2750], 3000)
        await made.pass_ms(120)
        one.dial("D", FLASHY)
        await made.until("data", lambda: measure.level_dbm0(one.heard_last(0.03)) > -20, 400)
        await made.until("end", lambda: measure.level_dbm0(one.heard_last(0.05)) < -50, 1000)
        heard = [burst for burst in measure.bursts(one.heard_since(frame)) if burst.ms > 60]
        at = next(n for n, burst in enumerate(heard) if len(burst.tones) == 2)
        waiting, alert = heard[at - 1 : at + 1]
        assert [round(tone.hz) for tone in waiting.tones] == [440 if country == "us" else 425]
        assert 0 <= alert.start_ms - waiting.start_ms - waiting.ms <= 50
        (message,) = decode(one.heard_since(frame)[round(alert.start_ms + 150) * 8 :], standard)
        assert (message.fields[2], message.fields[7]) == (b"103", b"Zoe")
        assert made.lines["fxs1"].status()["other"] == "waiting"

    run(day())
    assert made.sim.violations() == []
    made.close()


def heard_hz(phone: Phone) -> list[int]:
    return [round(tone.hz) for tone in measure.tones(phone.heard_last(0.05))]
