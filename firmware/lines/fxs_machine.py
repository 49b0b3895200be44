"""The FXS port machine: one telephone line, as a table without I/O.

`feed(event)` looks the pair (state, event) up, changes state and returns the actions that
`fxs_line.py` obeys. Timers are actions too; their lengths are settings. A pair that is not in
the table is logged once and changes nothing.

An off-hook telephone that nobody serves walks busy, congestion or number unobtainable (30 s) -> howler (60 s) ->
parked at low power until it is hung up.

The machine knows the one call the telephone is busy with. What R does with a second one is decided in
`flash_services.py`, which feeds CONSULTS, ASKS and RESUMED.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from firmware.lines.table_machine import TableMachine


class State(enum.Enum):
    """What the line is doing; the value is what `tipring status` and the page show."""

    IDLE = "idle"
    DIALLING = "dialling"
    COLLECTING = "collecting"
    CALLING = "calling"
    RINGBACK = "ringback"
    TALKING = "talking"
    ORDERING = "ordering"
    RINGING = "ringing"
    BUSY = "busy"
    CONGESTION = "congestion"
    UNOBTAINABLE = "unobtainable"
    HOWLER = "howler"
    PARKED = "parked"
    OUT_OF_SERVICE = "out-of-service"


class Event(enum.Enum):
    """What happened. RELEASED_*: the far end or the exchange ended the leg, named by the tone it means.

    HOTLINE: the telephone was lifted, and calls a number of its own. CONSULTS: the call is on hold, and another
    number will be dialled. ASKS: it is on hold until a digit says what is wanted. RESUMED: there is somebody to talk
    with again.
    """

    OFF_HOOK = enum.auto()
    HOTLINE = enum.auto()
    ON_HOOK = enum.auto()
    FLASH = enum.auto()
    DIGIT = enum.auto()
    NUMBER_READY = enum.auto()
    TIME_OUT = enum.auto()
    CALL_COMES = enum.auto()
    PROCEEDING = enum.auto()
    FAR_END_RINGS = enum.auto()
    EARLY_MEDIA = enum.auto()
    CONNECTED = enum.auto()
    CONSULTS = enum.auto()
    ASKS = enum.auto()
    RESUMED = enum.auto()
    RELEASED_BUSY = enum.auto()
    RELEASED_CONGESTION = enum.auto()
    RELEASED_UNOBTAINABLE = enum.auto()
    FAILED = enum.auto()
    RECOVERED = enum.auto()


RELEASES = frozenset({Event.RELEASED_BUSY, Event.RELEASED_CONGESTION, Event.RELEASED_UNOBTAINABLE})


@dataclass(frozen=True, slots=True)
class PlayTone:
    """A tone of the country, by its key."""

    name: str


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Replaces the running one; `name` is a field of `LineTimers`."""

    name: str


class Do(enum.Enum):
    """Actions without an argument."""

    STOP_TONE = enum.auto()
    YIELD_TONE = enum.auto()
    """The tone goes on until the far end sends sound."""
    STOP_TIMER = enum.auto()
    LISTEN = enum.auto()
    DEAFEN = enum.auto()
    COLLECT_DIGIT = enum.auto()
    FORGET_DIGITS = enum.auto()
    PLACE_CALL = enum.auto()
    RING = enum.auto()
    STOP_RINGING = enum.auto()
    ANSWER = enum.auto()
    HANG_UP = enum.auto()
    FAIL_LEG = enum.auto()
    PASS_DIGIT = enum.auto()
    PASS_FLASH = enum.auto()
    TAKE_ORDER = enum.auto()
    GO_ON = enum.auto()
    LOW_POWER = enum.auto()
    FULL_POWER = enum.auto()


Action = PlayTone | StartTimer | Do
Row = tuple[State, tuple[Action, ...]]

S, E = State, Event
_QUIET = (Do.STOP_TONE, Do.STOP_TIMER, Do.DEAFEN)
_TO_BUSY: Row = (S.BUSY, (PlayTone("busy"), StartTimer("congestion_s")))
_TO_CONGESTION: Row = (S.CONGESTION, (PlayTone("congestion"), StartTimer("congestion_s")))
_TO_UNOBTAINABLE: Row = (S.UNOBTAINABLE, (PlayTone("sit"), StartTimer("congestion_s")))
_TO_HOWLER: Row = (S.HOWLER, (PlayTone("howler"), StartTimer("howler_s")))

_TO_DIALLING: Row = (S.DIALLING, (Do.FORGET_DIGITS, PlayTone("dial"), Do.LISTEN, StartTimer("first_digit_s")))
_TO_HOTLINE: Row = (S.CALLING, (Do.LISTEN, Do.PLACE_CALL))

TABLE: dict[tuple[State, Event], Row] = {
    (S.IDLE, E.OFF_HOOK): _TO_DIALLING,
    (S.IDLE, E.HOTLINE): _TO_HOTLINE,
    (S.IDLE, E.CALL_COMES): (S.RINGING, (Do.RING,)),
    # -- dialling
    (S.DIALLING, E.DIGIT): (S.COLLECTING, (Do.STOP_TONE, StartTimer("inter_digit_s"), Do.COLLECT_DIGIT)),
    (S.DIALLING, E.TIME_OUT): _TO_CONGESTION,
    (S.DIALLING, E.HOTLINE): (S.CALLING, (Do.STOP_TONE, Do.STOP_TIMER, Do.PLACE_CALL)),
    (S.DIALLING, E.FLASH): (S.DIALLING, ()),
    (S.COLLECTING, E.DIGIT): (S.COLLECTING, (StartTimer("inter_digit_s"), Do.COLLECT_DIGIT)),
    (S.COLLECTING, E.NUMBER_READY): (S.CALLING, (Do.STOP_TIMER, Do.PLACE_CALL)),
    (S.COLLECTING, E.TIME_OUT): (S.CALLING, (Do.PLACE_CALL,)),
    # A flash while dialling begins again, as on every exchange.
    (S.COLLECTING, E.FLASH): (S.DIALLING, (Do.FORGET_DIGITS, PlayTone("dial"), StartTimer("first_digit_s"))),
    # -- calling out
    (S.CALLING, E.PROCEEDING): (S.CALLING, ()),
    (S.CALLING, E.FAR_END_RINGS): (S.RINGBACK, (PlayTone("ringback"),)),
    # Many far ends announce early media and send none: whoever waits hears ringback then.
    (S.CALLING, E.EARLY_MEDIA): (S.RINGBACK, (PlayTone("ringback"), Do.YIELD_TONE)),
    (S.CALLING, E.CONNECTED): (S.TALKING, (Do.STOP_TONE,)),
    (S.RINGBACK, E.EARLY_MEDIA): (S.RINGBACK, (Do.YIELD_TONE,)),
    (S.RINGBACK, E.CONNECTED): (S.TALKING, (Do.STOP_TONE,)),
    # -- being called
    (S.RINGING, E.OFF_HOOK): (S.TALKING, (Do.STOP_RINGING, Do.LISTEN, Do.ANSWER)),
    (S.RINGING, E.RELEASED_BUSY): (S.IDLE, (Do.STOP_RINGING,)),
    (S.RINGING, E.RELEASED_CONGESTION): (S.IDLE, (Do.STOP_RINGING,)),
    (S.RINGING, E.RELEASED_UNOBTAINABLE): (S.IDLE, (Do.STOP_RINGING,)),
    # -- talking
    (S.TALKING, E.DIGIT): (S.TALKING, (Do.PASS_DIGIT,)),
    # -- a second call
    (S.TALKING, E.CONSULTS): (S.DIALLING, (Do.FORGET_DIGITS, PlayTone("recall"), StartTimer("first_digit_s"))),
    (S.TALKING, E.ASKS): (S.ORDERING, (PlayTone("recall"), StartTimer("inter_digit_s"))),
    (S.ORDERING, E.DIGIT): (S.ORDERING, (Do.TAKE_ORDER,)),
    (S.ORDERING, E.FLASH): (S.ORDERING, (Do.GO_ON,)),
    (S.ORDERING, E.TIME_OUT): (S.ORDERING, (Do.GO_ON,)),
    (S.PARKED, E.RESUMED): (S.TALKING, (Do.FULL_POWER, Do.LISTEN)),
    # -- nobody serves an off-hook telephone
    (S.BUSY, E.TIME_OUT): _TO_HOWLER,
    (S.CONGESTION, E.TIME_OUT): _TO_HOWLER,
    (S.UNOBTAINABLE, E.TIME_OUT): _TO_HOWLER,
    (S.HOWLER, E.TIME_OUT): (S.PARKED, (Do.STOP_TONE, Do.DEAFEN, Do.LOW_POWER)),
    (S.PARKED, E.ON_HOOK): (S.IDLE, (Do.FULL_POWER,)),
    (S.OUT_OF_SERVICE, E.RECOVERED): (S.IDLE, ()),
    # A telephone that was already lifted when its port came up may be told before the recovery is.
    (S.OUT_OF_SERVICE, E.OFF_HOOK): _TO_DIALLING,
    (S.OUT_OF_SERVICE, E.HOTLINE): _TO_HOTLINE,
}

_WITH_LEG = (S.CALLING, S.RINGBACK, S.TALKING, S.ORDERING)
for _state in _WITH_LEG:
    TABLE[_state, E.RELEASED_BUSY] = _TO_BUSY
    TABLE[_state, E.RELEASED_CONGESTION] = _TO_CONGESTION
    TABLE[_state, E.RELEASED_UNOBTAINABLE] = _TO_UNOBTAINABLE
    TABLE[_state, E.ON_HOOK] = (S.IDLE, (*_QUIET, Do.HANG_UP))
for _state in (S.DIALLING, S.COLLECTING, S.BUSY, S.CONGESTION, S.UNOBTAINABLE, S.HOWLER):
    TABLE[_state, E.ON_HOOK] = (S.IDLE, _QUIET)
for _state in (S.CALLING, S.RINGBACK, S.BUSY, S.CONGESTION, S.UNOBTAINABLE, S.HOWLER, S.PARKED):
    # People press keys out of impatience; it means nothing here, nor does the hook switch without a call.
    TABLE[_state, E.DIGIT] = (_state, ())
    TABLE[_state, E.FLASH] = (_state, ())
for _state in (S.CALLING, S.RINGBACK, S.TALKING):
    TABLE[_state, E.FLASH] = (_state, (Do.PASS_FLASH,))
for _state in (*_WITH_LEG, S.DIALLING, S.COLLECTING, S.BUSY, S.CONGESTION, S.UNOBTAINABLE, S.HOWLER):
    TABLE[_state, E.RESUMED] = (S.TALKING, (Do.STOP_TONE, Do.STOP_TIMER, Do.LISTEN))
for _state in S:
    if _state is not S.OUT_OF_SERVICE:
        TABLE[_state, E.FAILED] = (S.OUT_OF_SERVICE, (*_QUIET, Do.FAIL_LEG))
        TABLE[_state, E.RECOVERED] = (_state, ())


class FxsMachine(TableMachine[State, Event, Action]):
    """The state of one telephone line."""

    def __init__(self, name: str) -> None:
        super().__init__(name, State.IDLE, TABLE)
