"""Damaged messages: parser, URI, SDP, digest, INFO, parts, framing and STUN read them or refuse them, and never slowly.

The targets and what they check are in `fuzz_targets.py`; whole dialogs are in `test_fuzz_dialogs.py`.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sip.fuzz_mutations import Choices, mutated
from tests.sip.fuzz_settings import DECISIONS, examples, in_time
from tests.sip.fuzz_targets import TARGETS, damaged, part_of, seeds, torture

COUNTS = {"message": 2000, "session": 1200, "uri": 1200, "digest": 600, "info": 600, "parts": 1000,
          "stream": 1000, "stun": 300}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_undamaged_messages(name: str) -> None:
    assert len(seeds()) > len(torture()) + 100
    for data in seeds():
        in_time(lambda data=data: TARGETS[name](part_of(name, data)))  # type: ignore[misc]


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_messages(name: str) -> None:
    @given(DECISIONS)
    @examples(COUNTS[name])
    def judge(octets: bytes) -> None:
        data = part_of(name, damaged(octets, name))
        in_time(lambda: TARGETS[name](data))

    judge()


@pytest.mark.parametrize("name", TARGETS)
def test_mere_octets(name: str) -> None:
    @given(st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
    @examples(150)
    def judge(data: bytes) -> None:
        in_time(lambda: TARGETS[name](data))

    judge()


def test_the_damage_is_of_many_kinds_and_repeatable() -> None:
    """A mutator that did nothing would make all of the above green."""
    message = next(data for data in seeds() if data.startswith(b"INVITE") and b"m=audio" in data)
    dice = random.Random(3261)
    sent = [mutated(message, Choices(dice.randbytes(12))) for _ in range(4000)]
    assert 0.4 < sum(result == [message] for result in sent) / 4000 < 0.7
    changed = {result[0] for result in sent if result and result[0] != message}
    assert len(changed) > 1000
    assert sum(b"INVITE" in data.partition(b"\r\n")[0] for data in changed) > len(changed) * 0.8
    assert any(result == [] for result in sent) and any(len(result) == 2 for result in sent)
    assert mutated(message, Choices(b"")) == [message]
    assert damaged(b"abcdefgh") == damaged(b"abcdefgh")
