"""The far end hangs up in every country's tones, and by break, turn, silence and length: the line is free in time.

On copper through the chip, for telephones and SIP phones. Six countries with unlike tones, drawn by seed;
`TIPRING_SOAK=1` takes every country.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from firmware.telephony.cause import Cause
from firmware.telephony.countries import country_names, load_country
from tests.exchange_calls import closed
from tests.fake_time import run
from tests.foreign_exchange import habits_in
from tests.lines.exchange_sounds import period_s, unlike
from tests.stepped_sip import SipHouse
from tests.stepped_trunks import TrunkHouse

SOAK = bool(os.environ.get("TIPRING_SOAK"))
CHOSEN = sorted(country_names()) if SOAK else random.Random(4).sample(unlike("busy", "congestion"), 6)
WORD = np.random.default_rng(1).normal(0, 2500, 2400).astype(np.int16)
LIMIT_S = 12.0
AT_ONCE_MS = 1000
SLACK_MS = 300
MANNERS = ("busy-tone", "congestion-tone", "loop-break", "polarity")


def most_ms(country: str, how: str) -> int | None:
    """Until the line is free: four periods of a tone but 10 s at most, a second for what the wires tell; None for a
    tone without cadence, which tells nothing."""
    if how not in {"busy-tone", "congestion-tone"}:
        return AT_ONCE_MS
    tone = load_country(country).tone(how.removesuffix("-tone"))
    if any(segment.ms is None for segment in tone.segments):
        return None
    return round(min(4 * period_s(tone), 10.0) * 1000) + SLACK_MS


@pytest.mark.parametrize("country", CHOSEN)
def test_the_line_is_free_in_every_countrys_manner(tmp_path: Path, country: str) -> None:
    house = TrunkHouse(tmp_path, country, echo_ms=64)
    manners = [(how, outgoing) for how in MANNERS for outgoing in (False, True)]
    if not SOAK:  # each manner in one direction, in the other one in the next country
        manners = [pair for place, pair in enumerate(manners) if (place // 2 + place + CHOSEN.index(country)) % 2 == 0]

    async def day() -> None:
        for how, outgoing in manners:
            limit_ms = most_ms(country, how)
            if limit_ms is None:
                continue
            house.office.live_as(habits_in(load_country(country), answer_reversal=outgoing and how == "polarity"))
            await (answered_out(house) if outgoing else answered_in(house))
            house.office.hang_up(how)
            await house.until(f"freed after {how}", lambda: not house.office.wires.now().off_hook, limit_ms)
            assert house.state("fxs1") in {"busy", "congestion"}
            assert house.records.ended[-1][1].cause is Cause.NORMAL_CLEARING
            house.sim.copper["fxs1"].hang_up()
            await house.until("idle", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 3000)

    run(day())
    closed(house)


@pytest.mark.parametrize("limit", ["silence", "length"])
@pytest.mark.parametrize("country", CHOSEN if SOAK else CHOSEN[:1])
def test_silence_and_length_in_every_country(tmp_path: Path, country: str, limit: str) -> None:
    options = {"silence_s": LIMIT_S} if limit == "silence" else {}
    house = TrunkHouse(tmp_path, country, options=options, timers={"max_call_s": LIMIT_S if limit == "length" else 900})

    async def day() -> None:
        house.office.live_as(habits_in(load_country(country)))
        await answered_in(house)
        began_us = house.office.answered_us
        if limit == "silence":
            await house.pass_ms(5000)
            house.office.say(WORD)
            await house.pass_ms(WORD.size // 8)
            began_us = house.office.wires.now_us
        house.office.hang_up("silence")
        await house.until("freed", lambda: not house.office.wires.now().off_hook, 16_000)
        assert (house.office.wires.now_us - began_us) / 1e6 == pytest.approx(LIMIT_S, abs=1.0)

    run(day())
    closed(house)


async def answered_in(house: TrunkHouse) -> None:
    """A call from outside that 101 answers."""
    house.office.ring()
    await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
    await house.pass_ms(500)
    house.sim.copper["fxs1"].lift()
    await house.until("both talk", lambda: house.state("fxo1") == house.state("fxs1") == "talking", 4000)
    await house.pass_ms(500)


async def answered_out(house: TrunkHouse) -> None:
    """A call of 101 out, whose party answers by a turn of the wires, or with a word."""
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    house.sim.copper["fxs1"].dial("05#")
    await house.until("it rings there", lambda: house.office.stage.value == "ringback", 15_000)
    await house.pass_ms(2500)
    house.office.answer()
    if not house.office.habits.answer_reversal:
        house.office.say(WORD)
    await house.until("answered", lambda: house.state("fxo1") == "talking", 9000)
    await house.pass_ms(500)


SIP_MOST_MS = {"busy-tone": 1900, "congestion-tone": 6700, "loop-break": 1000, "polarity": 1000}


@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
@pytest.mark.parametrize("how", [*MANNERS, "silence", "length"])
def test_a_sip_phone_is_told_with_a_bye_when_the_far_end_hangs_up(tmp_path: Path, how: str, outgoing: bool) -> None:
    house = SipHouse(
        tmp_path,
        echo_ms=64,
        options={"silence_s": LIMIT_S if how == "silence" else 0.0},
        timers={"max_call_s": LIMIT_S if how == "length" else 900.0},
        habits={"answer_reversal": outgoing and how == "polarity", "inter_digit_ms": 1500},
    )

    async def day() -> None:
        await house.attach()
        await (house.sip_calls_out() if outgoing else house.sip_answers())
        answered_us = house.office.answered_us
        await house.pass_ms(1000)
        gone_us = house.office.wires.now_us
        house.office.hang_up("silence" if how == "length" else how)
        bye = await house.told("BYE", 16_000)
        took_s = (house.office.wires.now_us - (answered_us if how == "length" else gone_us)) / 1e6
        if how in SIP_MOST_MS:
            assert took_s * 1000 <= SIP_MOST_MS[how]
        else:
            assert took_s == pytest.approx(LIMIT_S, abs=1.2)
        cause = Cause.RECOVERY_ON_TIMER if how == "length" else Cause.NORMAL_CLEARING
        assert f"\r\nReason: Q.850;cause={cause.value}" in bye
        house.phone.answer(bye, "200 OK")
        await house.until("freed", lambda: not house.office.wires.now().off_hook, 300)
        await house.until("idle", lambda: house.state("fxo1") == "idle", 3000)
        assert house.exchange.debug()["calls"] == 0

    run(day())
    closed(house)
