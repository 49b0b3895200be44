"""What the owner of one line wants of it beyond a plain telephone: hotline, quiet hours, a rotary set, services.

Made from the settings by `profiles.py`, obeyed by `fxs_line.py` and `dialling.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time


@dataclass(frozen=True, slots=True)
class LineTimers:
    """Seconds; defaults of architecture section 5. complete_s: after a number that could still be longer.

    A howler_s of 0 leaves the howler out.
    """

    first_digit_s: float = 15.0
    inter_digit_s: float = 4.0
    complete_s: float = 4.0
    congestion_s: float = 30.0
    howler_s: float = 60.0


@dataclass(frozen=True, slots=True)
class RotaryCodes:
    """What a dial has no holes for; "" for none.

    star, hash: digits that stand for `*` and `#` at the beginning of a number, as 11 does in North America.
    recall: a digit that is a hook flash in a call; a dial cannot be timed as finely as an R key.
    """

    star: str = ""
    hash: str = ""
    recall: str = ""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of the day to another, over midnight when the second is earlier. Local time."""

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> QuietHours:
        """From "22:00-07:30". Raises ValueError for anything else."""
        begin, _, end = text.partition("-")
        return cls(time.fromisoformat(begin), time.fromisoformat(end))

    def hold(self, now: datetime) -> bool:
        """Whether they are now. now: aware; its local time counts."""
        at = now.astimezone().time()
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """What a telephone may do with two calls. habit: a name of `flash_table.HABITS`.

    transfer: hanging up between two calls leaves them to each other. may_wait: asked for each call that comes while
    one talks. failed_consult_s: how long a consultation that failed is heard before the held party is back. recall_s:
    how long a telephone that was hung up rings for the party it held.
    """

    habit: str = "codes"
    transfer: bool = True
    may_wait: Callable[[], bool] = lambda: True
    failed_consult_s: float = 5.0
    recall_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Trunk:
    """An old PBX behind the port. numbers: those of its extensions; digits: how many of each, the last ones, it gets
    after it has answered and waited for pause_s seconds.
    """

    numbers: frozenset[str]
    digits: int = 3
    pause_s: float = 0.5


@dataclass(frozen=True, slots=True)
class LineOptions:
    """hotline: the number called when the telephone is lifted, "" for none; after hotline_s seconds without a digit,
    0 for at once. quiet: when it does not ring. numbers_known: no number outside the plan exists, so that a wrong
    one is known as soon as it is dialled. longest_pulse_ms: at dial tone a hook flash of up to this length is the
    digit 1 of a slow dial, 0 for never. steady_ms: the delay against irregular networks that calls of this line
    keep, 0 for the usual. trunk: None for a telephone.
    """

    hotline: str = ""
    hotline_s: float = 0.0
    quiet: QuietHours | None = None
    rotary: RotaryCodes = field(default_factory=RotaryCodes)
    numbers_known: bool = False
    longest_pulse_ms: int = 0
    services: ServiceRules = field(default_factory=ServiceRules)
    steady_ms: int = 0
    trunk: Trunk | None = None
