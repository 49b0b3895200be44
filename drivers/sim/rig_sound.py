"""What verbs of the rig share: checked arguments, and a recording made in real time.

`rig_verbs.py` (telephones, the board) and `rig_exchange.py` (exchange lines) are the verbs.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from drivers.sim.phone import RATE_HZ, Phone
from drivers.sim.recording import write_wav
from drivers.sim.rig_protocol import RigError

LONGEST_RECORDING_S = 3600.0
POLL_S = 0.01


def number(name: str, value: object, low: float, high: float, unit: str) -> None:
    """Raises RigError unless value is a number from low to high."""
    if not isinstance(value, int | float) or not low <= value <= high:
        raise RigError(f"{name} is {value!r}, allowed {low:g} to {high:g} {unit}")


def absolute(file: object) -> Path:
    """The path of a file. Raises RigError for a relative one."""
    path = Path(str(file))
    if not path.is_absolute():
        raise RigError(f"{path} is relative, give the whole path: the board runs in another folder than you")
    return path


async def record(ear: Phone, seconds: float, file: object) -> dict[str, object]:
    """Record what arrives at that ear from now on; answers when the WAV is written."""
    number("seconds", seconds, 0.01, LONGEST_RECORDING_S, "s")
    path = absolute(file)
    first = ear.frame
    wanted = round(seconds * RATE_HZ)
    parts: list[NDArray[np.int16]] = []
    heard = 0
    while heard < wanted:
        await asyncio.sleep(min(1.0, (wanted - heard) / RATE_HZ + POLL_S))
        parts.append(ear.heard_since(first + heard)[: wanted - heard])
        heard += parts[-1].size
    write_wav(path, np.concatenate(parts))
    return {"seconds": wanted / RATE_HZ, "file": str(path)}
