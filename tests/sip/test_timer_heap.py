"""One alarm for many timers: order, cancelling, and a heap that stays small."""

from __future__ import annotations

import asyncio
import random

from firmware.sip.transactions.timer_heap import TimerHeap
from tests.fake_time import run


def test_timers_fire_in_order_whatever_the_order_they_were_set_in() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        heap, fired = TimerHeap(loop), []
        began = loop.time()
        dice = random.Random(1)
        delays = [dice.uniform(0, 50) for _ in range(500)]
        timers = {delay: heap.after(delay, lambda d: fired.append((d, loop.time() - began)), delay) for delay in delays}
        dropped = set(dice.sample(delays, 250))
        for delay in dropped:
            timers[delay].cancel()
            timers[delay].cancel()
        assert len(heap) == 250
        await asyncio.sleep(51)
        assert [delay for delay, _ in fired] == sorted(set(delays) - dropped)
        assert all(abs(delay - at) < 0.001 for delay, at in fired)
        assert len(heap) == heap.size == 0

    run(main())


def test_a_callback_may_set_and_cancel_timers() -> None:
    async def main() -> None:
        heap, fired = TimerHeap(asyncio.get_running_loop()), []
        late = heap.after(2.0, fired.append, "late")
        heap.after(3.0, fired.append, "end")

        def first() -> None:
            late.cancel()
            heap.after(31.0, fired.append, "far")
            heap.after(0.0, fired.append, "at once")

        heap.after(1.0, first)
        await asyncio.sleep(40)
        assert fired == ["at once", "end", "far"]

    run(main())


def test_cancelled_timers_do_not_pile_up() -> None:
    async def main() -> None:
        heap = TimerHeap(asyncio.get_running_loop())
        keep = [heap.after(32.0, print) for _ in range(100)]
        for _ in range(20000):
            heap.after(32.0, print).cancel()
        assert heap.size <= 2 * len(keep) + 258
        for timer in keep:
            timer.cancel()
        assert heap.size == 0

    run(main())
