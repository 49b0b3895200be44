"""Exchanges nobody knows: habits drawn by a seed from the ranges of the world's exchanges, or from outside of them.

Whoever must find out what an exchange is like is tried on these. Ranges: ITU-T E.180 and its list of national tones.
"""

from __future__ import annotations

from random import Random

from drivers.sim.exchange_habits import HANG_UPS, CallTone, Habits, HangUp

OUTSIDE = ("irregular", "high", "slow", "chord")
"""Kinds of clearing tones that no exchange's busy tone is like: a cadence without a rule, a pitch of fax and
information tones, a round as slow as ringing, three frequencies at once."""
_PARTIAL_GAP_HZ = (80, 140)


def draw_exchange(seed: int, hang_up: HangUp | None = None) -> Habits:
    """The exchange of that seed. hang_up: its manner of clearing, drawn too when None."""
    rng = Random(seed)
    manner: HangUp = rng.choice(HANG_UPS) if hang_up is None else hang_up
    level = rng.uniform(-20.0, -6.0)
    ring_on = rng.choice((1000, 1500, 2000))
    return Habits(
        dial=CallTone(_pitch(rng), (), level),
        ringback=CallTone(_pitch(rng), (ring_on, rng.randrange(3000, 5001, 100)), level),
        busy=CallTone(_pitch(rng), _even(rng), level),
        congestion=CallTone(_pitch(rng), _even(rng) if rng.random() < 0.5 else _group(rng), level),
        ring_ms=rng.choice(((ring_on, rng.randrange(3000, 5001, 100)), (400, 200, 400, 2000))),
        ring_hz=float(rng.randint(17, 50)),
        hang_up=manner,
        dial_delay_ms=rng.randint(100, 1500),
        answer_reversal=manner == "polarity" and rng.random() < 0.5,
        break_ms=rng.randint(90, 900),
    )


def draw_outside(seed: int, kind: str) -> Habits:
    """An exchange that clears by a tone outside of all ranges. kind: one of OUTSIDE."""
    rng = Random(seed)
    hz, cadence = _pitch(rng), _even(rng)
    if kind == "irregular":
        cadence = tuple(rng.randint(100, 1200) for _ in range(30))
    elif kind == "high":
        hz = (float(rng.randint(900, 1900)),)
    elif kind == "slow":
        cadence = (rng.randint(1500, 2500), rng.randint(1500, 2500))
    else:
        hz = (rng.uniform(350, 400), rng.uniform(700, 800), rng.uniform(1100, 1300))
    tone = CallTone(hz, cadence, rng.uniform(-16.0, -8.0))
    drawn = draw_exchange(seed, "busy-tone")
    return Habits(drawn.dial, drawn.ringback, tone, tone, drawn.ring_ms, drawn.ring_hz, hang_up="busy-tone")


def _pitch(rng: Random) -> tuple[float, ...]:
    """One frequency, or two that both lie between 350 and 620 Hz."""
    if rng.random() < 0.6:
        return (float(rng.randint(350, 620)),)
    first = rng.randint(350, 480)
    return (float(first), float(first + rng.randint(*_PARTIAL_GAP_HZ)))


def _even(rng: Random) -> tuple[int, ...]:
    on = rng.randint(150, 600)
    return (on, min(600, max(150, on + rng.randint(-150, 150))))


def _group(rng: Random) -> tuple[int, ...]:
    """Three bursts and a longer pause."""
    on, off = rng.randint(180, 350), rng.randint(180, 350)
    return (on, off, on, off, on, off + rng.randint(250, 500))
