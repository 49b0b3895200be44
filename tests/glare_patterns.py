"""Meetings on an exchange line, drawn by seed: who does what, by ms from the moment in which the line is seized.

101 dials out while the exchange has a caller for us; 102 answers what rings it. Who plays and judges them:
`glare_day.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from drivers.sim.exchange_caller import Manner
from tests.test_exchange_caller_id_on_copper import MANNERS

KINDS = ("seizure", "caller-id", "reversal", "blind", "gives-up", "two-lines", "answers", "both-call")
"""Ringing about the seizure; caller ID before it; a turn of the wires before it; while we dial without dial tone; the
caller gives up; two lines meet at once; 102 is lifted then; both telephones call out."""
NEAR_MS = 500
FAR_END_GOES = ("loop-break", "polarity", "busy-tone", "congestion-tone")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A caller at one line. at_ms: when the exchange decides to ring. first_ring_ms: from there to the first burst or
    what comes before it. turned_ms: when the wires are turned. gives_up_ms: when the caller is tired, None is never."""

    at_ms: int
    first_ring_ms: int
    turned_ms: int | None = None
    gives_up_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """arrivals: by line. lifts_ms: when 102 is lifted; None: `answers_after_ms` of ringing. other_dials_ms: when
    102 dials out too, with the same number of keys. caller_first: the caller hangs up first, by `manner_of_end`."""

    kind: str
    arrivals: dict[str, Arrival]
    answers_after_ms: int
    caller_first: bool
    manner_of_end: str
    lifts_ms: int | None = None
    other_dials_ms: int | None = None
    manner: Manner = field(default_factory=Manner)

    @property
    def first_ms(self) -> int:
        """When the first of all begins."""
        times = [arrival.at_ms for arrival in self.arrivals.values()]
        times += [a.turned_ms for a in self.arrivals.values() if a.turned_ms is not None]
        times += [ms for ms in (self.lifts_ms, self.other_dials_ms) if ms is not None]
        return min(times)


def draw(kind: str, seed: int) -> Meeting:
    """The meeting of that seed, one of KINDS."""
    rng = Random(f"{kind} {seed}")
    arrivals = {"fxo1": _arrival(rng, kind)}
    if kind == "two-lines" and rng.random() < 0.7:
        arrivals["fxo2"] = _arrival(rng, kind)
    return Meeting(
        kind,
        arrivals,
        answers_after_ms=rng.randrange(100, 2500),
        caller_first=rng.random() < 0.5,
        manner_of_end=_end(rng, kind),
        lifts_ms=rng.randrange(-NEAR_MS, NEAR_MS, 5) if kind == "answers" else None,
        other_dials_ms=rng.randrange(-NEAR_MS, NEAR_MS, 5) if kind == "both-call" else None,
        manner=MANNERS[rng.choice(list(MANNERS))] if kind == "caller-id" else Manner(),
    )


def _end(rng: Random, kind: str) -> str:
    """Where we have dialled without dial tone, the first turn of the wires may still be an answer."""
    return rng.choice([how for how in FAR_END_GOES if kind != "blind" or how != "polarity"])


def _arrival(rng: Random, kind: str) -> Arrival:
    """Its ring begins within NEAR_MS of the seizure; the exchange knew of it up to 700 ms before."""
    ring_ms = rng.randrange(-NEAR_MS, NEAR_MS + 1, 5)
    if kind == "caller-id":  # which lasts: the seizure may meet any part of it
        ring_ms = rng.randrange(-2500, NEAR_MS + 1, 5)
    if kind == "answers":  # 102 rings already, or is about to
        ring_ms -= rng.choice((0, 400, 1500))
    lead_ms = rng.randrange(0, 700, 5)
    at_ms = ring_ms - lead_ms
    if ring_ms > 0 and kind != "caller-id":
        at_ms = min(at_ms, -5)  # later the exchange would see the line in use
    turned_ms = ring_ms - rng.randrange(50, 500) if kind == "reversal" else None
    gives_up_ms = at_ms + rng.randrange(5, 5000, 5) if kind == "gives-up" else None
    return Arrival(at_ms, ring_ms - at_ms, turned_ms, gives_up_ms)
