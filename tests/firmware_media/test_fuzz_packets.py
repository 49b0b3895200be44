"""Living calls under packets that are mostly one field away from right ones: RTP, events, comfort noise, RTCP.

A C program (`native/fuzz_packets.c`) under the address and undefined-behaviour sanitizers, seeded and bound by a count,
so that it does the same everywhere: two processes beside each other, some two minutes of processor in all. `make soak`
does ten times as much.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.firmware_media.test_media_sanitized import build

PACKETS = 12_000_000 if os.environ.get("TIPRING_SOAK") else 1_200_000
SEEDS = (1, 2)


@pytest.mark.timeout(3600)
def test_no_packet_reads_astray_or_ends_a_call(tmp_path: Path) -> None:
    parts = [str(Path(__file__).parent / "native" / part) for part in ("fuzz_made.c", "fuzz_judge.c")]
    program = build(tmp_path, "fuzz_packets", "address,undefined", *parts)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen([program, str(seed), str(PACKETS)], **pipes) for seed in SEEDS]
    for process in running:
        out, wrong = process.communicate()
        assert process.returncode == 0, wrong[-3000:]
        sent, reports, told, digits = (int(number) for number in re.findall(r"\d+", out))
        assert sent > PACKETS / 2 and reports > PACKETS / 500 and told > PACKETS / 100 and digits > PACKETS / 200
