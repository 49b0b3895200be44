"""The dial-in machine by itself: what it answers to digits and time, and that no sequence of them gets in or stays."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.pbx.services.dial_in_machine import (
    FAREWELL_S,
    LONGEST_S,
    NUMBERS_MOST,
    PIN_TONE,
    REFUSAL_S,
    Action,
    DialInMachine,
    DialInWaits,
    Do,
    HangUp,
    Play,
    Reach,
    Stage,
    Wait,
)
from firmware.telephony.cause import Cause
from firmware.telephony.number import FixedNumbers, Match

PIN = "482913"
MANY = 20_000 if os.environ.get("TIPRING_SOAK") else 400
DAY_S = 86_400.0


class Keeper:
    """A door with one PIN; three tries."""

    longest = 6

    def __init__(self) -> None:
        self.tries_left = 3
        self.entered: list[str] = []
        self._plan = FixedNumbers(["101", "102", "1021"])

    def enter(self, pin: str) -> bool:
        self.entered.append(pin)
        self.tries_left -= pin != PIN
        return pin == PIN

    def match(self, number: str) -> Match:
        return self._plan.match(number)


class Caller:
    """Drives a machine on a clock of his own; `out` is all that it wanted."""

    def __init__(self) -> None:
        self.door = Keeper()
        self.machine = DialInMachine(self.door, DialInWaits(15.0, 4.0, 4.0))
        self.now_s = 100.0
        self.out: list[Action] = []
        self.due_s: float | None = None

    def take(self, actions: Sequence[Action]) -> list[Action]:
        if actions:
            self.due_s = None
        for action in actions:
            if isinstance(action, Wait):
                self.due_s = self.now_s + action.seconds
        self.out += actions
        return [action for action in actions if not isinstance(action, Wait)]

    def begin(self) -> list[Action]:
        return self.take(self.machine.begin(self.now_s))

    def dial(self, digits: str) -> list[Action]:
        said: list[Action] = []
        for digit in digits:
            said = self.take(self.machine.digit(digit, self.now_s))
        return said

    def wait(self) -> list[Action]:
        """Until the machine's time is up."""
        assert self.due_s is not None
        self.now_s = max(self.now_s, self.due_s)
        return self.take(self.machine.time_out(self.now_s))

    def refuse(self, cause: Cause) -> list[Action]:
        return self.take(self.machine.refused(cause, self.now_s))

    def pass_s(self, seconds: float) -> None:
        """Time, with everything that falls due in it."""
        end_s = self.now_s + seconds
        while self.due_s is not None and self.due_s <= end_s:
            self.wait()
        self.now_s = end_s


def inside() -> Caller:
    caller = Caller()
    assert caller.begin() == [Play(PIN_TONE)]
    assert caller.dial(PIN) == [Do.HUSH, Play("dial")]
    return caller


def test_a_pin_then_a_number() -> None:
    caller = inside()
    assert caller.dial("101") == [Do.HUSH, Do.HUSH, Reach("101")]
    assert caller.machine.stage is Stage.CALLING and caller.due_s is None
    assert caller.dial("#*101") == []


def test_a_number_that_could_be_longer_waits_and_hash_ends_it() -> None:
    caller = inside()
    assert caller.dial("102") == [Do.HUSH] and caller.due_s == caller.now_s + 4
    assert caller.wait() == [Do.HUSH, Reach("102")]
    assert inside().dial("102#") == [Do.HUSH, Reach("102")]
    assert inside().dial("1021") == [Do.HUSH, Do.HUSH, Reach("1021")]
    assert inside().dial("#") == []


def test_a_star_corrects_pin_and_number() -> None:
    caller = Caller()
    caller.begin()
    assert caller.dial("99*") == [Play(PIN_TONE)]
    assert caller.dial(PIN) == [Do.HUSH, Play("dial")] and caller.door.entered == [PIN]
    assert caller.dial("102*") == [Play("dial")]
    assert caller.dial("101") == [Do.HUSH, Do.HUSH, Reach("101")]


def test_a_short_pin_ends_by_hash_or_pause_and_is_wrong() -> None:
    caller = Caller()
    caller.begin()
    assert caller.dial("48#") == [Play("congestion")]
    assert caller.dial(PIN) == []  # while that is heard
    assert caller.due_s == caller.now_s + REFUSAL_S
    assert caller.wait() == [Play(PIN_TONE)]
    caller.dial("482")
    assert caller.due_s == caller.now_s + 4
    assert caller.wait() == [Play("congestion")]
    assert caller.door.entered == ["48", "482"]


def test_three_wrong_pins_and_it_hangs_up() -> None:
    caller = Caller()
    caller.begin()
    for _ in range(2):
        assert caller.dial("000000")[-1] == Play("congestion")
        assert caller.wait() == [Play(PIN_TONE)]
    caller.dial("000000")
    assert caller.machine.stage is Stage.FAREWELL and caller.due_s == caller.now_s + FAREWELL_S
    assert caller.dial(PIN) == []
    assert caller.wait() == [Do.HUSH, HangUp(Cause.CALL_REJECTED)]


def test_nothing_dialled_goes_to_the_target_and_after_the_pin_it_hangs_up() -> None:
    caller = Caller()
    caller.begin()
    assert caller.due_s == caller.now_s + 15
    assert caller.wait() == [Do.HUSH, Do.TO_TARGET]
    assert inside().wait() == [Do.HUSH, HangUp(Cause.INVALID_NUMBER_FORMAT)]


def test_a_number_that_is_not_reached_has_its_tone_and_another_try() -> None:
    caller = inside()
    for cause, tone in ((Cause.UNALLOCATED_NUMBER, "sit"), (Cause.USER_BUSY, "busy")):
        caller.dial("101")
        assert caller.refuse(cause) == [Play(tone)]
        assert caller.wait() == [Play("dial")]
    caller.dial("101")
    assert caller.refuse(Cause.NO_CIRCUIT_AVAILABLE) == [Play("congestion")]
    assert caller.wait() == [Do.HUSH, HangUp(Cause.NO_CIRCUIT_AVAILABLE)]
    assert caller.out.count(Reach("101")) == NUMBERS_MOST


def test_whoever_corrects_for_ever_is_hung_up_on() -> None:
    caller = inside()
    for _ in range(200):
        caller.dial("1*")
        caller.pass_s(3.0)
    assert caller.out[-1] == HangUp(Cause.RECOVERY_ON_TIMER)


KEYS = st.sampled_from("0123456789*#ADx٣")
ACTS = st.lists(
    st.one_of(
        KEYS,
        st.sampled_from(["48291", "482913", "482 913", "000000#", "101", "102", "1021"]),
        st.floats(0.0, 30.0),
        st.sampled_from([Cause.USER_BUSY, Cause.UNALLOCATED_NUMBER, Cause.NETWORK_OUT_OF_ORDER]),
    ),
    max_size=60,
)


@pytest.mark.timeout(900)
@settings(max_examples=MANY, deadline=None)
@given(ACTS, st.booleans())
def test_any_sequence_ends_and_none_gets_in_without_the_pin(acts: list[str | float | Cause], knows: bool) -> None:
    """knows: whether the caller may type the right PIN; without it, what would complete it is left out."""
    caller = Caller()
    caller.begin()
    typed = ""
    for act in acts:
        if isinstance(act, float):
            caller.pass_s(act)
        elif isinstance(act, Cause):
            caller.refuse(act)
        else:
            for key in act:
                typed += key if key.isascii() and key.isdigit() else ""
                if not knows and typed.endswith(PIN):
                    typed = typed[:-1]
                    continue
                caller.dial(key)
    if PIN not in caller.door.entered:
        assert not any(isinstance(action, Reach) for action in caller.out)
        assert Play("dial") not in caller.out
    assert knows or PIN not in caller.door.entered
    assert caller.door.entered.count(PIN) <= 1 and len(caller.door.entered) <= 4
    assert sum(isinstance(action, Reach) for action in caller.out) <= NUMBERS_MOST
    ended_s = caller.now_s
    caller.pass_s(DAY_S)
    assert caller.machine.stage in {Stage.OVER, Stage.CALLING}, caller.machine.stage
    last = next(action for action in reversed(caller.out) if not isinstance(action, Wait))
    assert isinstance(last, HangUp | Reach) or last is Do.TO_TARGET
    assert caller.due_s is None and ended_s + LONGEST_S + FAREWELL_S < caller.now_s
