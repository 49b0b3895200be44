"""Who dialled wrong PINs is counted by caller and by line, for a time, over a restart, and in bounded memory; PINs are
kept as digests only."""

from __future__ import annotations

import asyncio
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from firmware.app_dial_in import dial_in_notices, dial_in_plan, dial_in_tones, with_dial_in
from firmware.config.load import load
from firmware.lines.fxo_options import FxoOptions
from firmware.pbx.services.dial_in import DialInPlan
from firmware.pbx.services.dial_in_bans import CALLERS_MOST, DialInBans
from firmware.pbx.services.dial_in_machine import PIN_TONE
from firmware.pbx.services.dial_in_people import DIAL_IN, DialInLine, is_known, person, who_has
from firmware.pbx.services.state_file import StateFile
from firmware.telephony.countries import TONES, country_names, load_country

ANA, LUIS = person("ana", "482913"), person("luis", "99870011", unknown_callers=True)


class Clock:
    def __init__(self) -> None:
        self.s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.s


def bans(path: Path | None = None, clock: Clock | None = None) -> DialInBans:
    return DialInBans(600.0, path, clock or Clock())


async def fail(book: DialInBans, line: str, caller: str, times: int) -> None:
    for _ in range(times):
        book.wrong(line, caller)


def test_three_wrong_pins_shut_out_that_caller_alone_and_for_that_time() -> None:
    clock = Clock()
    book = bans(None, clock)
    asyncio.run(fail(book, "fxo1", "600123456", 2))
    assert book.tries_left("fxo1", "600123456") == 1
    clock.s += 599
    asyncio.run(fail(book, "fxo2", "600123456", 1))  # he hung up and called the other line
    assert book.tries_left("fxo1", "600123456") == book.tries_left("fxo2", "600123456") == 0
    assert book.tries_left("fxo1", "600123457") == 3
    clock.s += 599
    assert book.tries_left("fxo1", "600123456") == 0
    clock.s += 2
    assert book.tries_left("fxo1", "600123456") == 3


def test_callers_without_a_number_count_as_one_a_line() -> None:
    book = bans()
    for caller in ("", "anonymous", ""):
        asyncio.run(fail(book, "fxo1", caller, 1))
    assert book.tries_left("fxo1", "anonymous") == book.tries_left("fxo1", "") == 0
    assert book.tries_left("fxo2", "") == 3 == book.tries_left("fxo1", "600123456")


def test_forged_numbers_shut_the_line() -> None:
    book = bans()
    for n in range(10):
        assert book.tries_left("fxo1", "600999999") > 0
        asyncio.run(fail(book, "fxo1", f"60000000{n}", 1))
    assert book.tries_left("fxo1", "600999999") == 0
    lines = {name: DialInLine(name, "", (ANA,)) for name in ("fxo1", "fxo2")}
    (notice,) = dial_in_notices(DialInPlan(lines, book))
    assert notice["en"] == "fxo1: 10 wrong PINs were dialled, nobody can dial in over this line for 10 min"
    assert book.tries_left("fxo2", "600999999") == 3


def test_who_mistyped_and_then_knew_it_is_forgiven_but_not_the_nameless() -> None:
    async def main() -> None:
        clock = Clock()
        book = bans(None, clock)
        for _ in range(20):
            await fail(book, "fxo1", "600123456", 2)
            book.right("fxo1", "600123456", "ana")
            clock.s += 601
        assert book.tries_left("fxo1", "600123456") == 3
        await fail(book, "fxo1", "", 2)
        book.right("fxo1", "", "luis")
        assert book.tries_left("fxo1", "") == 1

    asyncio.run(main())


@pytest.mark.parametrize("forged", [False, True])
def test_who_has_a_pin_cannot_try_out_those_of_others_between_its_uses(forged: bool) -> None:
    async def main() -> None:
        book, guesses = bans(), 0
        for call in range(50):
            caller = f"6001234{call:02}" if forged else "600123456"
            for _ in range(min(2, book.tries_left("fxo1", caller))):
                book.wrong("fxo1", caller)
                guesses += 1
            book.right("fxo1", caller, "ana")
        assert guesses <= (13 if forged else 6)

    asyncio.run(main())


def test_what_a_caller_is_forgiven_is_remembered_over_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        before = bans(tmp_path / "dial_in.json")
        for _ in range(2):
            await fail(before, "fxo1", "600123456", 2)
            before.right("fxo1", "600123456", "ana")
        before.stop()
        after = bans(tmp_path / "dial_in.json")
        after.load()
        after.right("fxo1", "600123456", "ana")
        assert after.tries_left("fxo1", "600123456") == 2

    asyncio.run(main())


@pytest.mark.parametrize("written", ["600123456#", "+600123456", "*600123456"])
def test_signs_in_a_number_make_no_other_caller_of_it(written: str) -> None:
    book = bans()
    asyncio.run(fail(book, "fxo1", written, 3))
    assert book.tries_left("fxo1", "600123456") == 0


def test_a_caller_named_as_a_line_is_no_line() -> None:
    book = bans()
    asyncio.run(fail(book, "fxo1", "line fxo1", 3))
    assert book.tries_left("fxo1", "600123456") == 3


def test_bans_survive_a_restart_and_a_clock_that_was_wrong(tmp_path: Path) -> None:
    path, clock = tmp_path / "dial_in.json", Clock()

    async def first() -> None:
        book = bans(path, clock)
        book.load()
        await fail(book, "fxo1", "600123456", 3)
        await asyncio.sleep(0.3)
        assert json.loads(path.read_text())["600123456"][0] == 3
        await fail(book, "fxo1", "600777777", 3)
        book.stop()

    asyncio.run(first())
    again = bans(path, clock)
    again.load()
    assert again.tries_left("fxo1", "600123456") == again.tries_left("fxo1", "600777777") == 0
    clock.s -= 400 * 86_400  # the battery of the clock was empty
    later = bans(path, clock)
    later.load()
    assert later.tries_left("fxo1", "600123456") == 0
    clock.s += 601
    assert later.tries_left("fxo1", "600123456") == 3


def test_the_file_is_its_owners_alone_and_a_late_writer_undoes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        table: dict[str, Any] = {"a": 1}
        path = tmp_path / "state.json"
        file = StateFile(path, lambda: dict(table))
        file.changed()
        await asyncio.sleep(0.3)
        assert json.loads(path.read_text()) == {"a": 1} and path.stat().st_mode & 0o077 == 0
        table["a"] = 2
        file.stop()
        await asyncio.to_thread(file._put, path, {"a": 1})  # it had begun before
        assert json.loads(path.read_text()) == {"a": 2}

    asyncio.run(main())


@pytest.mark.parametrize("text", ["{", "[]", '{"600": 3}', '{"600": ["a", 1]}', '{"600": [1, 2, 3]}'])
def test_a_damaged_file_is_set_aside(tmp_path: Path, text: str) -> None:
    path = tmp_path / "dial_in.json"
    path.write_text(text)
    book = bans(path)
    book.load()
    assert book.tries_left("fxo1", "600") == 3
    assert path.with_suffix(".damaged").read_text() == text


def test_memory_is_bounded() -> None:
    clock = Clock()
    book = bans(None, clock)

    async def main() -> None:
        for n in range(CALLERS_MOST + 50):
            clock.s += 0.001
            book.wrong("fxo1", str(600_000_000 + n))

    asyncio.run(main())
    assert len(book._wrong) == CALLERS_MOST + 1  # and the line
    assert book.tries_left("fxo2", "600000000") == 3 and book.tries_left("fxo2", "600001049") == 2


def test_a_pin_is_compared_with_everybodys_and_each_of_them_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[int, int]] = []
    true = hmac.compare_digest

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return true(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    for pin, who in (("482913", ANA), ("99870011", LUIS), ("1", None), ("482914", None)):
        compared.clear()
        assert who_has(pin, (ANA, LUIS)) is who
        assert compared == [(32, 32)] * 2


def test_nothing_that_shows_a_person_shows_the_pin() -> None:
    shown = repr(DialInLine("fxo1", "101", (ANA, LUIS)))
    assert "ana" in shown and "482913" not in shown and repr(ANA.digest) not in shown


def test_callers_without_a_number_have_only_the_pins_that_say_so() -> None:
    line = DialInLine("fxo1", "", (ANA, LUIS))
    assert line.open_to("600123456") == line.open_to("+34600") == (ANA, LUIS)
    assert line.open_to("") == line.open_to("anonymous") == (LUIS,)
    assert not is_known("") and not is_known("anonymous") and is_known("0600123456")


@pytest.mark.parametrize("country", sorted(country_names()))
def test_the_tone_that_asks_for_a_pin_is_none_of_the_countrys(country: str) -> None:
    nation = load_country(country)
    tones = dial_in_tones(nation)
    assert all(tones[PIN_TONE].segments != nation.tone(name).segments for name in TONES)


def test_off_without_settings(tmp_path: Path) -> None:
    file = tmp_path / "tipring.toml"
    house = '[lines.fxs1]\nnumber = "101"\n[lines.fxo1]\ntarget = "101"\n[lines.fxo2]\n'
    file.write_text(house)
    assert dial_in_plan(load(file), load_country("es"), tmp_path).lines == {}
    file.write_text(house + '[pbx]\ndial_in_ban_s = 600\n[dial_in.ana]\npin = "482913"\nlines = ["fxo2"]\n')
    plan = dial_in_plan(load(file), load_country("es"), tmp_path)
    (line,) = plan.lines.values()
    assert (line.name, line.target, [who.name for who in line.people]) == ("fxo2", "", ["ana"])
    assert not line.people[0].outside and not line.people[0].unknown_callers
    for name, there in (("fxo1", "101"), ("fxo2", DIAL_IN)):
        assert with_dial_in(name, FxoOptions(target="101"), load(file)).target == there


def test_the_number_called_decides_who_rings_for_callers_who_may_not(tmp_path: Path) -> None:
    file = tmp_path / "tipring.toml"
    file.write_text(
        '[lines.fxs1]\nnumber = "101"\n[lines.fxo1]\nnumber = "912345678"\n'
        '[inbound.office]\nnumbers = ["912345678"]\ntarget = "101"\n'
        '[dial_in.ana]\npin = "482913"\nlines = ["fxo1"]\n'
    )
    assert dial_in_plan(load(file), load_country("es"), tmp_path).lines["fxo1"].target == "101"
