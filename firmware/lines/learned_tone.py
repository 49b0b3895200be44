"""A cadenced tone found in what was heard of a line, without knowing the country: frequencies, cadence, level.

`teach_in.py` asks for it when the far end has hung up. Only a tone that comes and goes by a rule is one: bursts of
speech, a steady tone, a cadence that changes are none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from firmware.lines.stretches import Part
from firmware.telephony.cadence import Tone
from firmware.telephony.tone_notation import read_segments

TURNS = (2, 4, 6)
"""How many stretches a round of the cadence may have (ITU-T E.180 knows no longer ones for busy and congestion)."""
LEAST_PERIODS = {2: 3, 4: 2, 6: 2}
AGREE_MS, AGREE_SHARE = 45.0, 0.1
"""A stretch may be so far from the mean of its like: 20 ms at each end by the engine."""
SHORTER_MS = 18.0
"""A burst is told so much longer than it is, and the silence behind it shorter: the engine's window [measured]."""
AGREE_HZ = 20.0
TONE_SHARE = 0.6
"""So much of a burst must be steady tone."""
LONGEST_GAP_MS = 3000.0
USUAL_HZ = (300.0, 700.0)
USUAL_PERIOD_MS = (200.0, 2600.0)
"""Where busy and congestion tones of the world lie; one outside may be something else: fax, information, ringing."""
OUTSIDE = 0.3
"""Highest confidence in such a one."""
SURE_PAIRS = 5
"""Bursts heard for full confidence."""


@dataclass(frozen=True, slots=True)
class LearnedTone:
    """hz: one frequency or two. cadence_ms: sound and silence in turn. dbm0: while it sounds. confidence: 0 to 1."""

    hz: tuple[int, ...]
    cadence_ms: tuple[int, ...]
    dbm0: float
    confidence: float

    @property
    def pattern(self) -> str:
        """As the setting `busy_tone` writes it."""
        sound = "+".join(map(str, self.hz))
        return ", ".join(f"{'-' if n % 2 else sound}/{ms}" for n, ms in enumerate(self.cadence_ms))

    def tone(self) -> Tone:
        """As the line recognises it."""
        return Tone("busy", read_segments(self.pattern))


def learn(parts: Sequence[Part]) -> LearnedTone | None:
    """The tone whose bursts these stretches end with, or None when there is none yet or no rule is seen."""
    run = _run(parts)
    for turn in TURNS:
        periods = len(run) // turn
        used = run[len(run) - periods * turn :]
        if periods < LEAST_PERIODS[turn] or (worst := _worst(used, turn)) > 1.0:
            continue
        hz = _frequencies(used[0::2])
        lengths = [_mean(used, turn, place) for place in range(turn)]
        last = max(range(1, turn, 2), key=lengths.__getitem__)
        lengths = lengths[last + 1 :] + lengths[: last + 1]  # a round ends with its longest pause
        sure = min(1.0, len(used) / 2 / SURE_PAIRS) * (1.0 - 0.3 * worst)
        usual = all(USUAL_HZ[0] <= f <= USUAL_HZ[1] for f in hz)
        if not usual or not USUAL_PERIOD_MS[0] <= sum(lengths) <= USUAL_PERIOD_MS[1]:
            sure = min(sure, OUTSIDE)
        return LearnedTone(tuple(map(round, hz)), tuple(map(_tens, lengths)), _dbm0(used[0::2]), round(sure, 2))
    return None


def _run(parts: Sequence[Part]) -> list[Part]:
    """The last bursts of one and the same tone with the silences behind them. The first is cut off or not quite its
    own: it is left out, and so is one that may go on."""
    whole = list(parts[:-1] if parts and parts[-1].on else parts)
    run: list[Part] = []
    while len(whole) >= 2:
        gap, burst = whole.pop(), whole.pop()
        if not _is_burst(burst) or gap.ms > LONGEST_GAP_MS or (run and not _alike(burst, run[0])):
            break
        run[:0] = [burst, gap]
    return run[2:]


def _is_burst(part: Part) -> bool:
    return part.on and bool(part.tones) and part.tone_ms >= TONE_SHARE * part.ms


def _alike(one: Part, other: Part) -> bool:
    a, b = _frequencies([one]), _frequencies([other])
    return abs(fmean(a) - fmean(b)) <= AGREE_HZ


def _frequencies(bursts: Sequence[Part]) -> tuple[float, ...]:
    """Of the pieces with as many frequencies as most of the time had."""
    tones = [tone for burst in bursts for tone in burst.tones]
    ms = {count: sum(t.ms for t in tones if len(t.hz) == count) for count in (1, 2)}
    count = max(ms, key=lambda count: ms[count])
    return tuple(sum(t.hz[n] * t.ms for t in tones if len(t.hz) == count) / ms[count] for n in range(count))


def _worst(used: Sequence[Part], turn: int) -> float:
    """The largest distance of a stretch from the mean of its like, as a share of what is allowed."""
    worst = 0.0
    for place in range(turn):
        alike = [part.ms for part in used[place::turn]]
        mean = fmean(alike)
        worst = max(worst, *(abs(ms - mean) / max(AGREE_MS, AGREE_SHARE * mean) for ms in alike))
    return worst


def _dbm0(bursts: Sequence[Part]) -> float:
    tones = [tone for burst in bursts for tone in burst.tones]
    power = sum(tone.ms * 10 ** (tone.dbm0 / 10) for tone in tones) / sum(tone.ms for tone in tones)
    return round(10 * math.log10(power), 1)


def _mean(used: Sequence[Part], turn: int, place: int) -> float:
    return fmean(part.ms for part in used[place::turn]) + (SHORTER_MS if place % 2 else -SHORTER_MS)


def _tens(ms: float) -> int:
    return max(10, round(ms / 10) * 10)
