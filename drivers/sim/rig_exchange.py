"""The verbs of the rig for exchange lines: `exchange.ring` and so on, what a person at the exchange can do.

They run on a served board in real time, like those of telephones in `rig_verbs.py`. The exchange itself is
`exchange_line.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.board import SimBoard
from drivers.sim.dialling import dtmf_sound
from drivers.sim.exchange_caller import changed, checked_call
from drivers.sim.exchange_line import ExchangeLine, Stage
from drivers.sim.exchange_meter import USUAL_V_RMS
from drivers.sim.phone import RATE_HZ
from drivers.sim.recording import read_wav
from drivers.sim.rig_protocol import RigError
from drivers.sim.rig_sound import POLL_S, absolute, number, record

_PIECE_SAMPLES = 4000
_TONES_WINDOW_S = 0.5
LONGEST_WAIT_S = 600.0

Answer = dict[str, Any]


class ExchangeVerbs:
    """All verbs on the exchange lines of one served board."""

    def __init__(self, board: SimBoard) -> None:
        self._board = board

    async def exchange_ring(
        self,
        port: str,
        number: str = "",
        name: str = "",
        private: bool = False,
        standard: str | None = None,
        alert: str | None = None,
        dbm0: float | None = None,
    ) -> Answer:
        """A call arrives: ring until the line is seized or `stop`.

        With a number, a name or `private` the caller's data are sent; standard, alert, dbm0: not as the country does.
        """
        office = self._office(port)
        if not (number or name or private):
            office.ring()
            return {}
        office.manner = changed(office.manner, standard, alert, dbm0)
        office.ring(checked_call(number, name, private))
        return {}

    async def exchange_stop(self, port: str) -> Answer:
        """The caller gives up."""
        self._office(port).stop()
        return {}

    async def exchange_answer(self, port: str) -> Answer:
        """The party that the line has called answers."""
        self._office(port).answer()
        return {}

    async def exchange_refuse(self, port: str, how: str = "busy-tone") -> Answer:
        """The call that the line has dialled ends in busy-tone or congestion-tone."""
        self._office(port).refuse(how)
        return {}

    async def exchange_hangup(self, port: str, how: str | None = None) -> Answer:
        """The far party hangs up: loop-break, polarity, busy-tone, congestion-tone, silence, or as the habit is."""
        self._office(port).hang_up(how)
        return {}

    async def exchange_meter(self, port: str, count: int = 1, volts: float = USUAL_V_RMS) -> Answer:
        """Send metering pulses, two a second, until the line is released. volts: rms of the tone at the card."""
        number("count", count, 1, 1000, "pulses")
        number("volts", volts, 0.01, 10, "V rms")
        self._office(port).meter.send(int(count), volts)
        return {}

    async def exchange_unplug(self, port: str) -> Answer:
        """Pull the cord out of the wall."""
        self._office(port).unplug()
        return {}

    async def exchange_plug(self, port: str) -> Answer:
        """Put the cord in again."""
        self._office(port).plug()
        return {}

    async def exchange_parallel_lift(self, port: str) -> Answer:
        """Lift a second telephone on the line's wires."""
        self._office(port).lift_parallel()
        return {}

    async def exchange_parallel_hangup(self, port: str) -> Answer:
        """Put it back."""
        self._office(port).hang_up_parallel()
        return {}

    async def exchange_say(self, port: str, file: str) -> Answer:
        """The far party speaks a WAV (mono, 8 kHz, 16-bit); answers when it was played to the end."""
        return await self._speak(port, read_wav(absolute(file)))

    async def exchange_press(self, port: str, digits: str) -> Answer:
        """The far party presses keys in a call; answers when the last one was let go."""
        office = self._office(port)
        if office.stage is not Stage.TALKING:
            raise RigError(f"{port}: nobody is connected who could press keys, it is {office.stage.value}")
        return await self._speak(port, dtmf_sound(digits))

    async def exchange_hear(self, port: str, seconds: float, file: str) -> Answer:
        """Record what arrives at the far party from now on; answers when the WAV is written."""
        return await record(self._office(port).wires.voice, seconds, file)

    async def exchange_expect_digits(self, port: str, seconds: float, digits: str = "") -> Answer:
        """Wait until the line has dialled (those digits, if any are given); refused after that many seconds."""
        number("seconds", seconds, 0.1, LONGEST_WAIT_S, "s")
        office = self._office(port)
        for _ in range(round(seconds / POLL_S)):
            complete = office.digits == digits if digits else office.digits and office.stage is not Stage.COLLECTING
            if complete:
                return {"digits": office.digits}
            await asyncio.sleep(POLL_S)
        raise RigError(f"{port}: heard {office.digits!r} within {seconds:g} s, {office.stage.value}")

    async def exchange_country(self, port: str, country: str) -> Answer:
        """Behave like an exchange of that country."""
        self._office(port).live_by(country)
        return {}

    async def exchange_office(
        self,
        port: str,
        battery_v: float | None = None,
        feed_ohm: float | None = None,
        limit_ma: float | None = None,
        parallel_ohm: float | None = None,
        ring_v_rms: float | None = None,
        ring_hz: float | None = None,
        impedance: int | None = None,
    ) -> Answer:
        """Change battery, feed, ringing, or lift a second telephone on the wires (nothing given: only tell)."""
        given = {
            "battery_v": battery_v, "feed_ohm": feed_ohm, "limit_ma": limit_ma, "parallel_ohm": parallel_ohm,
            "ring_v_rms": ring_v_rms, "ring_hz": ring_hz, "impedance": impedance,
        }  # fmt: skip
        wires = self._office(port).wires
        wires.set_office(**{key: value for key, value in given.items() if value is not None})
        return wires.office()

    async def exchange_wire(self, port: str, **changes: float) -> Answer:
        """Change the wires between exchange and card (no changes: only tell them)."""
        voice = self._office(port).wires.voice
        voice.set_wire(**changes)
        return voice.wire()

    async def exchange_state(self, port: str) -> Answer:
        """Stage of the call, volts, current, digits, tones heard, breaches of the chip's data sheet."""
        office = self._office(port)
        violations = [line for line in self._board.violations() if line.startswith(f"{port} ")]
        return exchange_state(office) | {"violations": violations}

    async def _speak(self, port: str, samples: NDArray[np.int16]) -> Answer:
        office = self._office(port)
        spoken = 0
        while spoken < samples.size or office.wires.voice.unsaid_ms > 0:
            spoken += office.say(samples[spoken : spoken + _PIECE_SAMPLES])
            await asyncio.sleep(POLL_S if spoken == samples.size else office.wires.voice.unsaid_ms / 2000)
        return {"seconds": samples.size / RATE_HZ}

    def _office(self, port: str) -> ExchangeLine:
        return self._board.office(port)


def exchange_state(office: ExchangeLine) -> Answer:
    """What a person at the exchange sees of the line."""
    now = office.wires.now()
    heard = measure.tones(office.wires.voice.heard_last(_TONES_WINDOW_S))
    return {
        "stage": office.stage.value,
        "loop": "closed" if now.closed else "open",
        "line_v": round(now.port_v, 2),
        "loop_ma": round(now.loop_ma, 2),
        "feed": now.feed.name.lower().replace("_", "-"),
        "ringing": now.ringing,
        "digits": office.digits,
        "flashes": office.flashes,
        "tones": [[tone.hz, tone.dbm0] for tone in heard],
    }
