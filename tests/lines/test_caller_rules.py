"""Callers from outside who are blocked or ring elsewhere, and numbers that can be called back."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.sim.exchange_caller import Manner
from drivers.sim.exchange_data import IncomingCall
from firmware.config.caller_settings import CallerSettings
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.caller_rules import WITHHELD, CallerRule, CallerRules
from firmware.lines.fxo_profile import fxo_options
from firmware.telephony.countries import load_country
from tests.exchange_calls import closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

RULES = CallerRules(
    (
        CallerRule("friend", ("803111222",), "101"),
        CallerRule("spam", ("803*",), withheld=True),
        CallerRule("abroad", ("+*", "00*"), "102"),
    ),
    add="0",
)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("803111222", "friend"),
        ("803111223", "spam"),
        (WITHHELD, "spam"),
        ("+44207", "abroad"),
        ("0044207", "abroad"),
        ("600123456", None),
        ("", None),
    ],
)
def test_the_first_rule_that_fits_counts(number: str, rule: str | None) -> None:
    found = RULES.fitting(number)
    assert (found.name if found else None) == rule


def test_a_star_alone_is_every_known_number() -> None:
    every = CallerRule("every", ("*",))
    assert [every.fits(number) for number in ("1", "+34", "", WITHHELD)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("number", "back"),
    [("600123456", "0600123456"), ("+44207", "00044207"), ("0044207", "00044207"), ("", ""), (WITHHELD, WITHHELD)],
)
def test_numbers_that_can_be_called_back(number: str, back: str) -> None:
    assert RULES.call_back(number) == back


@pytest.mark.parametrize(("country", "plus"), [("es", "00"), ("us", "011"), ("jp", "010"), ("au", "0011")])
def test_the_country_says_what_plus_is(country: str, plus: str) -> None:
    callers = {"spam": CallerSettings(("803*",), withheld=True)}
    options = fxo_options(load_country(country), FxoLineSettings(caller_add="9"), callers)
    assert options.callers.call_back("+491234") == f"9{plus}491234"
    assert options.callers.rules == (CallerRule("spam", ("803*",), "", withheld=True),)


@pytest.mark.parametrize(
    ("call", "rings", "shown"),
    [
        (IncomingCall("600123456", "Ana"), "fxs1", "0600123456"),
        (IncomingCall("0044207"), "fxs2", "00044207"),
        (IncomingCall("803000111"), None, None),
        (IncomingCall(private=True), None, None),
        (IncomingCall("803111222"), "fxs1", "0803111222"),
    ],
)
def test_on_copper(tmp_path: Path, call: IncomingCall, rings: str | None, shown: str | None) -> None:
    house = TrunkHouse(
        tmp_path, options={"caller_id": "etsi-fsk", "caller_id_wait_s": 5.0, "callers": RULES}
    )  # fmt: skip
    house.office.manner = Manner("etsi-fsk")

    async def day() -> None:
        house.office.ring(call)
        if rings is None:
            await house.pass_ms(9000)
            assert house.state("fxs1") == house.state("fxs2") == "idle"
            assert house.records.begun == []
        else:
            await house.until("it rings", lambda: house.state(rings) == "ringing", 9000)
            assert house.trunk.leg is not None and house.trunk.leg.party.number == shown
            assert {house.state("fxs1"), house.state("fxs2")} == {"ringing", "idle"}
        house.office.stop()
        await house.until("all rest", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 12_000)

    run(day())
    closed(house)
