"""Codes of a telephone line, and what is remembered of lines: on fake time, then over a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from firmware.config.code_settings import Codes
from firmware.config.declaration import defaults
from firmware.pbx.exchange import Exchange
from firmware.pbx.services.codes import ServiceCodes, confirmation_tone
from firmware.pbx.services.subscribers import Subscriber, Subscribers
from firmware.telephony.cause import Cause
from firmware.telephony.countries import country_names, load_country
from firmware.telephony.leg import Party
from firmware.telephony.number import Match
from tests.fake_time import run
from tests.pbx.exchange_bench import ExchangeBench, ScriptedLeg, settle


class CodesBench(ExchangeBench):
    """Lines 101 and 102; SIP user 201."""

    def __init__(self) -> None:
        super().__init__()
        self.subscribers = Subscribers()
        confirmation = confirmation_tone(load_country("es").tone("dial"))
        self.codes = ServiceCodes(defaults(Codes), self.subscribers, self.media, confirmation)
        self.exchange = Exchange(self.routes, self.media, self.records, codes=self.codes)
        for number in ("101", "102"):
            self.subscribers.add(number)
        self.extend("101", self.subscribers.guarded("101", lambda: self.leg("101/9")), is_line=True)

    def dial(self, number: str, who: str = "101") -> ScriptedLeg:
        leg = self.leg(f"{who}/1")
        leg.called = Party(number)
        self.exchange.leg_arrived(leg)
        return leg


def test_a_switch_is_confirmed_by_a_tone_and_the_call_ends() -> None:
    async def main() -> None:
        bench = CodesBench()
        leg = bench.dial("#43#")
        assert leg.commands == ["proceed"] and bench.subscribers.of("101") == Subscriber(call_waiting=False)
        await settle()
        assert leg.commands == ["proceed", "accept"]
        await asyncio.sleep(0.35)
        assert bench.media.tones == {leg.endpoint: "confirmation"}
        await asyncio.sleep(1.3)
        assert leg.commands[-1] == ("release", Cause.NORMAL_CLEARING, False)
        bench.media.tones.clear()  # the tone has ended by itself
        assert bench.leaves_nothing()
        assert bench.records.begun == [("17", "101", "#43#", "101/1")]
        assert not bench.subscribers.waits("101") and bench.subscribers.waits("102")
        bench.dial("*43#")
        assert bench.subscribers.waits("101")
        await asyncio.sleep(2)

    run(main())


def test_do_not_disturb_makes_a_line_busy_and_leaves_it_free_to_call() -> None:
    async def main() -> None:
        bench = CodesBench()
        bench.dial("*26#")
        caller = bench.dial("101", "201")
        await settle()
        assert caller.commands == [("release", Cause.USER_BUSY, False)]
        assert bench.dial("201").commands == ["proceed"]
        bench.dial("#26#")
        assert bench.dial("101", "201").commands == ["proceed"]

    run(main())


def test_a_code_without_its_last_sign_is_understood() -> None:
    async def main() -> None:
        bench = CodesBench()
        bench.dial("*26")
        assert bench.subscribers.of("101") == Subscriber(do_not_disturb=True)

    run(main())


def test_last_number_and_call_return_become_the_numbers_they_stand_for() -> None:
    async def main() -> None:
        bench = CodesBench()
        bench.dial("102")
        bench.dial("*66")
        bench.dial("102", "201")  # a SIP telephone calls 102
        bench.dial("*69", "102")
        bench.dial("*69", "102")
        called = [number for _, _, number, _ in bench.records.begun]
        assert called == ["102", "102", "102", "201", "201"]
        assert bench.subscribers.of("102") == Subscriber(last_called="201", last_caller="201")
        assert bench.subscribers.of("201") is None

    run(main())


@pytest.mark.parametrize("code", ["*66", "*69"])
def test_without_a_number_to_call_there_is_an_error_tone(code: str) -> None:
    async def main() -> None:
        bench = CodesBench()
        assert bench.dial(code).commands == [("release", Cause.SERVICE_NOT_AVAILABLE, False)]

    run(main())


def test_codes_are_no_numbers_for_anybody_but_lines() -> None:
    async def main() -> None:
        bench = CodesBench()
        assert bench.dial("*26#", "201").commands == [("release", Cause.UNALLOCATED_NUMBER, False)]

    run(main())


@pytest.mark.parametrize("at_s", [0, 0.1, 0.5])
def test_hanging_up_before_or_during_the_confirmation(at_s: float) -> None:
    async def main() -> None:
        bench = CodesBench()
        leg = bench.dial("*26#")
        await asyncio.sleep(at_s)
        leg.gone()
        await asyncio.sleep(3)
        bench.media.tones.clear()
        assert bench.leaves_nothing()

    run(main())


def test_codes_are_complete_at_once() -> None:
    bench = CodesBench()
    assert [bench.codes.match(digits) for digits in ("*", "*6", "*66", "*26", "*26#", "7")] == [
        Match(False, True), Match(False, True), Match(True, False), Match(False, True), Match(True, False),
        Match(False, False),
    ]  # fmt: skip


@pytest.mark.parametrize("country", country_names())
def test_the_confirmation_has_the_pitch_of_the_dial_tone_and_ends(country: str) -> None:
    tone = confirmation_tone(load_country(country).tone("dial"))
    assert all(segment.once for segment in tone.segments)
    assert sum(segment.ms or 0 for segment in tone.segments) == 1200


# -- over a restart ----------------------------------------------------------------------


def restart(path: Path, *numbers: str) -> Subscribers:
    subscribers = Subscribers(path)
    for number in numbers:
        subscribers.add(number)
    subscribers.load()
    return subscribers


async def on_disk(path: Path, key: str, value: object) -> None:
    """Until the file has that of line 101, 5 s at most."""

    def found() -> bool:
        return path.exists() and json.loads(path.read_text())["101"][key] == value

    async with asyncio.timeout(5):
        while not found():  # noqa: ASYNC110 - a file tells nobody when it changes
            await asyncio.sleep(0.02)


def test_what_was_switched_and_dialled_survives_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        subscribers = restart(tmp_path / "lines.json", "101", "102")
        subscribers.change("101", do_not_disturb=True, last_called="600123123")
        subscribers.change("201", do_not_disturb=True)
        await asyncio.sleep(0.1)
        subscribers.change("102", last_caller="+34600123123")
        subscribers.stop()

    asyncio.run(main())
    again = restart(tmp_path / "lines.json", "101", "102", "103")
    assert again.of("101") == Subscriber(do_not_disturb=True, last_called="600123123")
    assert again.of("102") == Subscriber(last_caller="+34600123123")
    assert again.of("103") == Subscriber()
    assert [path.name for path in tmp_path.iterdir()] == ["lines.json"]


def test_a_change_is_on_disk_soon_without_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "lines.json"

    async def main() -> None:
        subscribers = restart(path, "101")
        for n in range(50):
            subscribers.change("101", last_called=str(n))
            await asyncio.sleep(0)
        await on_disk(path, "last_called", "49")
        subscribers.change("101", call_waiting=False)
        await on_disk(path, "call_waiting", False)

    asyncio.run(main())


@pytest.mark.parametrize("text", ["", "[]", '{"101": 5}', '{"101": {"do_not_disturb": "yes"}}', "\x00"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "lines.json"
    path.write_text(text)
    assert restart(path, "101").of("101") == Subscriber()
    assert path.with_suffix(".damaged").exists() and not path.exists()
    assert len(caplog.records) == 1


def test_keys_of_another_version_and_lines_that_are_gone_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "lines.json"
    path.write_text('{"101": {"call_waiting": false, "colour": "red"}, "109": {"call_waiting": false}}')
    assert restart(path, "101").of("101") == Subscriber(call_waiting=False)


def test_a_disk_that_cannot_be_written_is_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        (tmp_path / "nowhere").write_text("no folder")
        subscribers = restart(tmp_path / "nowhere" / "lines.json", "101")
        subscribers.change("101", do_not_disturb=True)
        subscribers.stop()

    asyncio.run(main())
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize("stranger", [False, True])
def test_who_calls_from_outside_with_a_number_of_the_house_is_not_taken_for_it(stranger: bool) -> None:
    """Caller ID and the From of a stranger can be forged."""

    async def main() -> None:
        bench = CodesBench()
        bench.dial("102")
        for number in ("*26#", "#43#", "*66", "102"):
            leg = bench.leg("sip:?/1" if stranger else "fxo1/1")
            leg.may_call_lines, leg.connects_later = not stranger, not stranger
            leg.party, leg.called = Party("101"), Party(number)
            bench.exchange.leg_arrived(leg)
        assert bench.subscribers.of("101") == Subscriber(last_called="102")
        assert bench.records.begun[-2][2] == "*66"

    run(main())


def test_a_stranger_who_reaches_no_line_is_called_back_by_none() -> None:
    async def main() -> None:
        bench = CodesBench()
        leg = bench.leg("sip:?/1")
        leg.may_call_lines, leg.party, leg.called = False, Party("0806123456"), Party("101")
        bench.exchange.leg_arrived(leg)
        assert bench.subscribers.of("101") == Subscriber()

    run(main())


def test_a_caller_number_that_looks_like_a_code_is_none() -> None:
    async def main() -> None:
        bench = CodesBench()
        leg = bench.leg("fxo1/1")
        leg.connects_later, leg.party, leg.called = True, Party("*26#"), Party("101")
        bench.exchange.leg_arrived(leg)
        assert bench.dial("*69").commands == [("release", Cause.SERVICE_NOT_AVAILABLE, False)]
        assert bench.subscribers.of("101") == Subscriber(last_caller="*26#")

    run(main())
