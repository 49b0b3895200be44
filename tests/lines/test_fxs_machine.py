"""The table of the FXS machine: every pair is walked through, every other pair changes nothing."""

from __future__ import annotations

import logging
from itertools import product

import pytest

from firmware.lines.fxs_machine import TABLE, Do, Event, FxsMachine, PlayTone, StartTimer, State

S, E = State, Event

WAYS: dict[State, tuple[Event, ...]] = {
    S.IDLE: (),
    S.DIALLING: (E.OFF_HOOK,),
    S.COLLECTING: (E.OFF_HOOK, E.DIGIT),
    S.CALLING: (E.OFF_HOOK, E.DIGIT, E.NUMBER_READY),
    S.RINGBACK: (E.OFF_HOOK, E.DIGIT, E.NUMBER_READY, E.FAR_END_RINGS),
    S.TALKING: (E.CALL_COMES, E.OFF_HOOK),
    S.ORDERING: (E.CALL_COMES, E.OFF_HOOK, E.ASKS),
    S.RINGING: (E.CALL_COMES,),
    S.BUSY: (E.CALL_COMES, E.OFF_HOOK, E.RELEASED_BUSY),
    S.CONGESTION: (E.OFF_HOOK, E.TIME_OUT),
    S.UNOBTAINABLE: (E.CALL_COMES, E.OFF_HOOK, E.RELEASED_UNOBTAINABLE),
    S.HOWLER: (E.OFF_HOOK, E.TIME_OUT, E.TIME_OUT),
    S.PARKED: (E.OFF_HOOK, E.TIME_OUT, E.TIME_OUT, E.TIME_OUT),
    S.OUT_OF_SERVICE: (E.FAILED,),
}
"""How an idle line comes to each state."""


def machine_in(state: State) -> FxsMachine:
    machine = FxsMachine("fxs1")
    for event in WAYS[state]:
        machine.feed(event)
    assert machine.state is state
    return machine


@pytest.mark.parametrize(("state", "event"), sorted(TABLE, key=str))
def test_every_pair_of_the_table_is_reached_and_obeyed(state: State, event: Event) -> None:
    machine = machine_in(state)
    after, actions = TABLE[state, event]
    assert machine.feed(event) == actions
    assert machine.state is after


@pytest.mark.parametrize(("state", "event"), [pair for pair in product(State, Event) if pair not in TABLE])
def test_other_pairs_are_logged_once_and_change_nothing(
    state: State, event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    machine = machine_in(state)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            assert machine.feed(event) == ()
    assert machine.state is state
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().startswith("fxs1: ")


@pytest.mark.parametrize("state", [s for s in State if s not in (S.IDLE, S.RINGING, S.OUT_OF_SERVICE)])
def test_on_hook_always_leads_to_idle(state: State) -> None:
    assert TABLE[state, E.ON_HOOK][0] is S.IDLE


@pytest.mark.parametrize("state", [s for s in State if s is not S.OUT_OF_SERVICE])
def test_failure_takes_the_line_out_from_everywhere_and_ends_its_leg(state: State) -> None:
    after, actions = TABLE[state, E.FAILED]
    assert after is S.OUT_OF_SERVICE
    assert {Do.FAIL_LEG, Do.STOP_TIMER, Do.STOP_TONE} <= set(actions)


def test_a_state_that_sounds_or_waits_stops_both_when_hung_up() -> None:
    for (state, event), (_, actions) in TABLE.items():
        if event is E.ON_HOOK and state is not S.PARKED:
            assert {Do.STOP_TONE, Do.STOP_TIMER} <= set(actions), state


def test_off_hook_left_walks_congestion_howler_low_power() -> None:
    machine = machine_in(S.DIALLING)
    assert machine.feed(E.TIME_OUT) == (PlayTone("congestion"), StartTimer("congestion_s"))
    assert machine.feed(E.TIME_OUT) == (PlayTone("howler"), StartTimer("howler_s"))
    assert Do.LOW_POWER in machine.feed(E.TIME_OUT)
    assert machine.feed(E.ON_HOOK) == (Do.FULL_POWER,)


def test_a_flash_is_passed_on_in_a_call_and_does_no_harm_elsewhere() -> None:
    for state in (S.TALKING, S.RINGBACK, S.CALLING):
        assert TABLE[state, E.FLASH] == (state, (Do.PASS_FLASH,))
    for state in (S.BUSY, S.PARKED):
        assert TABLE[state, E.FLASH] == (state, ())
