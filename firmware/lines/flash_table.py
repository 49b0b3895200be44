"""What the hook switch means to a telephone with calls, as tables without I/O.

Two habits of the world, a figure of the country (`countries.toml`). With codes (Europe, and most others) R gives
recall dial tone and a digit says what is wanted: 0 turns the second call away, 1 ends the present one, 2 changes
over, 3 brings all three together, 4 leaves the other two to each other: the digits of 3GPP TS 22.030, 6.5.5.1, which
the fixed networks share [M]. With the hook alone (North America) R takes what makes sense next [M]. Who decides by
them: `flash_services.py`; who obeys: `other_call.py`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Situation(enum.Enum):
    """What calls the telephone has."""

    ALONE = "at most one call"
    WAITED = "a call waits"
    CONSULTING = "one is held, and nobody is talked with"
    TWO_CALLS = "one is held, another was called meanwhile and talks"
    TWO_CALLERS = "one is held, another called meanwhile and talks"
    THREE_WAY = "all three talk"


class Other(enum.Enum):
    """What the other call of the telephone is doing; the value is for `tipring status`."""

    NONE = ""
    WAITING = "waiting"
    HELD = "held"
    THREE_WAY = "three-way"


class Deed(enum.Enum):
    """What is done. "The present call" is the one the telephone is busy with, "the other" waits or is held."""

    CONSULT = enum.auto()
    """Hold the present call and give dial tone."""
    ASK = enum.auto()
    """Hold the present call and wait for a digit that says what is wanted."""
    GO_ON = enum.auto()
    """Back to the present call, nothing changed."""
    BACK = enum.auto()
    """End the present call, if there is one, and take the other."""
    SWAP = enum.auto()
    """Hold the present call and take the other."""
    REFUSE = enum.auto()
    """End the other, which hears busy if it waited, and go on."""
    JOIN = enum.auto()
    SPLIT = enum.auto()
    """Out of a conference: hold the other, go on with the present one."""
    TRANSFER = enum.auto()
    """Leave the two to each other."""
    RING_BACK = enum.auto()
    """End the present call; the telephone, on hook by now, rings for the other."""
    END_BOTH = enum.auto()


_S, _D = Situation, Deed

CODES: Mapping[Situation, Deed] = {
    _S.ALONE: _D.CONSULT,
    _S.WAITED: _D.ASK,
    _S.CONSULTING: _D.BACK,
    _S.TWO_CALLS: _D.ASK,
    _S.TWO_CALLERS: _D.ASK,
    _S.THREE_WAY: _D.ASK,
}
HOOK_ONLY: Mapping[Situation, Deed] = {
    _S.ALONE: _D.CONSULT,
    _S.WAITED: _D.SWAP,
    _S.CONSULTING: _D.BACK,
    _S.TWO_CALLS: _D.JOIN,
    _S.TWO_CALLERS: _D.SWAP,
    _S.THREE_WAY: _D.BACK,
}
HABITS: Mapping[str, Mapping[Situation, Deed]] = {"codes": CODES, "hook": HOOK_ONLY, "off": {}}
"""By the name of the setting."""

ORDERS: Mapping[tuple[Situation, str], Deed] = {
    (_S.WAITED, "0"): _D.REFUSE,
    (_S.WAITED, "1"): _D.BACK,
    (_S.WAITED, "2"): _D.SWAP,
    (_S.WAITED, "3"): _D.JOIN,
    **{
        (situation, digit): deed
        for situation in (_S.TWO_CALLS, _S.TWO_CALLERS)
        for digit, deed in zip("01234", (_D.REFUSE, _D.BACK, _D.SWAP, _D.JOIN, _D.TRANSFER), strict=True)
    },
    (_S.THREE_WAY, "1"): _D.BACK,
    (_S.THREE_WAY, "2"): _D.SPLIT,
    (_S.THREE_WAY, "4"): _D.TRANSFER,
}
"""The digit after R; any other one goes on as before."""

HUNG_UP: Mapping[Situation, Deed] = {
    _S.WAITED: _D.RING_BACK,
    _S.CONSULTING: _D.TRANSFER,
    _S.TWO_CALLS: _D.TRANSFER,
    _S.TWO_CALLERS: _D.RING_BACK,
    _S.THREE_WAY: _D.TRANSFER,
}
HUNG_UP_WITHOUT_TRANSFER: Mapping[Situation, Deed] = {
    **HUNG_UP,
    _S.CONSULTING: _D.RING_BACK,
    _S.TWO_CALLS: _D.RING_BACK,
    _S.THREE_WAY: _D.END_BOTH,
}
