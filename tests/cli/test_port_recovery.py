"""When a failed port is tried again: soon, but after a power alarm only when it has cooled down."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import Trouble
from firmware.port_recovery import COOL_DOWN_MOST_S, COOL_DOWN_S, FORGIVEN_S, PortRecovery

LOOK_S = 1


@dataclass
class Port:
    name: str = "fxs1"
    in_service: bool = False
    trouble: Trouble = Trouble.SILENT


def tries(rules: PortRecovery, port: Port, begin_s: float, end_s: float) -> list[float]:
    """When it is tried, looked at every LOOK_S."""
    return [at for at in range(round(begin_s), round(end_s)) if rules.due(port, at)]


def test_most_troubles_are_tried_at_every_look() -> None:
    for trouble in set(Trouble) - {Trouble.POWER}:
        assert tries(PortRecovery(), Port(trouble=trouble), 100, 104) == [100, 101, 102, 103]


def test_a_port_in_service_is_left_alone() -> None:
    assert tries(PortRecovery(), Port(in_service=True), 0, 100) == []


def test_power_alarms_cool_down_twice_as_long_each_time_up_to_a_limit() -> None:
    when = tries(PortRecovery(), Port(trouble=Trouble.POWER), 0, 1000)
    gaps = [b - a for a, b in zip([0.0, *[at + LOOK_S for at in when]], when, strict=False)]
    assert gaps[:6] == [COOL_DOWN_S, 20, 40, 80, 160, COOL_DOWN_MOST_S]


def test_an_alarm_soon_after_a_recovery_is_no_new_beginning_and_one_long_after_is() -> None:
    for served_s, wait_s in ((FORGIVEN_S - 10, 2 * COOL_DOWN_S), (FORGIVEN_S + 10, COOL_DOWN_S)):
        rules, port = PortRecovery(), Port(trouble=Trouble.POWER)
        assert tries(rules, port, 0, 11) == [10]
        port.in_service = True
        end_s = 11 + served_s
        assert tries(rules, port, 11, end_s) == []
        port.in_service = False
        assert tries(rules, port, end_s, end_s + wait_s + 1) == [end_s + wait_s]


def test_ports_do_not_wait_for_each_other() -> None:
    rules = PortRecovery()
    hot, silent = Port("fxs1", trouble=Trouble.POWER), Port("fxs2")
    assert not rules.due(hot, 0) and rules.due(silent, 0)
    assert rules.due(silent, 2) and not rules.due(hot, 2)
    assert rules.due(hot, COOL_DOWN_S)
