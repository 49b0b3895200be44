"""The simulated board's look at a board file: only what a soldering iron would see.

`boards/description.py` checks the same file for the driver's side.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.sim.rig_protocol import RigError

BOARDS_FOLDER = Path(__file__).resolve().parents[2] / "boards"
CHIPS = {"si3210": 3210, "si3215": 3215, "si3050": 3050}


@dataclass(frozen=True, slots=True)
class SimPort:
    """One [[port]] of the board file, as far as hardware goes."""

    name: str
    chip: str
    cs: int
    slot: int


def read_ports(board_file: str | os.PathLike[str]) -> list[SimPort]:
    """The ports of a board file. Raises RigError with what is wrong and what is allowed."""
    path, table = _read(board_file)
    entries = table.get("port", [])
    if not isinstance(entries, list) or not entries:
        raise RigError(f"{path} has no [[port]] table, allowed is one for each line")
    return [_read_port(path, number, entry) for number, entry in enumerate(entries, 1)]


def read_lifeline(board_file: str | os.PathLike[str]) -> tuple[str, str] | None:
    """Telephone port and exchange line of the lifeline's relay; None without one. Raises RigError likewise."""
    _path, table = _read(board_file)
    relay = table.get("lifeline")
    return (str(relay.get("telephone")), str(relay.get("line"))) if isinstance(relay, dict) else None


def _read(board_file: str | os.PathLike[str]) -> tuple[Path, dict[str, Any]]:
    named = os.fspath(board_file)
    path = Path(named) if named.endswith(".toml") else BOARDS_FOLDER / f"{named}.toml"
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RigError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RigError(f"{path} is no TOML file: {error}") from error


def _read_port(path: Path, number: int, entry: dict[str, Any]) -> SimPort:
    where = f"{path}: port[{number}]"
    for key, kind in (("name", str), ("chip", str), ("cs", int), ("slot", int)):
        if not isinstance(entry.get(key), kind):
            raise RigError(f"{where}.{key} is {entry.get(key)!r}, allowed is {'a text' if kind is str else 'a number'}")
    if entry["chip"] not in CHIPS:
        raise RigError(f"{where}.chip is {entry['chip']!r}, simulated are {', '.join(CHIPS)}")
    return SimPort(entry["name"], entry["chip"], entry["cs"], entry["slot"])
