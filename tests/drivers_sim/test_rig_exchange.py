"""The rig's verbs for exchange lines, over the socket of a served board, with raw hands on the chip."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.sim import measure
from drivers.sim._sim import ffi, lib
from drivers.sim.board import SimBoard
from drivers.sim.recording import read_wav, write_wav
from drivers.sim.rig_protocol import RigError
from drivers.sim.rig_verbs import RigVerbs

BOARD = Path(__file__).with_name("exchange_line.toml")


class Served:
    """A served board, its verbs, and hands on its bus."""

    def __init__(self, board: SimBoard) -> None:
        self.board = board
        self.verbs = RigVerbs(board)
        self._spi: Any = ffi.cast("struct spi_ops *", board.spi_ops_address)

    def write(self, register: int, value: int) -> None:
        op = ffi.new("struct spi_op *", {"cs": 0, "count": 3, "out": [0x20, register, value]})
        assert self._spi.transfer(self._spi.self, op, 1) == 0

    async def do(self, verb: str, **args: Any) -> dict[str, Any]:
        return await self.verbs.do(f"exchange.{verb}", {"port": "fxo1", **args})

    async def until(self, what: str, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for _ in range(500):
            self.board.turn()
            state = await self.do("state")
            if true(state):
                return state
            await asyncio.sleep(0.01)
        raise AssertionError(f"{what}: {state}")

    async def power_up(self) -> None:
        self._spi.gpio_set(self._spi.self, lib.SIMOFFICE_NORMAL, 1)
        await asyncio.sleep(0.01)
        for register, value in {26: 0xC0, 31: 0xA8, 6: 0x00}.items():
            self.write(register, value)
        await asyncio.sleep(0.02)


def test_a_call_directed_over_the_rig(tmp_path: Path) -> None:
    async def day() -> None:
        with SimBoard(BOARD, seed=5) as board:
            board.serve(tmp_path)
            served = Served(board)
            await served.power_up()
            await served.do("ring")
            await served.until("it rings", lambda state: state["ringing"])
            served.write(5, 0x01)
            await served.until("it is answered", lambda state: state["stage"] == "talking" and not state["ringing"])
            assert (await served.do("state"))["loop"] == "closed"
            write_wav(tmp_path / "hello.wav", measure.sine(700, -10.0, 0.3))
            heard = asyncio.create_task(served.do("hear", seconds=0.2, file=str(tmp_path / "heard.wav")))
            assert (await served.do("say", file=str(tmp_path / "hello.wav")))["seconds"] == pytest.approx(0.3)
            await heard
            assert read_wav(tmp_path / "heard.wav").size == 1600
            assert (await served.do("press", digits="19"))["seconds"] == pytest.approx(0.28, abs=0.02)
            await served.do("meter", count=2)
            assert (await served.do("office"))["meter_v_rms"] == pytest.approx(0.5)
            await served.do("hangup", how="polarity")
            await served.until("the reversal", lambda state: state["line_v"] < 0)
            served.write(5, 0x00)
            assert (await served.until("release", lambda state: state["stage"] == "idle"))["violations"] == []
            lines = (await served.verbs.do("board.state", {}))["exchange_lines"]
            assert lines["fxo1"]["stage"] == "idle"

    asyncio.run(day())


@pytest.mark.parametrize(
    ("verb", "args", "sentence"),
    [
        ("answer", {}, "fxo1: it cannot answer while idle"),
        ("hangup", {"how": "axe"}, "fxo1: it cannot hang up while idle"),
        ("press", {"digits": "1"}, "fxo1: nobody is connected who could press keys, it is idle"),
        ("meter", {"count": 0}, "count is 0, allowed 1 to 1000 pulses"),
        ("meter", {"volts": 11}, "volts is 11, allowed 0.01 to 10 V rms"),
        ("expect_digits", {"seconds": 0.1}, "fxo1: heard '' within 0.1 s, idle"),
        ("office", {"battery_v": 500}, "fxo1: battery_v is 500, allowed 0 to 120 V"),
        ("wire", {"loop_ohm": -1}, "fxo1: loop_ohm is -1, allowed 0 to 5000 ohm"),
        ("ring", {"port": "fxo9"}, "there is no exchange line 'fxo9' on this board, its exchange lines are fxo1"),
        ("ring", {"number": "12a"}, "number is '12a', allowed are up to 20 digits"),
        ("ring", {"number": "1", "name": "Ж"}, "name is 'Ж', allowed are up to 50 letters"),
        ("ring", {"number": "1", "standard": "telex"}, "standard is 'telex', allowed are etsi-fsk"),
        ("ring", {"number": "1", "dbm0": 3}, "dbm0 is 3, allowed -60 to 0 dBm0"),
        ("sing", {}, "there is no verb 'exchange.sing'"),
    ],
)
def test_refusals_say_what_is_allowed(verb: str, args: dict[str, Any], sentence: str) -> None:
    async def day() -> None:
        with SimBoard(BOARD, seed=5) as board:
            with pytest.raises(RigError) as refused:
                await Served(board).do(verb, **args)
            assert str(refused.value).startswith(sentence)
            board.fault("fxo1", "link-lost")
            assert board.faults("fxo1") == ["link-lost"]
            with pytest.raises(RigError):
                board.fault("fxo1", "over-temperature")

    asyncio.run(day())


def test_the_exchange_end_is_told_and_changed() -> None:
    async def day() -> None:
        with SimBoard(BOARD, seed=5) as board:
            served = Served(board)
            assert (await served.do("office", parallel_ohm=300))["parallel_ohm"] == 300
            assert (await served.do("wire", loop_ohm=1200))["loop_ohm"] == 1200
            await served.do("unplug")
            assert (await served.do("wire"))["cut"] is True
            await served.do("plug")
            await served.do("country", country="us")
            assert (await served.do("office"))["ring_hz"] == 20
            assert not np.any(board.offices["fxo1"].wires.voice.heard_last(0.1))

    asyncio.run(day())


def test_the_power_is_cut_and_given_back_over_the_rig() -> None:
    async def day() -> None:
        with SimBoard("sim-lifeline", seed=5) as board, SimBoard("sim", seed=5) as plain:
            verbs = RigVerbs(board)
            assert await verbs.do("board.power", {"on": False}) == {"power": "off", "lifeline": "joined"}
            spi: Any = ffi.cast("struct spi_ops *", board.spi_ops_address)
            for line in (lib.SPI_GPIO_RESET, lib.SPI_GPIO_LIFELINE):
                assert spi.gpio_set(spi.self, line, 1) == 0
            assert (await verbs.do("board.state", {}))["lifeline"] == "joined"  # nothing draws it without power
            assert await verbs.do("board.power", {"on": True}) == {"power": "on", "lifeline": "joined"}
            assert spi.gpio_set(spi.self, lib.SPI_GPIO_LIFELINE, 1) == 0
            assert (await verbs.do("board.state", {}))["lifeline"] == "apart"
            assert spi.gpio_set(spi.self, lib.SPI_GPIO_RESET, 0) == 0
            assert (await verbs.do("board.state", {}))["lifeline"] == "joined"
            assert (await RigVerbs(plain).do("board.power", {"on": True}))["lifeline"] == "none"

    asyncio.run(day())
