"""The exchange-line machine: one line to the outside, as a table without I/O.

`feed(event)` looks the pair (state, event) up, changes state and returns the actions that `fxo_line.py` obeys, as
`fxs_machine.py` does for telephones. Inward: ringing -> offered -> answering -> talking. Outward: seizing -> dial tone
-> dialling -> outgoing -> talking. Every way ends in `clearing`, the guard time before the line is used again.

Glare, a call that comes in while we take the line: it finds no dial tone, and somebody waits there; it becomes a call
of that somebody (`glared`), and the one who wanted to call out is told to take another line.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from firmware.lines.table_machine import TableMachine
from firmware.telephony.cause import Cause


class State(enum.Enum):
    """What the line is doing; the value is what `tipring status` and the page show."""

    IDLE = "idle"
    RINGING = "ringing"
    FETCHING = "fetching-number"
    OFFERED = "offered"
    IGNORED = "ignored"
    ANSWERING = "answering"
    GLARED = "glared"
    SEIZING = "seizing"
    DIAL_TONE = "dial-tone"
    DIALLING = "dialling"
    OUTGOING = "outgoing"
    TALKING = "talking"
    CLEARING = "clearing"
    IN_USE = "in-use"
    DEAD = "dead"
    OUT_OF_SERVICE = "out of service"


class Event(enum.Enum):
    """What happens to the line, already judged."""

    RING = enum.auto()
    FETCH = enum.auto()  # the exchange tells who calls only to a line that answers first (Japan)
    FETCHED = enum.auto()  # or it did not come
    RINGS_ENOUGH = enum.auto()
    RING_OVER = enum.auto()  # no burst for ring_timeout_s
    QUIET = enum.auto()  # a burst has ended
    CALL_GOES = enum.auto()  # the exchange of the house places a call on this line
    ACCEPTED = enum.auto()
    FAR_END_RINGS = enum.auto()  # of a call that came in: its destination rings
    RELEASED = enum.auto()  # by the exchange of the house
    SEIZED = enum.auto()
    NO_CURRENT = enum.auto()
    DIAL_TONE = enum.auto()
    NO_DIAL_TONE = enum.auto()
    GLARE = enum.auto()  # likewise, and somebody may be there
    DIALLED = enum.auto()
    ANSWERED = enum.auto()
    FAR_BUSY = enum.auto()
    FAR_CONGESTION = enum.auto()
    FAR_CLEARED = enum.auto()
    TOO_LONG = enum.auto()
    OVERLOAD = enum.auto()
    BATTERY_GONE = enum.auto()
    BATTERY_BACK = enum.auto()
    PARALLEL_LIFTED = enum.auto()
    PARALLEL_GONE = enum.auto()
    GUARD_OVER = enum.auto()
    FAILED = enum.auto()
    RECOVERED = enum.auto()


@dataclass(frozen=True, slots=True)
class StartTimer:
    """`name` is a field of `FxoTimers`; what its end means stands in `TIMER_ENDS`. It replaces one of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class EndLeg:
    """The leg is over for that cause."""

    cause: Cause


class Do(enum.Enum):
    """Actions without an argument."""

    STOP_TIMERS = enum.auto()
    ANNOUNCE = enum.auto()
    SEIZE = enum.auto()
    SEIZE_WHEN_QUIET = enum.auto()
    RELEASE_LINE = enum.auto()
    LEAVE_TO_RING = enum.auto()  # on hook again, while the call goes on
    LISTEN = enum.auto()  # to the exchange's tones
    TALK = enum.auto()  # also to digits; watch for the far end's hang-up
    DEAFEN = enum.auto()
    DIAL = enum.auto()
    PLAY_RINGBACK = enum.auto()
    STOP_TONE = enum.auto()
    TELL_RINGING = enum.auto()
    TELL_PROGRESS = enum.auto()
    TELL_ANSWERED = enum.auto()


Action = StartTimer | EndLeg | Do
Row = tuple[State, tuple[Action, ...]]
TIMER_ENDS = {
    "ring_timeout_s": Event.RING_OVER,
    "dial_tone_s": Event.NO_DIAL_TONE,
    "fetch_s": Event.FETCHED,
    "guard_s": Event.GUARD_OVER,
    "max_call_s": Event.TOO_LONG,
}

S, E = State, Event
_CLEAR = (Do.STOP_TIMERS, Do.STOP_TONE, Do.DEAFEN, Do.RELEASE_LINE, StartTimer("guard_s"))


def _cleared(*more: Action) -> Row:
    return (S.CLEARING, (*_CLEAR, *more))


_FREE: Row = (S.IDLE, (Do.STOP_TIMERS,))
_RING_ON = (Do.STOP_TIMERS, Do.LEAVE_TO_RING, StartTimer("ring_timeout_s"))
_TALK = (StartTimer("max_call_s"), Do.TALK)

TABLE: dict[tuple[State, Event], Row] = {
    # -- a call comes in
    (S.IDLE, E.RING): (S.RINGING, (StartTimer("ring_timeout_s"),)),
    (S.RINGING, E.RING): (S.RINGING, (StartTimer("ring_timeout_s"),)),
    (S.RINGING, E.RINGS_ENOUGH): (S.OFFERED, (Do.ANNOUNCE,)),
    (S.RINGING, E.RING_OVER): _FREE,
    (S.RINGING, E.FETCH): (S.FETCHING, (Do.STOP_TIMERS, StartTimer("fetch_s"), Do.SEIZE_WHEN_QUIET)),
    (S.FETCHING, E.QUIET): (S.FETCHING, (Do.SEIZE_WHEN_QUIET,)),
    (S.FETCHING, E.FETCHED): (S.RINGING, _RING_ON),
    (S.FETCHING, E.NO_CURRENT): (S.RINGING, _RING_ON),
    (S.FETCHING, E.OVERLOAD): _cleared(),
    (S.FETCHING, E.RING): (S.FETCHING, ()),
    (S.OFFERED, E.RING): (S.OFFERED, (StartTimer("ring_timeout_s"),)),
    (S.OFFERED, E.RING_OVER): (S.IDLE, (Do.STOP_TIMERS, EndLeg(Cause.NORMAL_CLEARING))),
    (S.OFFERED, E.ACCEPTED): (S.ANSWERING, (Do.STOP_TIMERS, Do.SEIZE_WHEN_QUIET)),
    # An exchange line cannot be refused: it rings on until the caller tires.
    (S.OFFERED, E.RELEASED): (S.IGNORED, ()),
    (S.IGNORED, E.RING): (S.IGNORED, (StartTimer("ring_timeout_s"),)),
    (S.IGNORED, E.RING_OVER): _FREE,
    (S.ANSWERING, E.QUIET): (S.ANSWERING, (Do.SEIZE_WHEN_QUIET,)),
    (S.ANSWERING, E.SEIZED): (S.TALKING, (*_TALK, Do.TELL_ANSWERED)),
    (S.ANSWERING, E.NO_CURRENT): _cleared(EndLeg(Cause.NETWORK_OUT_OF_ORDER)),
    # -- a call goes out
    (S.IDLE, E.CALL_GOES): (S.SEIZING, (Do.SEIZE,)),
    (S.SEIZING, E.SEIZED): (S.DIAL_TONE, (Do.LISTEN, StartTimer("dial_tone_s"))),
    (S.SEIZING, E.NO_CURRENT): _cleared(EndLeg(Cause.NETWORK_OUT_OF_ORDER)),
    (S.DIAL_TONE, E.DIAL_TONE): (S.DIALLING, (Do.STOP_TIMERS, Do.DEAFEN, Do.DIAL)),
    (S.DIAL_TONE, E.NO_DIAL_TONE): _cleared(EndLeg(Cause.CHANNEL_NOT_AVAILABLE)),
    (S.DIAL_TONE, E.GLARE): (S.GLARED, (Do.STOP_TIMERS, EndLeg(Cause.CHANNEL_NOT_AVAILABLE), Do.TALK, Do.ANNOUNCE)),
    (S.DIAL_TONE, E.FAR_BUSY): _cleared(EndLeg(Cause.CHANNEL_NOT_AVAILABLE)),
    (S.DIAL_TONE, E.FAR_CONGESTION): _cleared(EndLeg(Cause.CHANNEL_NOT_AVAILABLE)),
    (S.DIALLING, E.DIALLED): (
        S.OUTGOING,
        (Do.LISTEN, StartTimer("max_call_s"), Do.TELL_RINGING, Do.TELL_PROGRESS),
    ),
    (S.OUTGOING, E.ANSWERED): (S.TALKING, (*_TALK, Do.TELL_ANSWERED)),
    (S.OUTGOING, E.FAR_BUSY): _cleared(EndLeg(Cause.USER_BUSY)),
    (S.OUTGOING, E.FAR_CONGESTION): _cleared(EndLeg(Cause.SWITCHING_CONGESTION)),
    # -- both met on the wires
    (S.GLARED, E.FAR_END_RINGS): (S.GLARED, (Do.PLAY_RINGBACK,)),
    (S.GLARED, E.ACCEPTED): (S.TALKING, (Do.STOP_TONE, *_TALK, Do.TELL_ANSWERED)),
    # -- talking
    (S.TALKING, E.FAR_BUSY): _cleared(EndLeg(Cause.NORMAL_CLEARING)),
    (S.TALKING, E.FAR_CONGESTION): _cleared(EndLeg(Cause.NORMAL_CLEARING)),
    # -- not in use by us
    (S.CLEARING, E.GUARD_OVER): _FREE,
    (S.CLEARING, E.RING): (S.RINGING, (Do.STOP_TIMERS, StartTimer("ring_timeout_s"))),
    (S.IDLE, E.PARALLEL_LIFTED): (S.IN_USE, ()),
    (S.IN_USE, E.PARALLEL_GONE): _FREE,
    (S.IN_USE, E.RING): (S.RINGING, (StartTimer("ring_timeout_s"),)),
    (S.IDLE, E.BATTERY_GONE): (S.DEAD, ()),
    (S.IN_USE, E.BATTERY_GONE): (S.DEAD, ()),
    (S.DEAD, E.BATTERY_BACK): _FREE,
    (S.DEAD, E.PARALLEL_GONE): (S.DEAD, ()),
    (S.OUT_OF_SERVICE, E.RECOVERED): _FREE,
}

OFF_HOOK = (S.ANSWERING, S.GLARED, S.SEIZING, S.DIAL_TONE, S.DIALLING, S.OUTGOING, S.TALKING)
for _state in OFF_HOOK:
    TABLE[_state, E.RELEASED] = _cleared()
    TABLE[_state, E.FAR_CLEARED] = _cleared(EndLeg(Cause.NORMAL_CLEARING))
    TABLE[_state, E.TOO_LONG] = _cleared(EndLeg(Cause.RECOVERY_ON_TIMER))
    TABLE[_state, E.OVERLOAD] = _cleared(EndLeg(Cause.DESTINATION_OUT_OF_ORDER))
    TABLE[_state, E.RING] = (_state, ())
for _state in (S.GLARED,):
    TABLE[_state, E.FAR_BUSY] = TABLE[_state, E.FAR_CONGESTION] = _cleared(EndLeg(Cause.NORMAL_CLEARING))
for _state in (S.RINGING, S.OFFERED, S.IGNORED):
    # Somebody lifted a telephone beside us and has the call; or the line was pulled out.
    _ends = (EndLeg(Cause.ANSWERED_ELSEWHERE),) if _state is S.OFFERED else ()
    TABLE[_state, E.PARALLEL_LIFTED] = (S.IN_USE, (Do.STOP_TIMERS, *_ends))
    TABLE[_state, E.BATTERY_GONE] = (S.DEAD, (Do.STOP_TIMERS, *_ends))
for _state in (S.CLEARING,):
    TABLE[_state, E.PARALLEL_LIFTED] = (S.IN_USE, (Do.STOP_TIMERS,))
    TABLE[_state, E.BATTERY_GONE] = (S.DEAD, (Do.STOP_TIMERS,))
_EVERYWHERE_MEANINGLESS = (E.QUIET, E.PARALLEL_LIFTED, E.PARALLEL_GONE, E.BATTERY_GONE, E.BATTERY_BACK, E.RECOVERED,
                           E.DIAL_TONE, E.FAR_BUSY, E.FAR_CONGESTION, E.ANSWERED, E.FAR_CLEARED, E.FAR_END_RINGS,
                           E.SEIZED, E.DIALLED, E.RINGS_ENOUGH, E.FETCH, E.FETCHED)  # fmt: skip
for _state in S:
    if _state is not S.OUT_OF_SERVICE:
        leg = (EndLeg(Cause.DESTINATION_OUT_OF_ORDER),) if _state in (*OFF_HOOK, S.OFFERED) else ()
        TABLE[_state, E.FAILED] = (S.OUT_OF_SERVICE, (Do.STOP_TIMERS, Do.STOP_TONE, Do.DEAFEN, *leg))
    for _event in _EVERYWHERE_MEANINGLESS:
        TABLE.setdefault((_state, _event), (_state, ()))


class FxoMachine(TableMachine[State, Event, Action]):
    """The state of one exchange line."""

    def __init__(self, name: str) -> None:
        super().__init__(name, State.IDLE, TABLE)
