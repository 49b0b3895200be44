"""When a port that failed is tried again.

Most troubles are gone or not within a moment; a power alarm needs time to cool down, and more of it each time it
comes back, because feeding a wire that lies on earth again and again would only heat the card. Who tries: `app.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.errors import Trouble

RETRY_S = 2.0
"""How often ports are looked at, and one that has no alarm is tried."""
COOL_DOWN_S = 10.0
"""After the first power alarm; twice as long after each that follows. Our choice: the chip's thermal model has time
constants of up to a second [line sheet of the Si3210, section 11], its package and copper more."""
COOL_DOWN_MOST_S = 160.0
FORGIVEN_S = 300.0
"""A port that has served for so long begins anew."""


class Port(Protocol):
    """A port, as far as its recovery goes."""

    name: str
    in_service: bool
    trouble: Trouble


@dataclass(slots=True)
class _Case:
    due_s: float = 0.0
    alarms: int = 0
    learnt: bool = False
    """Its present failure is counted; False while it is tried, and while it serves."""
    serves_since_s: float | None = None


class PortRecovery:
    """Asked about every port each RETRY_S. All times on one clock, in seconds."""

    def __init__(self) -> None:
        self._cases: dict[str, _Case] = {}

    def due(self, port: Port, now_s: float) -> bool:
        """Whether to try to start it now; who asks next has the outcome."""
        if port.in_service:
            self._serves(port.name, now_s)
            return False
        case = self._cases.setdefault(port.name, _Case())
        if not case.learnt:
            case.learnt, case.serves_since_s = True, None
            case.alarms += port.trouble is Trouble.POWER
            case.due_s = now_s + (_cool_down_s(case.alarms) if port.trouble is Trouble.POWER else 0.0)
        if now_s < case.due_s:
            return False
        case.learnt = False
        return True

    def _serves(self, name: str, now_s: float) -> None:
        case = self._cases.get(name)
        if case is None:
            return
        case.learnt = False
        if case.serves_since_s is None:
            case.serves_since_s = now_s
        elif now_s - case.serves_since_s >= FORGIVEN_S:
            del self._cases[name]


def _cool_down_s(alarms: int) -> float:
    wait_s: float = COOL_DOWN_S * 2 ** (alarms - 1)
    return min(wait_s, COOL_DOWN_MOST_S)
