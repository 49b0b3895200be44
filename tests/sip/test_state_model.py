"""Thousands of random calls over bad links: both ends, the house and its record always agree, and nothing stays.

How a call is made and judged: `call_model.py`. 2,000 seeds here, 100,000 with TIPRING_SOAK=1. A failing seed
prints what was wrong and the ladder; `TIPRING_SEED=4711` plays that one alone.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.sip.call_model import Case, play

CALLS = 100_000 if os.environ.get("TIPRING_SOAK") else 2_000
BLOCK = 100
SHOWN = 3
WANTED = (
    "talked", "cause 16", "cause 17", "cause 19", "cause 21", "cause 102", "loss", "copies", "dead phone",
    "media time-out", "200 crossed CANCEL", "BYE crossed BYE", "200 sent again", "caller: gave up with BYE",
    "caller: answered after giving up", "hold", "callee: cancelled",
    "PRACK by a phone", "PRACK by the house", "UPDATE by a phone", "UPDATE by the house", "491INVITE by a phone",
    "491INVITE by the house", "two answers to one INVITE", "house sees: no ACK", "house sees: no PRACK",
    "house sees: refresh failed", "house sees: session expired",
)  # fmt: skip
"""What the dice must have brought about at least once, else the test proves less than it says."""


def play_block(first: int) -> tuple[list[Case], Counter[str]]:
    """The cases with faults among the seeds from `first` on, and what all of them were examples of."""
    logging.disable(logging.CRITICAL)
    cases = [play(seed) for seed in range(first, first + BLOCK)]
    return [case for case in cases if case.faults], sum((case.kinds for case in cases), Counter())


@pytest.mark.timeout(3600)
def test_random_calls_over_bad_links_end_as_the_standard_says() -> None:
    if "TIPRING_SEED" in os.environ:
        case = play(int(os.environ["TIPRING_SEED"]))
        assert not case.faults, f"{case.faults}\n{case.story}"
        return
    wrong: list[Case] = []
    kinds: Counter[str] = Counter()
    with ProcessPoolExecutor() as pool:
        for bad, seen in pool.map(play_block, range(0, CALLS, BLOCK)):
            wrong += bad
            kinds += seen
    told = "\n\n".join(f"seed {case.seed}: {'; '.join(case.faults)}\n{case.story}" for case in wrong[:SHOWN])
    assert not wrong, f"{len(wrong)} of {CALLS} calls went wrong\n{told}"
    assert not [kind for kind in WANTED if not kinds[kind]], kinds
