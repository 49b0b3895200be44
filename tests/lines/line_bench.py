"""One FXS line on a port and a media slot that only take notes: for tests of the line's behaviour."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from drivers.errors import ChipError, Trouble
from drivers.ports import AT_ONCE, Feed, HookFlash, OffHook, OnHook, PortReadings, RingOpening
from firmware.lines.fxs_line import FxsLine
from firmware.lines.line_options import LineOptions, LineTimers
from firmware.lines.send_profile import SENDS_LITTLE, SendProfile
from firmware.telephony.cadence import Tone
from firmware.telephony.cause import Cause
from firmware.telephony.countries import load_country
from firmware.telephony.leg import CallRequest, Journey, Leg, Party
from firmware.telephony.number import FixedNumbers

REQUEST = CallRequest("17", Party("201"), Party("101"))


class ScriptedPort:
    """Fulfils FxsPort; `refuses` makes every command fail as a chip would."""

    def __init__(self, name: str = "fxs1", slot: int = 0) -> None:
        self.name = name
        self.slot = slot
        self.in_service = True
        self.failure = ""
        self.trouble = Trouble.STARTING
        self.refuses = False
        self.late_s = 0.0
        """How long ago events of time 0 happened."""
        self.commands: list[tuple[Any, ...]] = []

    def _note(self, *what: Any) -> None:
        if self.refuses:
            raise ChipError(self.name, f"{what[0]} refused")
        self.commands.append(what)

    def ring(self, cadence_ms: Sequence[int], opening: RingOpening = AT_ONCE) -> None:
        self._note("ring", tuple(cadence_ms), *(() if opening == AT_ONCE else (opening,)))

    def stop_ring(self) -> None:
        self._note("stop_ring")

    def feed(self, state: Feed) -> None:
        self._note("feed", state)

    def open_interval(self, ms: int) -> None:
        self._note("open", ms)

    def now_s(self) -> float:
        return self.late_s

    def meter_pulse(self) -> None:
        self._note("meter")

    def readings(self) -> PortReadings:
        return PortReadings(False, False, 48.0, 0.0, 65.0, "active")

    def close(self) -> None:
        self._note("close")


class ScriptedSlot:
    """A slot of the media engine: which tone it plays now, whether it listens."""

    def __init__(self, endpoint: int = 1) -> None:
        self.id = endpoint
        self.tone = ""
        self.yields = False
        self.listening = False
        self.digits: list[tuple[str, int]] = []
        self.clips: list[bytes] = []

    def play_tone(self, tone: Tone) -> None:
        self.tone = tone.name

    def stop_tone(self) -> None:
        self.tone = ""

    def yield_tone(self) -> None:
        self.yields = True

    def listen_digits(self, on: bool) -> None:
        self.listening = on

    def play_digit(self, digit: str, ms: int) -> None:
        self.digits.append((digit, ms))

    def play_clip(self, pcm: bytes) -> None:
        self.clips.append(pcm)

    def stats(self) -> None:
        return None


class Notes:
    """A LegListener that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.arrived: list[Leg] = []

    def leg_arrived(self, leg: Leg) -> None:
        self.told.append(("arrived", leg.called.number))
        self.arrived.append(leg)

    def leg_ringing(self, leg: Leg) -> None:
        self.told.append(("ringing",))

    def leg_progress(self, leg: Leg) -> None:
        self.told.append(("progress",))

    def leg_answered(self, leg: Leg) -> None:
        self.told.append(("answered",))

    def leg_held(self, leg: Leg, held: bool) -> None:
        self.told.append(("held", held))

    def leg_digit(self, leg: Leg, digit: str) -> None:
        self.told.append(("digit", digit))

    def leg_flashed(self, leg: Leg) -> None:
        self.told.append(("flashed",))

    def leg_faxed(self, leg: Leg, number: str) -> None: ...

    def leg_diverted(self, leg: Leg, number: str, journey: Journey) -> bool:
        raise AssertionError("a line sends nothing on")

    def leg_identified(self, leg: Leg) -> None:
        raise AssertionError(f"{leg.leg_id} is not expected to be identified late")

    def leg_signalled(self, leg: Leg, digit: str, duration_ms: int) -> None:
        self.told.append(("signalled", digit, duration_ms))

    def leg_transferred(self, leg: Leg, other: Leg) -> None:
        self.told.append(("transferred", leg.leg_id, other.leg_id))

    def leg_conference(self, leg: Leg, other: Leg, together: bool) -> None:
        self.told.append(("conference", leg.leg_id, other.leg_id, together))

    def leg_released(self, leg: Leg, cause: Cause) -> None:
        self.told.append(("released", cause))


class LineBench:
    """The line "fxs1", number 101, in a house with 101, 102, 20 and 201."""

    def __init__(
        self,
        country: str = "es",
        *,
        in_service: bool = True,
        timers: LineTimers | None = None,
        options: LineOptions | None = None,
        sends: SendProfile = SENDS_LITTLE,
    ) -> None:
        self.port = ScriptedPort()
        self.port.in_service = in_service
        self.slot = ScriptedSlot()
        self.notes = Notes()
        plan = FixedNumbers({"101", "102", "20", "201"})
        self.line = FxsLine(
            self.port, self.slot, Party("101", "Ana"), load_country(country), self.notes, plan, timers or LineTimers(),
            options, sends,
        )  # fmt: skip

    @property
    def state(self) -> str:
        return str(self.line.status()["state"])

    def lift(self, *, ring_trip: bool = False) -> None:
        self.line.port_event(OffHook("fxs1", 0.0, ring_trip))

    def hang_up(self) -> None:
        self.line.port_event(OnHook("fxs1", 0.0))

    def flash(self, ms: float = 100.0) -> None:
        self.line.port_event(HookFlash("fxs1", 0.0, ms))

    def dial(self, digits: str) -> None:
        for digit in digits:
            self.line.digit(digit)

    async def call_out(self, number: str = "102") -> Leg:
        """Lift and dial; the leg that arrives."""
        self.lift()
        self.dial(number)
        await settle()
        return self.notes.arrived[-1]

    async def rung(self) -> Leg:
        """The telephone rings for a call from 201."""
        leg = self.line.make_leg()
        assert isinstance(leg, Leg)
        leg.call_id = "17"
        leg.place(REQUEST)
        await settle()
        return leg


async def settle() -> None:
    """Let what is scheduled for now happen."""
    for _ in range(3):
        await asyncio.sleep(0)
