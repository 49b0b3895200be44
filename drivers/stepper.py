"""Stepped mode: one C call moves board, scanner and engine on together, without threads.

Tests and simulations use it: step, drain events, let the loop run until idle, again. The members are
addresses, so this file knows none of them (`native/stepper.h`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers._native import ffi, lib

_US_PER_MS = 1000

Member = tuple[int, int] | tuple[int, int, int]
"""Address of `void step(void *ctx, long long now_us)`, address of ctx, and every how many ms (1 when left out)."""


class Stepper:
    """Steps its members in the order given, the board first.

    clock_us: the board's time (`Bus.now_us`). Commands between two steps take board time too, set-up
    takes seconds of it: steps go on from there.
    """

    def __init__(self, members: Sequence[Member], clock_us: Callable[[], int]) -> None:
        self._members = ffi.new("struct stepper_member[]", len(members))
        self._clock_us = clock_us
        self.now_us = clock_us()
        """Board time that the members were last stepped to."""
        for native, (step, context, *period) in zip(self._members, members, strict=True):
            native.step = ffi.cast("void (*)(void *, long long)", step)
            native.ctx = ffi.cast("void *", context)
            native.period_us = (period[0] if period else 1) * _US_PER_MS

    def step_ms(self, ms: int) -> None:
        """Move everything on by ms milliseconds, 1 ms at a time. The GIL is free meanwhile."""
        board_us = self._clock_us()
        # The scanner's own polls put the board ahead by less than a step; that is no time to skip.
        if board_us - self.now_us >= _US_PER_MS:
            self.now_us = board_us
        lib.stepper_run(self._members, len(self._members), self.now_us, ms)
        self.now_us += ms * _US_PER_MS
