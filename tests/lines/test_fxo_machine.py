"""The exchange-line machine's table: what must hold for every state, whatever happens."""

from __future__ import annotations

import itertools
import random

import pytest

from firmware.lines.fxo_machine import OFF_HOOK, TABLE, TIMER_ENDS, Do, EndLeg, Event, FxoMachine, StartTimer, State
from firmware.lines.fxo_options import FxoTimers
from firmware.telephony.cause import Cause


@pytest.mark.parametrize("state", OFF_HOOK)
@pytest.mark.parametrize("event", [Event.RELEASED, Event.FAR_CLEARED, Event.OVERLOAD, Event.TOO_LONG])
def test_every_end_of_a_call_releases_the_line_and_rests(state: State, event: Event) -> None:
    after, actions = TABLE[state, event]
    assert after is State.CLEARING
    assert {Do.RELEASE_LINE, Do.DEAFEN, Do.STOP_TIMERS, StartTimer("guard_s")} <= set(actions)


@pytest.mark.parametrize("state", [state for state in State if state is not State.OUT_OF_SERVICE])
def test_a_failure_ends_everything(state: State) -> None:
    after, actions = TABLE[state, Event.FAILED]
    assert after is State.OUT_OF_SERVICE
    assert Do.STOP_TIMERS in actions


def test_timers_are_those_of_the_settings() -> None:
    started = {a.name for _, actions in TABLE.values() for a in actions if isinstance(a, StartTimer)}
    assert started == set(TIMER_ENDS) == set(FxoTimers.__dataclass_fields__)


def test_the_line_is_never_seized_but_from_rest_or_to_answer() -> None:
    for (state, event), (after, actions) in TABLE.items():
        if Do.SEIZE in actions:
            assert (state, event, after) == (State.IDLE, Event.CALL_GOES, State.SEIZING)
        if Do.SEIZE_WHEN_QUIET in actions:
            assert after in (State.ANSWERING, State.FETCHING)


def test_whatever_happens_legs_and_lines_are_even() -> None:
    """200,000 events by chance: a leg is never announced while another lives, nor a line left off hook at rest."""
    draw = random.Random(7)
    machine = FxoMachine("fxo1")
    leg = off_hook = False
    seen: set[State] = set()
    for _ in range(200_000):
        event = draw.choice(list(Event))
        if event is Event.CALL_GOES and (leg or machine.state is not State.IDLE):
            continue  # make_leg refuses
        if event in {Event.RELEASED, Event.ACCEPTED, Event.FAR_END_RINGS} and not leg:
            continue  # only a living leg says so
        before = machine.state
        actions = machine.feed(event)
        leg = (leg or event is Event.CALL_GOES) and event is not Event.RELEASED
        for action in actions:
            if isinstance(action, EndLeg):
                leg = False
            elif action is Do.ANNOUNCE:
                assert not leg, (before, event)
                leg = True
            elif action in {Do.SEIZE, Do.SEIZE_WHEN_QUIET}:
                off_hook = True
            elif action in {Do.RELEASE_LINE, Do.LEAVE_TO_RING}:
                off_hook = False
        if machine.state is State.OUT_OF_SERVICE:
            off_hook = False  # the scanner has put it on hook
        if machine.state in {State.IDLE, State.CLEARING, State.DEAD, State.IN_USE, State.RINGING, State.OFFERED}:
            assert not off_hook, (before, event, machine.state)
        if machine.state in {State.IDLE, State.CLEARING, State.DEAD, State.IN_USE, State.OUT_OF_SERVICE}:
            assert not leg, (before, event, machine.state)
        seen.add(machine.state)
    assert seen == set(State)


def test_what_means_nothing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    machine = FxoMachine("fxo1")
    for _ in range(2):
        assert machine.feed(Event.GLARE) == ()
    assert [record.getMessage() for record in caplog.records] == ["fxo1: glare means nothing while idle"]
    assert machine.state is State.IDLE


def test_causes_of_a_call_that_cannot_leave() -> None:
    ends = {
        (state, event): [a.cause for a in actions if isinstance(a, EndLeg)]
        for (state, event), (_, actions) in TABLE.items()
    }
    assert ends[State.SEIZING, Event.NO_CURRENT] == [Cause.NETWORK_OUT_OF_ORDER]
    assert ends[State.DIAL_TONE, Event.NO_DIAL_TONE] == [Cause.CHANNEL_NOT_AVAILABLE]
    assert ends[State.OUTGOING, Event.FAR_BUSY] == [Cause.USER_BUSY]
    assert not any(len(causes) > 1 for causes in ends.values())
    assert not [pair for pair in itertools.product(State, Event) if pair not in TABLE and pair[1] is Event.FAILED
                and pair[0] is not State.OUT_OF_SERVICE]  # fmt: skip
