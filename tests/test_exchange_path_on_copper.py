"""A call between an exchange line and a telephone keeps bits, time and level, from copper to copper.

Both ends say noise of known A-law octets in turns; at the other end each octet must arrive once, in order, after the
same time as in the first turn. Two minutes of stepped call; `TIPRING_SOAK=1` talks for an hour.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.phone import Phone
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_profile import fxo_profile
from firmware.telephony.countries import load_country
from tests.exchange_calls import call_in, call_out, closed
from tests.fake_time import run
from tests.firmware_media.judge import a_law_levels, encode
from tests.stepped_trunks import TrunkHouse

MINUTES = 60 if os.environ.get("TIPRING_SOAK") else 2
TURN_MS = 4000
MOST_DELAY_MS = 60
QUIET = 8
"""The smallest A-law value, which is all that an idle line says."""
LOUDEST = 12_000
"""An exchange line is cut off at 0 dBm, a peak of 22,827."""

BALANCED_DB = 60
"""Echo would come round and be added to what is measured."""
TEST_HZ = 1020.0
TEST_DBM0 = -15.0

Samples = NDArray[np.int16]


class Judge:
    """What one end hears of the other."""

    def __init__(self, speaker: Phone, hearer: Phone, seed: int) -> None:
        self.speaker, self.hearer = speaker, hearer
        self.delay: int | None = None
        """In samples."""
        self.heard = 0
        levels = a_law_levels()
        self._levels = levels[np.abs(levels) < LOUDEST]
        self._draw = np.random.default_rng(seed)
        self._said: Samples = np.zeros(0, np.int16)
        self._from = 0

    def say(self) -> None:
        self._said = self._draw.choice(self._levels, TURN_MS * 8 - MOST_DELAY_MS * 8).astype(np.int16)
        self._from = self.speaker.frame
        assert self.speaker.say(self._said) == self._said.size

    def listen(self) -> None:
        """After the turn: as many samples as were said, each its octet, all after the first turn's delay."""
        heard = self.hearer.heard_since(self._from)[: TURN_MS * 8]
        if self.delay is None:
            self.delay = offset(self._said, heard)
        assert fault(self._said, heard, self.delay) == ""
        self.heard += self._said.size


def octets(samples: Samples) -> NDArray[np.uint8]:
    return np.frombuffer(encode("PCMA", samples.astype(np.float64)), np.uint8)


def offset(said: Samples, heard: Samples) -> int:
    """By how many samples `heard` is late: where the two correlate best."""
    part = said[:8000].astype(np.float64)
    fits = [float(part @ heard[at : at + 8000]) for at in range(MOST_DELAY_MS * 8)]
    return int(np.argmax(fits))


def fault(said: Samples, heard: Samples, delay: int) -> str:
    """What is wrong with what was heard of `said` and the quiet around it; "" for nothing."""
    heard_octets, end = octets(heard), delay + said.size
    wrong = np.flatnonzero(heard_octets[delay:end] != octets(said))
    if wrong.size:
        return f"{wrong.size} of {said.size} octets are wrong, the first is number {wrong[0]}"
    around = np.concatenate([heard[:delay], heard[end:]])
    return "" if np.abs(around).max() <= QUIET else "more was heard than was said"


@pytest.mark.parametrize("samples", [1, 40, 80])
def test_the_judge_notices_what_is_lost_repeated_or_changed(samples: int) -> None:
    levels = a_law_levels()
    said = np.random.default_rng(1).choice(levels[np.abs(levels) < LOUDEST], 8000).astype(np.int16)
    heard = np.pad(said, (80, 400))
    delay, at = offset(said, heard), slice(4000, 4000 + samples)
    assert (delay, fault(said, heard, delay)) == (80, "")
    assert fault(said, np.delete(heard, at), delay)
    assert fault(said, np.insert(heard, 4000, heard[at]), delay)
    changed = heard.copy()
    changed[at] ^= 0x0400
    assert fault(said, changed, delay)
    assert fault(said, np.insert(heard, 8080, heard[8079]), delay)


def test_every_octet_arrives_once_in_order_and_after_the_same_time(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)
    phone, office = house.sim.copper["fxs1"], house.office.wires.voice
    for end in (phone, office):
        end.set_wire(erl_db=BALANCED_DB)
    judges = [Judge(office, phone, 1), Judge(phone, office, 2)]

    async def day() -> None:
        await call_in(house)
        await house.pass_ms(500)
        slips = house.engine_counts["slips"]
        for _ in range(MINUTES * 60_000 // TURN_MS // len(judges)):
            for judge in judges:
                judge.say()
                await house.pass_ms(TURN_MS)
                judge.listen()
        assert house.state("fxo1") == house.state("fxs1") == "talking"
        assert house.engine_counts["slips"] == slips
        phone.hang_up()
        await house.until("idle", lambda: house.state("fxo1") == "idle", 2000)
        ((_, record),) = house.records.ended
        assert record.talk_ms >= MINUTES * 60_000 - TURN_MS

    run(day())
    assert judges[0].heard == judges[1].heard >= 0.95 * MINUTES * 60 * 8000 / len(judges)
    closed(house)


@pytest.mark.parametrize("outgoing", [False, True], ids=["in", "out"])
@pytest.mark.parametrize(("exchange_db", "phone_db"), [(0.0, 0.0), (-12.0, 0.0), (3.0, -6.0), (6.0, 6.0)])
def test_levels_are_those_of_the_settings(tmp_path: Path, exchange_db: float, phone_db: float, outgoing: bool) -> None:
    said = FxoLineSettings(target="101", tx_gain_db=exchange_db, rx_gain_db=exchange_db)
    heard = losses(tmp_path, "es", said, phone_db, outgoing=outgoing)
    assert heard == pytest.approx([-exchange_db - phone_db] * 2, abs=0.5)


@pytest.mark.parametrize(
    ("country", "source"), [("us", "datasheet"), ("jp", "datasheet"), ("au", "datasheet"), ("uk", "dahdi")]
)
def test_no_countrys_termination_loses_a_level(tmp_path: Path, country: str, source: str) -> None:
    heard = losses(tmp_path, country, FxoLineSettings(target="101", termination=source))
    assert heard == pytest.approx([0.0, 0.0], abs=0.5)


def losses(
    folder: Path, country: str, said: FxoLineSettings, phone_db: float = 0.0, *, outgoing: bool = False
) -> list[float]:
    """In dB, from the exchange to the telephone and back. country, said: of the exchange line's chip. phone_db: gain
    at the telephone, both ways."""
    gains = {"fxs1": {"tx_gain_db": phone_db, "rx_gain_db": phone_db}}
    house = TrunkHouse(folder, chip=fxo_profile(load_country(country), said), settings=gains)
    phone, office = house.sim.copper["fxs1"], house.office.wires.voice
    found: list[float] = []

    async def day() -> None:
        if outgoing:
            await call_out(house, "05#")
            house.office.answer()
        else:
            await call_in(house)
        await house.pass_ms(300)
        for speaker, hearer in ((office, phone), (phone, office)):
            speaker.set_wire(erl_db=BALANCED_DB)
            hearer.set_wire(erl_db=BALANCED_DB)
            speaker.say(measure.sine(TEST_HZ, TEST_DBM0, 0.4))
            await house.pass_ms(300)
            found.append(TEST_DBM0 - measure.level_dbm0(hearer.heard_last(0.15)))
            await house.pass_ms(300)

    run(day())
    closed(house)
    return found
