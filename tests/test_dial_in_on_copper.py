"""Dial-in on stepped copper: a caller at the exchange hears the tone, keys his PIN and a number, and talks, or not.

What a caller hears and keys is measured and made at the exchange's end of the line. The machine by itself:
`tests/pbx/test_dial_in_machine.py`; bans: `tests/pbx/test_dial_in_bans.py`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from drivers.sim import measure
from drivers.sim.dialling import dtmf_sound
from drivers.sim.exchange_caller import Manner
from drivers.sim.exchange_data import IncomingCall
from drivers.sim.exchange_line import ExchangeLine, Stage
from firmware.app_dial_in import dial_in_tones
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.dial_in_bans import DialInBans
from firmware.pbx.services.dial_in_people import DIAL_IN, DialInLine, Person, person
from firmware.telephony.cause import Cause
from firmware.telephony.countries import country_names, load_country
from tests.exchange_calls import TWO_TRUNKS, closed
from tests.fake_time import run
from tests.stepped_trunks import TrunkHouse

PIN = "482913"
WRONG = ("482914", "111111", "482931")
ANA = person("ana", PIN)
CALLER = IncomingCall("600123456")
BAN_S = 600.0


class DialInHouse(TrunkHouse):
    """Ana dials in over fxo1; `wall_s` is the time of the bans. target: of fxo1, "" for none. The line echoes, and its
    echo canceller is at its default. country: of the house; the exchange is Spain's."""

    def __init__(
        self, folder: Path, people: Sequence[Person] = (ANA,), *, target: str = "101", country: str = "es"
    ) -> None:
        self.wall_s = 1_800_000_000.0
        bans = DialInBans(BAN_S, None, lambda: self.wall_s)
        lines = {"fxo1": DialInLine("fxo1", target, tuple(people))} if people else {}
        super().__init__(
            folder, country, board=TWO_TRUNKS, echo_ms=64,
            dial_in=DialInPlan(lines, bans, dial_in_tones(load_country(country))),
            options={"caller_id": "etsi-fsk", "caller_id_wait_s": 5.0, "target": DIAL_IN if people else target},
        )  # fmt: skip
        for office in self.sim.offices.values():
            office.manner = Manner("etsi-fsk")
            office.wires.voice.set_wire(erl_db=10, echo_ms=8)

    async def call(self, call: IncomingCall | None = CALLER) -> None:
        """Ring fxo1 until it answers by itself, with the tone that asks for the PIN."""
        await self.answered(call)
        await self.pass_ms(900)
        assert self.heard_outside() == [425]

    async def answered(self, call: IncomingCall | None = CALLER) -> None:
        self.office.ring(call)
        await self.until("dial-in answers", lambda: self.state("fxo1") == "talking", 9000)
        assert self.state("fxs1") != "ringing"

    async def key(self, digits: str) -> None:
        sound = dtmf_sound(digits)
        assert self.office.say(sound) == len(sound)
        await self.pass_ms(len(sound) // 8 + 100)

    async def enter(self) -> None:
        """The right PIN, and the dial tone after it."""
        await self.key(PIN)
        await self.pass_ms(500)
        assert self.heard_outside() == [425]

    def heard_outside(self, office: ExchangeLine | None = None) -> list[int]:
        return hz(measure.tones((office or self.office).wires.voice.heard_last(0.1)))

    def heard_at(self, phone: str) -> list[int]:
        return hz(measure.tones(self.sim.copper[phone].heard_last(0.1)))

    async def all_rest(self) -> None:
        for phone in ("fxs1", "fxs2"):
            self.sim.copper[phone].hang_up()
        lines = [*self.trunks, *self.lines]
        await self.until("all rest", lambda: {self.state(name) for name in lines} == {"idle"}, 12_000)
        await self.pass_ms(100)
        counts = self.exchange.debug()
        assert counts == dict.fromkeys(counts, 0)


def hz(tones: Sequence[measure.Tone]) -> list[int]:
    """To the next 25 Hz, which all that are used here are multiples of."""
    loudest = max((tone.dbm0 for tone in tones), default=0.0)
    return sorted({round(tone.hz / 25) * 25 for tone in tones if tone.dbm0 > loudest - 12})


def test_the_right_pin_then_101_rings_and_both_talk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house = DialInHouse(tmp_path)

    async def day() -> None:
        await house.call()
        await house.enter()
        await house.key("101")
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 500)
        await house.pass_ms(400)
        assert house.heard_outside() == [425]  # ringback
        house.sim.copper["fxs1"].lift()
        await house.until("both talk", lambda: house.state("fxs1") == "talking", 1000)
        assert (who := house.subscribers.of("101")) is not None and who.last_caller == "600123456"
        house.office.say(measure.sine(1300, -15.0, 1.0))
        await house.pass_ms(600)
        assert house.heard_at("fxs1") == [1300]
        house.sim.copper["fxs1"].say(measure.sine(700, -15.0, 1.5))
        await house.pass_ms(1200)
        assert house.heard_outside() == [700]
        house.office.hang_up("loop-break")
        await house.until("released", lambda: house.state("fxo1") == "clearing", 500)
        await house.all_rest()

    run(day())
    assert house.records.begun == [("17", "600123456", DIAL_IN, "fxo1/1"), ("18", "600123456", "101", "fxo1/1")]
    first, second = (end for _, end in house.records.ended)
    assert first.services == {"dial_in": "ana", "became": "18"} and second.services == {"dial_in": "ana"}
    assert house.records.answered == ["17", "18"]
    assert first.talk_ms > 2500 and 1500 < second.talk_ms < 3000
    shown = caplog.text + repr(house.records.__dict__)
    assert PIN not in shown and "digit" not in shown.replace("digits", "")
    closed(house)


def test_a_key_during_the_tone_is_heard_and_wrong_numbers_have_their_tone(tmp_path: Path) -> None:
    house = DialInHouse(tmp_path)

    async def day() -> None:
        await house.call()
        await house.key("4829*" + PIN)  # corrected
        await house.key("199#")
        await house.pass_ms(200)
        assert house.heard_outside() in ([950], [1400], [1800])  # special information
        await house.pass_ms(3000)
        assert house.heard_outside() == [425]
        await house.key("0912345678")  # outside is not for her
        await house.pass_ms(5000)
        assert house.sim.offices["fxo2"].stage is Stage.IDLE
        await house.pass_ms(2000)
        await house.key("112#")  # nor is an emergency
        await house.until("hung up", lambda: house.state("fxo1") == "clearing", 6000)
        assert house.sim.offices["fxo2"].stage is Stage.IDLE
        await house.all_rest()
        assert [end.cause for _, end in house.records.ended] == [Cause.BEARER_NOT_AUTHORISED]

    run(day())
    closed(house)


def test_out_again_over_the_other_line_only_for_whom_it_is_allowed(tmp_path: Path) -> None:
    house = DialInHouse(tmp_path, (person("ana", PIN, outside=True),))
    other = house.sim.offices["fxo2"]

    async def day() -> None:
        await house.call()
        await house.enter()
        await house.key("0912345678#")
        await house.until("the exchange has the number", lambda: other.digits == "912345678", 9000)
        await house.until("it rings there", lambda: other.stage is Stage.RINGBACK, 4000)
        other.answer()
        await house.pass_ms(300)
        for here, there in ((house.office, other), (other, house.office)):
            here.say(measure.sine(1300, -15.0, 1.5))
            await house.pass_ms(1300)
            assert house.heard_outside(there) == [1300]
            await house.pass_ms(400)
        house.office.hang_up("loop-break")
        await house.until("both are free", lambda: house.state("fxo1") == house.state("fxo2") == "idle", 3000)
        await house.all_rest()
        assert house.records.begun[-1] == ("18", "600123456", "0912345678", "fxo1/1")
        assert house.records.ended[-1][1].legs == "fxo1/1 fxo2/1"

    run(day())
    closed(house)


def test_an_emergency_is_dialled_out_where_outside_is_allowed(tmp_path: Path) -> None:
    house = DialInHouse(tmp_path, (person("ana", PIN, outside=True),))

    async def day() -> None:
        await house.call()
        await house.enter()
        await house.key("112")
        await house.until("dialled", lambda: house.sim.offices["fxo2"].digits == "112", 9000)
        house.office.hang_up("loop-break")
        await house.all_rest()

    run(day())
    closed(house)


def test_three_wrong_pins_hang_up_and_ban_that_number_for_a_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house = DialInHouse(tmp_path)

    async def rings_101(call: IncomingCall) -> None:
        house.office.ring(call)
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
        house.office.stop()
        await house.all_rest()

    async def day() -> None:
        await house.call()
        for wrong in WRONG:
            await house.key(wrong)
            assert house.heard_outside() == [425]  # congestion
            await house.pass_ms(2300)
        await house.until("hung up", lambda: house.state("fxo1") == "clearing", 3000)
        await house.all_rest()
        assert house.records.ended[0][1].cause is Cause.CALL_REJECTED
        assert house.records.ended[0][1].services == {"wrong_pins": 3}
        await rings_101(CALLER)
        await house.call(IncomingCall("600123457"))  # others still may
        house.office.hang_up("loop-break")
        await house.all_rest()
        house.wall_s += BAN_S + 1
        await house.call()
        await house.enter()
        house.office.hang_up("loop-break")
        await house.all_rest()

    run(day())
    assert not [pin for pin in (PIN, *WRONG) if pin in caplog.text]
    closed(house)


@pytest.mark.parametrize("call", [IncomingCall(private=True), None], ids=["withheld", "no caller ID"])
def test_callers_without_a_number_ring_the_target_unless_allowed(tmp_path: Path, call: IncomingCall | None) -> None:
    house = DialInHouse(tmp_path)
    open_house = DialInHouse(tmp_path, (ANA, person("luis", "99870011", unknown_callers=True)))

    async def shut() -> None:
        house.office.ring(call)
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
        house.office.stop()
        await house.all_rest()

    async def allowed() -> None:
        await open_house.call(call)
        await open_house.key(PIN + "#")  # the PIN of somebody for whom it does not count
        await open_house.pass_ms(2300)
        await open_house.key("99870011")
        await open_house.key("101")
        await open_house.until("101 rings", lambda: open_house.state("fxs1") == "ringing", 500)
        open_house.office.hang_up("loop-break")
        await open_house.all_rest()

    run(shut())
    run(allowed())
    closed(house)
    closed(open_house)


@pytest.mark.parametrize("target", ["101", ""])
def test_who_dials_nothing_gets_the_target_or_is_hung_up_on(tmp_path: Path, target: str) -> None:
    house = DialInHouse(tmp_path, target=target)

    async def day() -> None:
        await house.call()
        await house.pass_ms(13_500)
        assert house.state("fxo1") == "talking"
        wanted = ("fxs1", "ringing") if target else ("fxo1", "clearing")
        await house.until(str(wanted), lambda: house.state(wanted[0]) == wanted[1], 1500)
        if target:
            house.sim.copper["fxs1"].lift()
            await house.until("both talk", lambda: house.state("fxs1") == "talking", 1000)
        await house.all_rest()
        assert [called for _, _, called, _ in house.records.begun] == [DIAL_IN, *([target] if target else [])]

    run(day())
    closed(house)


def test_busy_is_told_and_another_number_can_be_dialled(tmp_path: Path) -> None:
    house = DialInHouse(tmp_path)

    async def day() -> None:
        house.sim.copper["fxs1"].lift()  # 101 is busy with himself
        await house.call()
        await house.enter()
        await house.key("101")
        await house.pass_ms(2600)
        assert house.heard_outside() == [425]
        await house.key("102")
        await house.until("102 rings", lambda: house.state("fxs2") == "ringing", 500)
        house.sim.copper["fxs2"].lift()
        await house.until("both talk", lambda: house.state("fxs2") == "talking", 1000)
        await house.all_rest()

    run(day())
    closed(house)


@pytest.mark.parametrize("how", ["loop-break", "busy-tone"])
def test_the_far_end_hangs_up_in_the_pin_and_the_line_is_free_at_once(tmp_path: Path, how: str) -> None:
    house = DialInHouse(tmp_path)

    async def day() -> None:
        await house.call()
        await house.key("482")
        house.office.hang_up(how)
        most_ms = 500 if how == "loop-break" else 3500
        await house.until("released", lambda: house.state("fxo1") == "clearing", most_ms)
        await house.all_rest()
        assert not house.records.ended[0][1].services

    run(day())
    closed(house)


def test_off_by_default(tmp_path: Path) -> None:
    house = DialInHouse(tmp_path, ())

    async def day() -> None:
        house.office.ring(CALLER)
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 9000)
        house.sim.copper["fxs1"].lift()
        await house.until("both talk", lambda: house.state("fxo1") == "talking", 4000)
        await house.key(PIN + "102")
        assert house.state("fxs2") == "idle" and house.state("fxs1") == "talking"
        await house.all_rest()
        assert len(house.records.begun) == 1

    run(day())
    closed(house)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("country", sorted(country_names()) if os.environ.get("TIPRING_SOAK") else ["jp", "us"])
def test_the_echo_of_our_own_tones_ends_no_call_and_hides_no_key(tmp_path: Path, country: str) -> None:
    """Each tone for as long as it sounds: a dial or busy tone from the exchange would be the far end's going."""
    house = DialInHouse(tmp_path, country=country)

    async def day() -> None:
        await house.answered()
        for keys, ms in (("", 14_000), ("111112", 13_000), (PIN, 13_500), ("199#", 13_000)):
            if keys:
                await house.key(keys)
            await house.pass_ms(ms)
            assert house.state("fxo1") == "talking", keys
        await house.key("101")
        await house.until("101 rings", lambda: house.state("fxs1") == "ringing", 500)
        house.office.hang_up("loop-break")
        await house.all_rest()

    run(day())
    closed(house)
