"""A telephone that is called on stepped copper, and what it hears and measures: shared by the tests of caller ID."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.sim import measure
from drivers.sim.measure_ringing import ringing
from drivers.sim.phone import Phone
from firmware.telephony.leg import CallRequest, Leg, Party
from tests.fake_time import run
from tests.lines.adsi_judge import Message
from tests.stepped_house import SteppedHouse

ANA = Party("34911234567", "Ana Núñez Ibáñez")


@contextmanager
def house(folder: Path, country: str = "es", **line: Any) -> Iterator[SteppedHouse]:
    made = SteppedHouse({"fxs1": "101", "fxs2": "102"}, folder, country, settings={"fxs1": line})
    yield made
    assert made.sim.violations() == []
    made.close()


class Recording:
    """What arrived at the telephone on fxs1 since a call for it came."""

    def __init__(self, phone: Phone, frame: int) -> None:
        self.sound: NDArray[np.int16] = phone.heard_since(frame)
        self.volts = phone.volts_since(frame).astype(np.float64)
        seen = ringing(self.volts)
        self.bursts = [(burst.start_ms, burst.start_ms + burst.ms) for burst in seen.bursts] if seen else []
        self.heard = measure.bursts(self.sound, bridge_ms=20)

    @property
    def data(self) -> tuple[float, float]:
        """Begin and end of the longest sound, in ms."""
        longest = max(self.heard, key=lambda burst: burst.ms)
        return longest.start_ms, longest.start_ms + longest.ms

    def turned_before(self, ms: float) -> float | None:
        """When the polarity turned; None if it had not by then."""
        wrong = np.flatnonzero(self.volts[: round(ms * 8)] < -20)
        return None if wrong.size == 0 else float(wrong[0] / 8)


def place(made: SteppedHouse, caller: Party = ANA, port: str = "fxs1", **request: Any) -> Leg:
    """A call comes for the telephone."""
    leg = made.lines[port].make_leg()
    assert isinstance(leg, Leg)
    leg.place(CallRequest("1", caller, request.pop("called", Party("101")), **request))
    return leg


def rung(made: SteppedHouse, caller: Party = ANA, ms: int = 6500, **request: Any) -> Recording:
    """The telephone on fxs1 rings for `caller`; nobody lifts."""
    phone = made.sim.copper["fxs1"]

    async def day() -> Recording:
        await made.pass_ms(500)
        frame = phone.frame
        place(made, caller, **request)
        await made.pass_ms(ms)
        return Recording(phone, frame)

    return run(day())


def after_alert(seen: Recording) -> NDArray[np.int16]:
    """A telephone turns its receiver on when the alert is over, and so does the judge."""
    return seen.sound[max(0, round(seen.data[0] - 40)) * 8 :]


def only(messages: list[Message]) -> Message:
    (message,) = messages
    return message


def stamp_is_now(stamp: bytes) -> bool:
    sent = datetime.strptime(f"{datetime.now().year}{stamp.decode()}", "%Y%m%d%H%M")
    return abs((datetime.now() - sent).total_seconds()) < 180
