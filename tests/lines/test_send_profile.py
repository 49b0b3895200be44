"""Country and settings become the way a line sends; ring classes become cadences."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.config.line_settings import IMPEDANCES, FxsLineSettings
from firmware.config.ring_settings import Ring
from firmware.lines.caller_id.sending import ALERTS, STANDARDS, Manner
from firmware.lines.profiles import line_profile
from firmware.lines.ring_classes import cadence_of, read_cadence
from firmware.lines.send_profile import SendProfile, send_profile
from firmware.telephony.countries import country_names, load_country
from firmware.telephony.leg import CallRequest, Party


def profile(country: str = "es", **settings: Any) -> SendProfile:
    return send_profile(load_country(country), FxsLineSettings(number="101", **settings))


@pytest.mark.parametrize(
    ("country", "settings", "manner"),
    [
        ("es", {}, Manner("etsi-fsk", "during")),
        ("uk", {}, Manner("uk", "lr+dt-as")),
        ("us", {}, Manner("bellcore", "during", international="011")),
        ("jp", {}, Manner("japan", "reversal", international="010")),
        ("nl", {}, Manner("dtmf", "reversal", "D-C")),
        ("es", {"caller_id": "off"}, Manner()),
        ("es", {"caller_id": "uk"}, Manner("uk", "lr+dt-as")),
        ("uk", {"caller_id": "etsi-fsk"}, Manner("etsi-fsk", "during")),
        ("uk", {"caller_id_alert": "rp-as"}, Manner("uk", "rp-as")),
        ("nl", {"caller_id_dtmf": "A-#"}, Manner("dtmf", "reversal", "A-#")),
        ("es", {"rx_gain_db": -3.0}, Manner("etsi-fsk", "during", gain_db=-3.0)),
    ],
)
def test_the_line_says_more_than_the_country(country: str, settings: dict[str, Any], manner: Manner) -> None:
    assert profile(country, **settings).manner == manner


def test_an_open_interval_where_the_country_has_one_or_the_line_wants_one() -> None:
    assert (profile("us").disconnect_ms, profile("es").disconnect_ms) == (500, 0)
    assert profile("us", disconnect_ms=0).disconnect_ms == 0
    assert profile("es", disconnect_ms=300).disconnect_ms == 300
    assert profile("es", use="trunk").disconnect_ms == 500
    assert profile("es", use="trunk", disconnect_ms=0).disconnect_ms == 0


@pytest.mark.parametrize("country", sorted(country_names()))
def test_every_country_knows_how_to_tell_who_calls(country: str) -> None:
    manner = profile(country).manner
    assert manner.standard in STANDARDS and manner.alert in ALERTS


def test_frequency_and_impedance_of_the_line_come_before_the_countrys() -> None:
    made = line_profile(load_country("es"), FxsLineSettings(number="101", ring_hz=50.0, impedance="600"))
    assert (made.ring_hz, made.impedance) == (50.0, "600")
    known = {load_country(country).impedance for country in country_names()}
    assert known <= set(IMPEDANCES)


def test_the_first_class_that_fits_counts() -> None:
    rings = {"one": Ring("400,400", callers=("2*",)), "two": Ring("600,600", callers=("201",), alert="X")}
    made = send_profile(load_country("es"), FxsLineSettings(number="101"), rings).rings

    def cadence(number: str, alert: str = "") -> tuple[int, ...]:
        return cadence_of(CallRequest("1", Party(number), Party("101"), alert=alert), made, (1500, 3000))

    assert (cadence("201"), cadence("34"), cadence("34", "x")) == ((400, 400), (1500, 3000), (600, 600))


@pytest.mark.parametrize("text", ["", "1", "100,99", "1,2,3", "a,b", "10001,100", ",".join(["500"] * 10)])
def test_what_is_no_cadence(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_cadence(text)
