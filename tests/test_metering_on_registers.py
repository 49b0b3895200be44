"""Answer and end of a call in the trace of the registers: reversal and metering pulses, which no 8 kHz ear can hear."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.slic_metering import amplitude, coefficient
from tests.fake_time import run
from tests.stepped_house import SteppedHouse

LINE = re.compile(r"\s*(\d+\.\d+) cs(\d) DR(\d+) <- 0x([0-9A-F]{2})")
SI3210_CS = 1


def written(folder: Path, register: int) -> list[tuple[float, int]]:
    """(s, value) of every write to a register of the Si3210."""
    found = [LINE.match(line) for line in (folder / "bus.trace").read_text(encoding="ascii").splitlines()]
    return [
        (float(match[1]), int(match[4], 16))
        for match in found
        if match and int(match[2]) == SI3210_CS and int(match[3]) == register
    ]


@pytest.mark.parametrize(("khz", "plsco", "plsx"), [("12", 0x30FB, 0x0C94), ("16", 0x0000, 0x12D3)])
def test_pulses_and_reversal_at_the_answer_and_none_after_the_end(
    khz: str, plsco: int, plsx: int, tmp_path: Path
) -> None:
    settings = {"fxs2": {"metering": khz, "metering_s": 2.0, "answer_reversal": True}}
    made = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path, settings=settings, traced=True)
    moments: dict[str, float] = {}

    async def day() -> None:
        one, two = made.sim.copper["fxs1"], made.sim.copper["fxs2"]
        two.lift()
        await made.pass_ms(400)
        two.dial("101")
        await made.until("fxs1 rings", lambda: made.state("fxs1") == "ringing", 1500)
        await made.pass_ms(2000)
        assert written(tmp_path, 35) == [], "nothing is counted before the answer"
        one.lift()
        await made.until("both talk", lambda: made.state("fxs1") == made.state("fxs2") == "talking", 500)
        moments["answer"] = made.sim.now_us / 1e6
        await made.pass_ms(5000)
        one.hang_up()
        await made.until("the end", lambda: made.state("fxs2") == "busy", 2000)
        moments["end"] = made.sim.now_us / 1e6
        await made.pass_ms(3000)
        two.hang_up()
        await made.pass_ms(1000)

    run(day())
    pulses = [at for at, value in written(tmp_path, 35) if value == 0x14]
    assert pulses == pytest.approx([moments["answer"] + after for after in (0, 2, 4)], abs=0.02)
    turns = [(at, value) for at, value in written(tmp_path, 64) if at >= moments["answer"] - 0.02]
    assert [value for _, value in turns[:2]] == [5, 1]
    assert [at for at, _ in turns[:2]] == pytest.approx([moments["answer"], moments["end"]], abs=0.02)
    active = [value for _, value in written(tmp_path, 44)] + [value for _, value in written(tmp_path, 45)]
    assert active == [960 & 0xFF, 960 >> 8], "120 ms in steps of 125 us"
    assert (coefficient(int(khz) * 1000), amplitude(int(khz) * 1000, 0.5)) == (plsco, plsx)
    assert made.sim.violations() == []
    made.close()


def test_a_chip_without_the_generator_says_so_and_the_call_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"fxs1": {"metering": "16"}}
    with caplog.at_level("WARNING"):
        made = SteppedHouse({"fxs1": "101", "fxs2": "102"}, tmp_path, settings=settings)
    assert "fxs1: a Si3215 has no metering pulses, none will be sent" in caplog.text

    async def day() -> None:
        one, two = made.sim.copper["fxs1"], made.sim.copper["fxs2"]
        one.lift()
        await made.pass_ms(400)
        one.dial("102")
        await made.until("fxs2 rings", lambda: made.state("fxs2") == "ringing", 1500)
        await made.pass_ms(300)
        two.lift()
        await made.until("both talk", lambda: made.state("fxs1") == made.state("fxs2") == "talking", 500)
        assert "fxs1: this call is not metered" in caplog.text
        await made.pass_ms(300)

    run(day())
    assert made.sim.violations() == []
    made.close()
