"""Every opening, bounce and ring trip on stepped copper, through chip and scanner, in every country's profile.

What an opening means is read here off `countries.toml` itself and the rules written above it; neither the driver
nor `lines/profiles.py` is asked. The contact is moved by planned edges, exact to a frame of 125 us.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from boards.calibration_store import CalibrationStore
from drivers.ports import HookFlash, LineProfile, OffHook, OnHook, PortEvent, PulseDigitDialled
from drivers.sim.phone import Phone
from firmware.config.line_settings import FxsLineSettings
from firmware.lines.profiles import line_profile
from firmware.telephony.countries import load_country
from tests.drivers.stepped_ports import House

TABLE = Path(__file__).resolve().parents[2] / "firmware/telephony/countries.toml"
OPENINGS_MS = range(20, 1501, 5)
APART_MS = 420
"""Closed between two openings: longer than every digit gap, so that each is judged by itself."""
TRIPS = 1000
RINGERS = (0.2, 1.0, 2.0, 3.0, 5.0)
SPAIN_MS = (1500, 3000)

NAMES = {OffHook: "off", OnHook: "on", HookFlash: "flash", PulseDigitDialled: "digit"}


def countries() -> dict[str, dict[str, Any]]:
    """Code -> the table's own figures, those of [default] filled in."""
    tables = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {code: {**tables["default"], **table} for code, table in tables.items() if code != "default"}


def meaning(figures: dict[str, Any], pulses: bool, open_ms: int) -> list[str]:
    """What one opening of a lifted telephone is: a pulse where both windows match (but from 80 ms on a flash, where
    flashes begin so early), on hook beyond both."""
    (pulse_low, pulse_high), (flash_low, flash_high) = figures["pulse_ms"], figures["flash_ms"]
    if flash_low <= pulse_high:
        pulse_high = 79
    if pulses and pulse_low <= open_ms <= pulse_high:
        return ["digit"]
    if flash_low <= open_ms <= flash_high:
        return ["flash"]
    return ["on", "off"] if open_ms > flash_high else []


def windows() -> dict[tuple[Any, ...], tuple[str, bool]]:
    """Each set of hook figures once, with a country that has it and whether pulses are understood."""
    found: dict[tuple[Any, ...], tuple[str, bool]] = {}
    for code, figures in countries().items():
        for pulses in (True, False):
            key = (*figures["flash_ms"], *figures["pulse_ms"], figures["digit_gap_ms"], pulses)
            found.setdefault(key, (code, pulses))
    return found


def profile(code: str, pulses: bool) -> LineProfile:
    return line_profile(load_country(code), FxsLineSettings(number="101", ring_v_rms=70.0, pulse_dialling=pulses))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> CalibrationStore:
    return CalibrationStore(tmp_path_factory.mktemp("calibration"))


@pytest.fixture
def house(calibrated: CalibrationStore) -> Iterator[House]:
    house = House(calibrated, profile("es", True))
    house.board.start(stepped=True)
    house.step(20)
    yield house
    assert house.sim.violations() == []
    house.close()


def told(events: list[PortEvent], port: str) -> list[str]:
    return [NAMES[type(event)] for event in events if event.port == port]


def lift(house: House, *ports: str) -> None:
    for port in ports:
        house.sim.phone(port).lift()
    house.step(APART_MS)


Habits = tuple[str, bool]
"""A country, and whether pulses are understood."""


def sweep(calibrated: CalibrationStore, habits: dict[str, Habits], rens: dict[str, float]) -> None:
    """Every length on both ports at once, each by its own habits and with its own ringers."""
    figures = countries()
    house = House(calibrated, profile(*habits["fxs1"]), second=profile(*habits["fxs2"]))
    house.board.start(stepped=True)
    for port, ren in rens.items():
        house.sim.phone(port).set_wire(ren=ren)
    lift(house, *habits)
    for open_ms in OPENINGS_MS:
        for port in habits:
            house.sim.phone(port).flash(open_ms)
        events = house.step(open_ms + APART_MS)
        for port, (code, pulses) in habits.items():
            assert told(events, port) == meaning(figures[code], pulses, open_ms), f"{code}, {port}: {open_ms} ms"
            flashes = [event.open_ms for event in events if isinstance(event, HookFlash) and event.port == port]
            assert all(abs(ms - open_ms) <= 4 for ms in flashes)
    assert house.sim.violations() == []
    house.close()


PROFILES = list(windows().values())
PAIRS = list(zip_longest(PROFILES[::2], PROFILES[1::2], fillvalue=PROFILES[0]))


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "+".join(f"{code}-{pulses:d}" for code, pulses in pair))
def test_every_opening_has_exactly_its_configured_meaning(
    calibrated: CalibrationStore, pair: tuple[Habits, Habits]
) -> None:
    sweep(calibrated, dict(zip(("fxs1", "fxs2"), pair, strict=True)), {"fxs1": 1.0, "fxs2": 1.0})


@pytest.mark.parametrize("pair", [(("es", True), ("us", True)), (("de", True), ("es", False))])
def test_ringers_of_several_telephones_change_no_meaning(
    calibrated: CalibrationStore, pair: tuple[Habits, Habits]
) -> None:
    """Five and three of them draw the whole limiting current for 70 and 30 ms after the hook has opened."""
    sweep(calibrated, dict(zip(("fxs1", "fxs2"), pair, strict=True)), {"fxs1": 5.0, "fxs2": 3.0})


@pytest.mark.parametrize("loop_ma", [20, 29])
@pytest.mark.parametrize("ren", [1.0, 5.0])
def test_an_extension_that_is_hung_up_is_no_event(calibrated: CalibrationStore, loop_ma: int, ren: float) -> None:
    """Two lifted telephones in parallel, then one of them alone, then both again."""
    house = House(calibrated, LineProfile(loop_ma=loop_ma))
    house.board.start(stepped=True)
    phone = house.sim.phone("fxs1")
    phone.set_wire(ren=ren, phone_ohm=125, loop_ohm=100)
    lift(house, "fxs1")
    for alone_ohm in (250, 350, 500, 600):
        for ohm in (alone_ohm, alone_ohm / 2):
            phone.set_wire(phone_ohm=ohm)
            assert house.step(2000) == []
    phone.hang_up()
    assert told(house.step(500), "fxs1") == ["on"]
    house.close()


@pytest.mark.parametrize("loop_ohm", [0, 600, 1200, 1700])
def test_a_flash_is_known_on_lines_of_every_length(calibrated: CalibrationStore, loop_ohm: int) -> None:
    house = House(calibrated, profile("es", True))
    house.board.start(stepped=True)
    phone = house.sim.phone("fxs1")
    phone.set_wire(loop_ohm=loop_ohm)
    lift(house, "fxs1")
    for open_ms in (60, 90, 120, 200):
        phone.flash(open_ms)
        assert told(house.step(open_ms + APART_MS), "fxs1") == meaning(countries()["es"], True, open_ms), open_ms
    house.close()


def burst(chance: random.Random, last: bool) -> list[tuple[float, bool]]:
    """(ms, contact closed) of a contact that chatters for up to 20 ms, opens of up to 10 ms, and stays as `last`."""
    ends_ms = chance.uniform(2.0, 20.0)
    edges, at_ms, closed = [], 0.0, last
    while True:
        edges.append((at_ms, closed))
        at_ms += chance.uniform(0.3, 3.0) if closed else chance.uniform(0.3, 10.0)
        closed = not closed
        if at_ms >= ends_ms:
            break
    if edges[-1][1] is not last:
        edges.append((ends_ms, last))
    return edges


def plan(phone: Phone, edges: list[tuple[float, bool]]) -> tuple[float, float]:
    """Play edges from 1 ms on; the board's time in ms at which the first and the last one fall."""
    start_us = phone.now_us + 1000
    phone.plan([(start_us + round(ms * 1000), closed) for ms, closed in edges])
    return start_us / 1000 + edges[0][0], start_us / 1000 + edges[-1][0]


def test_a_chattering_contact_is_one_event_within_50_ms_of_settling(house: House) -> None:
    chance = random.Random(51)
    phone = house.sim.phone("fxs1")
    for _ in range(300):
        _, settled_ms = plan(phone, burst(chance, True))
        (event,) = house.step(chance.randrange(400, 460))
        assert isinstance(event, OffHook)
        assert 0 < event.at_s * 1000 - settled_ms < 50
        began_ms, settled_ms = plan(phone, burst(chance, False))
        (event,) = house.step(chance.randrange(500, 560))
        assert isinstance(event, OnHook)
        # Until then it could have been a flash, 130 ms at most.
        assert began_ms + 130 < event.at_s * 1000 < settled_ms + 130 + 50


def test_a_contact_that_crackles_in_a_call_means_nothing(house: House) -> None:
    chance = random.Random(52)
    lift(house, "fxs1")
    for _ in range(300):
        plan(house.sim.phone("fxs1"), burst(chance, True)[1:] or [(1.0, True)])
        assert house.step(chance.randrange(100, 160)) == []


def test_a_flash_with_a_bouncing_hook_is_one_flash(house: House) -> None:
    chance = random.Random(53)
    lift(house, "fxs1")
    for _ in range(300):
        closing = [(90 + ms, closed) for ms, closed in burst(chance, True)]
        plan(house.sim.phone("fxs1"), [(0.0, False), *closing])
        assert told(house.step(500), "fxs1") == ["flash"]


def rung(house: House, moments_ms: dict[str, int], chance: random.Random) -> dict[str, tuple[bool, float]]:
    """Ring both telephones and lift each at its moment, for 700 ms; whether in a burst, and after how many ms told."""
    lifted: dict[str, tuple[bool, float]] = {}
    for port in moments_ms:
        ren, loop_ohm, bounce_ms = chance.choice(RINGERS), chance.uniform(0, 300), chance.uniform(0, 20)
        house.sim.phone(port).set_wire(ren=ren, loop_ohm=loop_ohm, bounce_ms=bounce_ms)
        house.ports[port].ring(SPAIN_MS)
    deeds = [(ms, port, True) for port, ms in moments_ms.items()]
    deeds += [(ms + 700, port, False) for ms, port, _ in deeds]
    events: list[PortEvent] = []
    now_ms = 0
    for at_ms, port, lifts in sorted(deeds):
        events += house.step(at_ms - now_ms)
        now_ms = at_ms
        phone = house.sim.phone(port)
        if lifts:
            lifted[port] = (phone.line().ringing, house.sim.now_us / 1000)
            phone.lift(chance.uniform(200, 600))
        else:
            phone.hang_up()
    events += house.step(700)
    for port, (in_burst, at_ms) in lifted.items():
        assert told(events, port) == ["off", "on"], f"{port} at {moments_ms[port]} ms: {events}"
        trip = next(event for event in events if event.port == port)
        assert isinstance(trip, OffHook) and trip.ring_trip
        lifted[port] = (in_burst, trip.at_s * 1000 - at_ms)
    return lifted


def test_ring_trips_at_any_moment_of_burst_and_gap_answer_once(house: House) -> None:
    """Two cadences long, a lift every 9 ms somewhere; light and heavy ringers, short and long lines, bouncing hooks."""
    chance = random.Random(54)
    moments_ms = [9 * number + chance.randrange(9) + 1 for number in range(TRIPS)]
    chance.shuffle(moments_ms)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for one_ms, two_ms in zip(moments_ms[::2], moments_ms[1::2], strict=True):
        for in_burst, after_ms in rung(house, {"fxs1": one_ms, "fxs2": two_ms}, chance).values():
            spent[in_burst].append(after_ms)
    for in_burst, times_ms in spent.items():
        assert len(times_ms) > TRIPS / 5
        assert min(times_ms) > 0 and max(times_ms) < 150, (in_burst, max(times_ms))
