"""Damaged dialogs: whatever a peer says, no exception, nothing slow, nothing left behind, OPTIONS still answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given

from tests.sip.fuzz_scripts import SCRIPTS
from tests.sip.fuzz_settings import DECISIONS, examples
from tests.sip.fuzz_world import BAR_S, World, play

DIALOGS = 200


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A hundred thousand log lines are no help; the octets of a failure are."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_undamaged_dialog_comes_to_its_end(name: str) -> None:
    verdict = play(SCRIPTS[name], b"")
    assert verdict.bugs == [] and verdict.finished and verdict.slowest_s < BAR_S


@pytest.mark.parametrize("name", SCRIPTS)
def test_damaged_dialogs(name: str) -> None:
    finished = 0

    @given(DECISIONS)
    @examples(DIALOGS)
    def judge(octets: bytes) -> None:
        nonlocal finished
        verdict = play(SCRIPTS[name], octets)
        assert verdict.bugs == []
        assert verdict.slowest_s < BAR_S
        finished += verdict.finished

    judge()
    assert finished > 5, "so much damage that no dialog gets anywhere proves little"


async def _raises(world: World) -> None:
    asyncio.get_running_loop().call_soon(int, "no number")


async def _leaves_a_leg(world: World) -> None:
    leg = world.agent.call_user("202")
    assert leg is not None
    world.agent._context.dialogs["left"] = leg  # type: ignore[assignment]


async def _leaves_a_stream(world: World) -> None:
    world.agent._engine.open_stream("10.0.0.1")


async def _deafens(world: World) -> None:
    world.phone.network.ends.clear()


async def _works_hard(world: World) -> None:
    transactions = world.agent._context.transactions
    hear = transactions.request_arrived

    def slow(*args: object) -> None:
        sum(range(20_000_000))
        hear(*args)  # type: ignore[arg-type]

    transactions.request_arrived = slow  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_raises, "ValueError"),
        (_leaves_a_leg, "left behind: {'dialogs': 1}"),
        (_leaves_a_stream, "a stream is still open"),
        (_deafens, "OPTIONS is not answered any more"),
    ],
)
def test_the_judge_sees_it(harm: object, found: str) -> None:
    (bug,) = play(harm, b"").bugs  # type: ignore[arg-type]
    assert found in bug


def test_the_judge_sees_a_slow_message() -> None:
    assert play(_works_hard, b"").slowest_s >= BAR_S
