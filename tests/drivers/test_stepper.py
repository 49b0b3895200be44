"""One call steps every member in order, each at its own period, from where the board's clock is."""

from __future__ import annotations

from drivers._native import ffi
from drivers.stepper import Stepper


def test_members_step_in_order_and_period() -> None:
    seen: list[tuple[str, int]] = []
    form = "void(void *, long long)"
    board = ffi.callback(form, lambda _ctx, now_us: seen.append(("board", now_us)))
    engine = ffi.callback(form, lambda _ctx, now_us: seen.append(("engine", now_us)))

    def address(function: object) -> int:
        return int(ffi.cast("uintptr_t", function))

    clock = [500]
    stepper = Stepper([(address(board), 0), (address(engine), 0, 5)], lambda: clock[0])
    stepper.step_ms(7)
    assert [now for name, now in seen if name == "board"] == [500 + ms * 1000 for ms in range(1, 8)]
    assert [now for name, now in seen if name == "engine"] == [1500, 5500]
    assert seen[:2] == [("board", 1500), ("engine", 1500)]
    seen.clear()
    clock[0] = 7900  # polls put the board ahead by less than a step
    stepper.step_ms(1)
    assert seen == [("board", 8500)]
    seen.clear()
    clock[0] = 2_000_000  # set-up took board time
    stepper.step_ms(1)
    assert seen == [("board", 2_001_000), ("engine", 2_001_000)]
    assert stepper.now_us == 2_001_000
