"""What is known to be out of order moves behind, comes back by itself, and Retry-After is obeyed."""

from __future__ import annotations

import pytest

from firmware.sip.dns.search import Target
from firmware.sip.dns.targets import FIRST_REST_S, LONGEST_REST_S, LONGEST_SHUT_S, MAX_REMEMBERED, Targets

A, B, C = (Target("UDP", f"192.0.2.{n}", 5060, "example.com") for n in (1, 2, 3))


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def targets(clock: Clock) -> Targets:
    return Targets(clock)


def test_a_failed_target_is_tried_last_until_its_rest_ends(targets: Targets, clock: Clock) -> None:
    targets.mark_bad(A)
    assert targets.order([A, B, C]) == [B, C, A]
    clock.now_s += FIRST_REST_S
    assert targets.order([A, B, C]) == [A, B, C]


def test_when_all_failed_the_one_that_rests_longest_already_is_tried_first(targets: Targets, clock: Clock) -> None:
    for target in (B, C, A):
        targets.mark_bad(target)
        clock.now_s += 1
    assert targets.order([A, B, C]) == [B, C, A]


def test_failing_again_rests_longer_and_success_clears_it(targets: Targets, clock: Clock) -> None:
    rest_s = FIRST_REST_S
    for _ in range(6):
        targets.mark_bad(A)
        targets.mark_bad(A)  # two calls side by side are one failure
        clock.now_s += rest_s - 0.1
        assert targets.order([A, B]) == [B, A]
        clock.now_s += 0.1
        assert targets.order([A, B]) == [A, B]
        rest_s = min(rest_s * 2, LONGEST_REST_S)
    targets.mark_good(A)
    targets.mark_bad(A)
    clock.now_s += FIRST_REST_S
    assert targets.order([A, B]) == [A, B]
    clock.now_s += LONGEST_REST_S + 1  # long ago is forgiven too
    targets.mark_bad(A)
    clock.now_s += FIRST_REST_S
    assert targets.order([A, B]) == [A, B]


def test_retry_after_shuts_a_target_for_its_time_only(targets: Targets, clock: Clock) -> None:
    targets.mark_bad(A, retry_after_s=7)
    assert targets.order([A]) == []
    assert targets.order([A, B]) == [B]
    clock.now_s += 7
    assert targets.order([A, B]) == [A, B]
    targets.mark_bad(A, retry_after_s=10**9)
    clock.now_s += LONGEST_SHUT_S
    assert targets.order([A]) == [A]


def test_the_transport_is_part_of_a_target_and_the_name_is_not(targets: Targets) -> None:
    targets.mark_bad(A)
    over_tcp, other_name = A._replace(transport="TCP"), A._replace(name="other.example")
    assert targets.order([other_name, over_tcp]) == [over_tcp, other_name]


def test_a_new_address_is_good_at_once_and_memory_is_bounded(targets: Targets) -> None:
    many = [Target("UDP", "192.0.2.1", port, "x") for port in range(1, MAX_REMEMBERED + 2)]
    for target in many:
        targets.mark_bad(target)
    assert targets.order(many)[0] == many[0]  # the oldest mark made room
    assert targets.order([many[-1], C]) == [C, many[-1]]
