"""Teach-in on exchanges drawn by a seed: one watched call each, on stepped copper with the true house behind it.

The judge is the drawn exchange itself; it shares nothing with what learns.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drivers.sim.exchange_caller import Manner
from drivers.sim.exchange_data import IncomingCall
from drivers.sim.exchange_draw import OUTSIDE, draw_exchange, draw_outside
from drivers.sim.exchange_habits import HANG_UPS, CallTone, Habits
from drivers.sim.exchange_line import Stage
from firmware.config.load import load
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_profile import fxo_options
from firmware.lines.teach_proposal import Proposal
from firmware.lines.teach_session import TeachSession
from firmware.telephony.countries import load_country
from tests.exchange_calls import call_in, call_out, closed
from tests.fake_time import run
from tests.firmware_media.echo_paths import speech
from tests.stepped_trunks import TrunkHouse

SEEDS = range(1, 201) if os.environ.get("TIPRING_SOAK") else range(1, 21)
SITE = 'country = "es"\n[lines.fxs1]\nnumber = "101"\n'
MANNERS = {"busy-tone": "tones", "congestion-tone": "tones"}


async def taught(house: TrunkHouse, habits: Habits, seed: int, *, outgoing: bool = False) -> Proposal:
    """One call that this exchange ends in its manner, and what the teach-in makes of it."""
    house.office.live_as(habits)
    session = TeachSession(house.trunk, calls=1)
    if outgoing:
        await call_out(house)
        await house.pass_ms(1000)
        house.office.answer()
    else:
        await call_in(house)
    house.office.say(speech(seed, 2.0).astype(np.int16))
    await house.until("the call is up", lambda: house.state("fxo1") == "talking", 6000)
    await house.pass_ms(2500)
    house.office.hang_up()
    await house.until("the teach-in is over", lambda: session.over, 70_000)
    house.sim.copper["fxs1"].hang_up()
    await house.until("both rest", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 3000)
    await house.until("the exchange too", lambda: house.office.stage is Stage.IDLE, 2000)
    return session.proposal()


def wrong(habits: Habits, made: Proposal) -> str:
    """What is wrong with a proposal for this exchange; "" nothing."""
    settings = made.accepted()
    if made.unsure or made.manner != MANNERS.get(habits.hang_up, habits.hang_up):
        return f"hang-up {made.manner} {made.confidence}"
    if habits.hang_up == "silence":
        return "" if settings.get("silence_s", 0) > 0 else "no silence_s"
    if settings.get("hang_up_by") != [made.manner]:
        return "hang_up_by"
    if habits.hang_up == "loop-break":
        shortest = settings["loop_break_ms"]
        return "" if 0.4 * habits.break_ms <= shortest <= 0.6 * habits.break_ms else f"loop_break_ms {shortest}"
    if habits.hang_up == "polarity":
        return ""
    return wrong_tone(habits.busy if habits.hang_up == "busy-tone" else habits.congestion, settings)


def wrong_tone(tone: CallTone, settings: dict[str, object]) -> str:
    pieces = [piece.split("/") for piece in str(settings.get("busy_tone", "0/0")).split(", ")]
    hz = [float(f) for f in pieces[0][0].split("+")]
    lengths = [int(ms) for _, ms in pieces]
    if len(hz) != len(tone.hz) or any(abs(a - b) > 10 for a, b in zip(hz, tone.hz, strict=True)):
        return f"frequency {hz}"
    if len(lengths) != len(tone.cadence_ms) or any(
        abs(a - b) > 25 for a, b in zip(lengths, tone.cadence_ms, strict=True)
    ):
        return f"cadence {lengths}"
    low, high = -15.0 - tone.dbm0, -5.0 - tone.dbm0
    wanted = low if low > 0 else high if high < 0 else 0.0
    gain = settings.get("tx_gain_db", 0.0)
    assert isinstance(gain, float)
    return "" if abs(gain - min(wanted, 6.0)) <= 1.5 else f"gain {gain}, wanted {wanted:.1f}"


def test_of_20_drawn_exchanges_at_least_18_are_learnt(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)
    bad: list[str] = []

    async def day() -> None:
        for seed in SEEDS:
            habits = draw_exchange(seed, HANG_UPS[seed % 5])
            made = await taught(house, habits, seed)
            what = wrong(habits, made)
            print(f"seed {seed}: {habits.hang_up}: {what or 'right'}: {made.accepted()}")
            bad.extend([f"seed {seed}: {what}: {habits}"] if what else [])

    run(day())
    assert len(bad) <= len(SEEDS) // 10, bad
    closed(house)


@pytest.mark.parametrize("kind", OUTSIDE)
def test_of_an_exchange_outside_of_the_ranges_it_is_unsure(tmp_path: Path, kind: str) -> None:
    house = TrunkHouse(tmp_path)

    async def day() -> None:
        made = await taught(house, draw_outside(7, kind), 7)
        print(kind, made.toml())
        assert made.unsure
        assert made.accepted() == {}

    run(day())
    closed(house)


@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
def test_accepted_settings_notice_the_hang_up_that_the_country_does_not(tmp_path: Path, outgoing: bool) -> None:
    habits = replace(draw_exchange(16, "busy-tone"), hang_up="busy-tone")
    accepted: dict[str, object] = {}

    async def learning(house: TrunkHouse) -> None:
        accepted.update((await taught(house, habits, 3, outgoing=outgoing)).accepted())

    async def noticed_ms(house: TrunkHouse) -> int:
        house.office.live_as(habits)
        await call_in(house)
        await house.pass_ms(500)
        house.office.hang_up()
        for waited_ms in range(0, 12_000, 100):
            await house.pass_ms(100)
            if house.state("fxo1") != "talking":
                return waited_ms
        return 12_000

    def lived(options: dict[str, object]) -> int:
        house = TrunkHouse(tmp_path, options=options)
        waited_ms = run(noticed_ms(house))
        closed(house)
        return waited_ms

    house = TrunkHouse(tmp_path)
    run(learning(house))
    closed(house)
    file = tmp_path / "tipring.toml"
    file.write_text(SITE + "[lines.fxo1]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in accepted.items()))
    options = fxo_options(load_country("es"), load(file).exchange_lines["fxo1"])
    assert lived({}) == 12_000
    assert lived({"busy_tone": options.busy_tone, "hang_up_by": options.hang_up_by}) <= 6000


CALLER_IDS = {
    "etsi-fsk": (Manner("etsi-fsk"), "dtmf"),
    "after dual tone": (Manner("etsi-fsk", "dt-as"), ""),
    "uk": (Manner("uk", "lr+dt-as"), "bellcore"),
    "bellcore": (Manner("bellcore"), "etsi-fsk"),
    "dtmf D-C": (Manner("dtmf", "reversal", form="D-C"), "etsi-fsk"),
    "dtmf A-#": (Manner("dtmf", "none", form="A-#"), "dtmf"),
    "dtmf bare": (Manner("dtmf", "reversal", form="-"), ""),
}
"""And the line's own standard."""


@pytest.mark.parametrize("kind", CALLER_IDS)
def test_what_is_proposed_for_caller_id_reads_it(tmp_path: Path, kind: str) -> None:
    """The line's own standard is none or may be wrong; with what two calls propose it shows who calls."""
    manner, own = CALLER_IDS[kind]
    accepted: dict[str, object] = {}

    async def learning(house: TrunkHouse) -> None:
        house.office.manner = manner
        session = TeachSession(house.trunk, calls=2)
        for _ in range(2):
            house.office.ring(IncomingCall("600123456"))
            await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
            await house.pass_ms(5500)
            house.sim.copper["fxs1"].lift()
            await house.until("the call is up", lambda: house.state("fxo1") == "talking", 4000)
            await house.pass_ms(1000)
            house.office.hang_up("loop-break")
            await house.until("ended", lambda: house.state("fxo1") == "idle", 9000)
            house.sim.copper["fxs1"].hang_up()
            await house.pass_ms(1500)
        assert session.over
        accepted.update(session.proposal().accepted())

    async def shown(house: TrunkHouse) -> str:
        house.office.manner = manner
        house.office.ring(IncomingCall("600123456"))
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
        assert house.trunk.leg is not None
        return house.trunk.leg.party.number

    house = TrunkHouse(tmp_path, options={"caller_id": own})
    run(learning(house))
    closed(house)
    settings = {key: accepted[key] for key in ("caller_id", "caller_id_dtmf") if key in accepted}
    options = fxo_options(load_country("es"), FxoLineSettings(**settings))  # type: ignore[arg-type]
    wanted = {"caller_id": options.caller_id, "caller_id_dtmf": options.caller_id_dtmf}
    house = TrunkHouse(tmp_path, options=wanted | {"caller_id_wait_s": options.caller_id_wait_s})
    assert run(shown(house)) == "600123456"
    closed(house)
