"""Numbers in the form that a line wants, as the exchange hears them dialled, and as a telephone shows who calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.sim.exchange_caller import Manner
from drivers.sim.exchange_data import IncomingCall
from firmware.config.trunk_settings import FxoLineSettings
from firmware.lines.fxo_profile import fxo_options
from firmware.pbx.trunk_routes import OutboundRoute
from firmware.telephony.countries import load_country
from firmware.telephony.leg import CallRequest, Party
from tests.exchange_calls import call_out, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse


@pytest.mark.parametrize(("form", "dialled", "heard"), [
    ("national", "80034912345678", "912345678"),
    ("international", "8912345678", "0034912345678"),
    ("international", "8003", "003"),
])  # fmt: skip
def test_the_exchange_hears_the_form_that_its_line_wants(tmp_path: Path, form: str, dialled: str, heard: str) -> None:
    house = TrunkHouse(tmp_path)
    numbers = load_country("es").numbering
    house.routes.outside.add_route(OutboundRoute("forms", "8", ("fxo1",), 1, form=form, numbering=numbers))

    async def day() -> None:
        await call_out(house, dialled)
        assert house.office.digits == heard

    run(day())
    closed(house)


def test_a_plus_that_a_sip_phone_dials_becomes_the_international_prefix(tmp_path: Path) -> None:
    house = TrunkHouse(tmp_path)
    numbers = load_country("es").numbering
    house.routes.outside.add_route(OutboundRoute("world", "+", ("fxo1",), numbering=numbers))

    async def day() -> None:
        way_out = house.routes.outside.find("+442079460000")
        assert way_out is not None
        way_out.legs[0].place(CallRequest("1", Party("201"), way_out.party))
        await house.until("dialled", lambda: house.office.digits == "00442079460000", 8000)
        assert house.routes.outside.find("442079460000") is None

    run(day())
    closed(house)


@pytest.mark.parametrize(("form", "sent", "shown"), [
    ("national", "0034600123456", "0600123456"),
    ("e164", "600123456", "+34600123456"),
    ("as-sent", "600123456", "0600123456"),
])  # fmt: skip
def test_callers_are_shown_in_the_form_that_the_installer_wants(
    tmp_path: Path, form: str, sent: str, shown: str
) -> None:
    settings = FxoLineSettings(target="101", caller_add="0", caller_form=form)
    callers = fxo_options(load_country("es"), settings).callers
    wanted = {"caller_id": "etsi-fsk", "caller_id_wait_s": 5.0, "callers": callers}
    house = TrunkHouse(tmp_path, options=wanted)
    house.office.manner = Manner("etsi-fsk")

    async def day() -> None:
        house.office.ring(IncomingCall(sent))
        await house.until("it rings", lambda: house.state("fxs1") == "ringing", 9000)
        assert house.trunk.leg is not None and house.trunk.leg.party.number == shown
        house.office.stop()
        await house.until("all rest", lambda: house.state("fxo1") == house.state("fxs1") == "idle", 12_000)

    run(day())
    closed(house)
