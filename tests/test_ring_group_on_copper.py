"""Calls from outside that ring a group of telephones, or whom the line's number leads to, on stepped copper."""

from __future__ import annotations

from pathlib import Path

from drivers.sim import measure
from drivers.sim.exchange_line import Stage
from firmware.app_numbers import add_groups, inbound_table, with_inbound
from firmware.config.load import load
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from tests.exchange_calls import TWO_TRUNKS, call_out, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

SETTINGS = """
[lines.fxs1]
number = "101"
[lines.fxs2]
number = "102"
[lines.fxo1]
number = "912345102"
[groups.sales]
number = "600"
name = "Sales"
members = ["101", "102"]
"""
BOTH = ("fxs1", "fxs2")


def house_of(folder: Path, text: str, board: str = "sim-fxo") -> TrunkHouse:
    """A house that obeys these settings in what calls from outside ring."""
    file = folder / "tipring.toml"
    file.write_text(SETTINGS + text, encoding="utf-8")
    settings = load(file)
    table = inbound_table(settings, load_country("es").numbering)
    line = with_inbound(settings.exchange_lines["fxo1"], "fxo1", table)
    house = TrunkHouse(folder, board=board, options={"target": line.target})
    add_groups(settings, house.routes)
    return house


GROUP = '[inbound.city]\nnumbers = ["912345000-912345199"]\ntarget = "600"\n'


def rings(house: TrunkHouse, *ports: str) -> bool:
    return all(house.sim.copper[port].line().ringing for port in ports)


async def both_ways(house: TrunkHouse, port: str, trunk: str = "fxo1") -> None:
    """Who called over `trunk` and the telephone at `port` hear each other."""
    phone, office = house.sim.copper[port], house.sim.offices[trunk]
    office.say(measure.sine(1000, -15.0, 0.4))
    await house.pass_ms(300)
    assert [(round(t.hz), round(t.dbm0)) for t in measure.tones(phone.heard_last(0.15))] == [(1000, -15)]
    phone.say(measure.sine(700, -15.0, 0.4))
    await house.pass_ms(300)
    heard = measure.tones(office.wires.voice.heard_last(0.15))
    assert [(round(t.hz), round(t.dbm0)) for t in heard] == [(700, -15)]


async def all_rest(house: TrunkHouse) -> None:
    for port in BOTH:
        house.sim.copper[port].hang_up()
    names = (*house.trunks, *BOTH)
    await house.until("all rest", lambda: all(house.state(name) == "idle" for name in names), 12_000)
    assert not any(house.exchange.debug().values())


async def answered_by(house: TrunkHouse, port: str) -> None:
    (other,) = set(BOTH) - {port}
    house.office.ring()
    await house.until("both ring", lambda: rings(house, *BOTH), 2500)
    house.sim.copper[port].lift()
    await house.until("both talk", lambda: house.state("fxo1") == house.state(port) == "talking", 4000)
    assert house.state(other) == "idle"
    await house.pass_ms(300)
    for _ in range(60):  # a whole cadence of ringing and more
        await house.pass_ms(100)
        assert not rings(house, other)


def test_a_group_rings_and_the_first_to_answer_talks_both_ways_while_the_other_stops(tmp_path: Path) -> None:
    house = house_of(tmp_path, GROUP)

    async def day() -> None:
        for port in BOTH:
            await answered_by(house, port)
            await both_ways(house, port)
            await all_rest(house)
            await house.pass_ms(1500)
        assert [end.cause for _, end in house.records.ended] == [Cause.NORMAL_CLEARING] * 2
        assert [called for _, _, called, _ in house.records.begun] == ["600"] * 2

    run(day())
    closed(house)


def test_a_busy_member_is_left_out_and_hears_no_call_waiting(tmp_path: Path) -> None:
    house = house_of(tmp_path, GROUP, TWO_TRUNKS)

    async def day() -> None:
        second = house.sim.offices["fxo2"]
        await call_out(house)
        await house.pass_ms(2000)
        house.office.answer()
        await house.until("101 talks", lambda: house.state("fxo1") == house.state("fxs1") == "talking", 6000)
        second.ring()
        await house.until("102 rings", lambda: rings(house, "fxs2"), 2500)
        await house.pass_ms(4500)
        assert measure.tones(house.sim.copper["fxs1"].heard_last(4.0)) == ()
        house.sim.copper["fxs2"].lift()
        await house.until("102 talks", lambda: house.state("fxo2") == house.state("fxs2") == "talking", 4000)
        await both_ways(house, "fxs2", "fxo2")
        await both_ways(house, "fxs1")
        await all_rest(house)

    run(day())
    closed(house)


def test_when_all_are_busy_the_call_rings_on_outside_and_is_busy_inside(tmp_path: Path) -> None:
    house = house_of(tmp_path, GROUP)

    async def day() -> None:
        for port in BOTH:
            house.sim.copper[port].lift()
        await house.pass_ms(300)
        house.office.ring()
        await house.until("offered and refused", lambda: house.state("fxo1") == "ignored", 2500)
        assert house.records.ended[-1][1].cause is Cause.USER_BUSY
        assert house.office.stage is Stage.RINGING
        house.office.stop()
        await house.until("idle", lambda: house.state("fxo1") == "idle", 9000)
        await house.pass_ms(round(house.sim.copper["fxs1"].dial("600")))
        await house.until("refused", lambda: len(house.records.ended) == 2, 6000)
        assert house.records.ended[-1][1].cause is Cause.USER_BUSY
        await house.pass_ms(1000)
        tones = measure.tones(house.sim.copper["fxs1"].heard_last(0.8))
        assert house.state("fxs1") == "busy"
        assert round(max(tones, key=lambda tone: tone.dbm0).hz) == 425
        await all_rest(house)

    run(day())
    closed(house)


def test_a_telephone_calls_the_group_it_belongs_to(tmp_path: Path) -> None:
    house = house_of(tmp_path, GROUP)

    async def day() -> None:
        one, two = (house.sim.copper[port] for port in BOTH)
        one.lift()
        await house.pass_ms(400)
        await house.pass_ms(round(one.dial("600")))
        await house.until("102 rings", lambda: rings(house, "fxs2"), 6000)
        two.lift()
        await house.until("both talk", lambda: house.state("fxs1") == house.state("fxs2") == "talking", 2000)
        one.say(measure.sine(700, -15.0, 0.4))
        await house.pass_ms(300)
        assert [round(t.hz) for t in measure.tones(two.heard_last(0.15))] == [700]
        await all_rest(house)

    run(day())
    closed(house)


def test_the_caller_hangs_up_while_the_group_rings(tmp_path: Path) -> None:
    house = house_of(tmp_path, GROUP)

    async def day() -> None:
        house.office.ring()
        await house.until("both ring", lambda: rings(house, *BOTH), 2500)
        await house.pass_ms(2000)
        house.office.stop()
        quiet = {"fxs1": "idle", "fxs2": "idle", "fxo1": "idle"}
        await house.until("silent", lambda: all(house.state(name) == state for name, state in quiet.items()), 9000)
        for _ in range(60):
            await house.pass_ms(100)
            assert not house.sim.copper["fxs1"].line().ringing and not house.sim.copper["fxs2"].line().ringing
        await all_rest(house)
        assert len(house.records.ended) == 1

    run(day())
    closed(house)


def test_the_lines_number_leads_to_an_extension_of_a_range(tmp_path: Path) -> None:
    house = house_of(tmp_path, '[inbound.city]\nnumbers = ["912345101-912345102"]\nkeep = 3\n')

    async def day() -> None:
        house.office.ring()
        await house.until("102 rings", lambda: rings(house, "fxs2"), 2500)
        assert not rings(house, "fxs1") and house.state("fxs1") == "idle"
        house.sim.copper["fxs2"].lift()
        await house.until("both talk", lambda: house.state("fxo1") == house.state("fxs2") == "talking", 4000)
        await house.pass_ms(300)
        await both_ways(house, "fxs2")
        await all_rest(house)

    run(day())
    closed(house)
