"""What the echo canceller of one line costs: CPU of 20 ms of speech, for every tail, both ends of the call talking."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np

from firmware.media._engine import ffi, lib
from tests.bench.figures import Plan, Row, repeat
from tests.firmware_media.echo_paths import BLOCK, hybrid, speech

SECONDS = 10


def echo_rows(_: Path, plan: Plan) -> list[Row]:
    """us of CPU per line and 20 ms, of this thread."""
    return [Row(f"echo canceller of {ms} ms, CPU of 20 ms", "us", figures(ms, plan)) for ms in (32, 64, 128)]


def figures(tail_ms: int, plan: Plan) -> tuple[float, ...]:
    seconds = plan.count(SECONDS)
    far = speech(1, seconds)
    line = np.convolve(far, hybrid(1, 8, 10))[: len(far)] + speech(2, seconds, "es", -30)
    blocks = [
        (ffi.new(f"int16_t[{BLOCK}]", near.tolist()), ffi.new(f"int16_t[{BLOCK}]", sent.tolist()))
        for near, sent in zip(whole_blocks(line), whole_blocks(far), strict=True)
    ]
    return repeat(plan.runs, partial(one_run, tail_ms, blocks))


def whole_blocks(signal: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(signal), -32768, 32767).astype(np.int16).reshape(-1, BLOCK))


def one_run(tail_ms: int, blocks: list[tuple[object, object]]) -> float:
    echo, block = lib.echo_new(tail_ms), ffi.new(f"int16_t[{BLOCK}]")
    spent_ns = 0
    for near, sent in blocks:
        ffi.memmove(block, near, 2 * BLOCK)
        began = time.thread_time_ns()
        lib.echo_cancel(echo, block)
        lib.echo_sent(echo, sent)
        spent_ns += time.thread_time_ns() - began
    lib.echo_free(echo)
    return spent_ns / 1000 / (len(blocks) / 4)
