"""Calls over an exchange line of a stepped house, in and out, as its tests make them."""

from __future__ import annotations

from pathlib import Path

from drivers.sim.exchange_line import ExchangeLine, Stage
from firmware.telephony.cause import Cause
from tests.stepped_trunks import TrunkHouse

TWO_TRUNKS = str(Path(__file__).with_name("two_trunks.toml"))


async def call_in(house: TrunkHouse) -> None:
    """From the exchange to 101, answered."""
    house.office.ring()
    await house.until("101 rings", lambda: house.sim.copper["fxs1"].line().ringing, 1500)
    await house.pass_ms(300)
    house.sim.copper["fxs1"].lift()
    await house.until("both talk", lambda: house.state("fxo1") == house.state("fxs1") == "talking", 4000)


async def call_out(house: TrunkHouse, number: str = "0912345678") -> None:
    """From 101 to the exchange, dialled; the exchange rings somebody."""
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    took_ms = house.sim.copper["fxs1"].dial(number)
    await house.pass_ms(round(took_ms))
    await house.until("the exchange has the number", lambda: house.office.stage is Stage.RINGBACK, 15_000)


async def talk(house: TrunkHouse, *, outgoing: bool) -> None:
    """A call of 101 in which both talk, from the exchange or to it."""
    if not outgoing:
        await call_in(house)
        return
    await call_out(house)
    await house.pass_ms(2000)
    house.office.answer()
    await house.until("answered", lambda: house.state("fxo1") == "talking", 6000)


async def call_out_in_vain(house: TrunkHouse, cause: Cause) -> None:
    before = len(house.records.ended)
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    house.sim.copper["fxs1"].dial("05#")
    await house.until("refused", lambda: len(house.records.ended) > before, 9000)
    assert house.records.ended[-1][1].cause is cause


async def call_over(house: TrunkHouse, line: ExchangeLine) -> None:
    """From 101 out, until that exchange has the number; then hang up."""
    house.sim.copper["fxs1"].lift()
    await house.pass_ms(400)
    house.sim.copper["fxs1"].dial("05#")
    await house.until("the other line dials", lambda: line.digits == "5", 12_000)
    house.sim.copper["fxs1"].hang_up()
    await house.until(
        "all rest", lambda: {house.state(name) for name in house.trunks} <= {"idle", "dead", "in-use"}, 9000
    )
    line.digits = ""


def closed(house: TrunkHouse) -> None:
    assert house.sim.violations() == []
    house.close()
