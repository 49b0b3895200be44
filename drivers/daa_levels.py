"""From an exchange line's profile to register values of the Si3050: termination by country, gains in tenths of a dB.

Figures: DAA sheet, sections 4.2, 4.3 and 10. The rows: `daa_countries.toml`. Who writes the values: `daa_setup.py`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from drivers.daa_registers import FULL_SCALE, HYBRID_TAPS
from drivers.exchange_port import ExchangeLineProfile

_FILE = Path(__file__).with_name("daa_countries.toml")
GAIN_RANGE_DB = (-15.0, 12.0)
_FULL_SCALE_DBM0 = 3.14
"""A full-scale sine of A-law."""
_FULL_LINE_DBM = {False: 0.0, True: 3.2}
"""Full scale on the line, normal and with FULL=1."""
_RECEIVE_DB = -0.9
"""A full-scale line signal appears on DTX so far below digital full scale."""
_HIGH_VOLTAGE_LOWEST_CURRENT = 0xC0
"""DCV=11, MINI=00: what FULL wants of register 26."""
_HYBRIDS: dict[int, tuple[int, ...]] = {
    0x0: (0, 254, 0, 1, 255, 1, 0, 0),
    0x2: (4, 246, 242, 4, 254, 255, 1, 255),
    0x3: (4, 244, 241, 6, 253, 255, 2, 255),
    0xA: (4, 245, 243, 7, 253, 0, 1, 255),
}
"""HYB1 to HYB8 by ACIM code (section 4.3); other terminations do without."""


@dataclass(frozen=True, slots=True)
class DaaCodes:
    """Values for registers 16, 26, 30, 31, 59, 23, the four gains and the hybrid's eight taps."""

    international1: int
    dc: int
    ac: int
    control5: int
    spark: int
    ring2: int
    tx_gain: int
    tx_fine: int
    rx_gain: int
    rx_fine: int
    hybrid: tuple[int, ...]


def terminations(source: str) -> dict[str, tuple[int, ...]]:
    """The rows of a list by country: registers 16, 26, 30, 31, 59, 23. Raises ValueError."""
    lists = _lists()
    if source not in lists:
        raise ValueError(f"no list of terminations is called {source!r}, allowed are {', '.join(lists)}")
    return lists[source]


def daa_codes(profile: ExchangeLineProfile) -> DaaCodes:
    """Raises ValueError naming what is not allowed."""
    rows = terminations(profile.source)
    if profile.termination not in rows:
        raise ValueError(f"no termination {profile.termination!r} in {profile.source}, allowed are {', '.join(rows)}")
    international1, dc, ac, control5, spark, ring2 = rows[profile.termination]
    full = dc & 0xF0 == _HIGH_VOLTAGE_LOWEST_CURRENT
    to_digital_db = _FULL_SCALE_DBM0 + _RECEIVE_DB - _FULL_LINE_DBM[full]
    to_line_db = _FULL_LINE_DBM[full] - _FULL_SCALE_DBM0
    tx = gain_codes("to_line_db", profile.to_line_db, -to_line_db)
    rx = gain_codes("into_call_db", profile.into_call_db, -to_digital_db)
    control5 |= FULL_SCALE if full else 0
    hybrid = _HYBRIDS.get(ac, (0,) * HYBRID_TAPS)
    return DaaCodes(international1, dc, ac, control5, spark, ring2, *tx, *rx, hybrid)


def gain_codes(name: str, wanted_db: float, correction_db: float) -> tuple[int, int]:
    """(coarse, fine) for registers 38 and 40 or 39 and 41: steps of 1 and 0.1 dB, bit 4 attenuates."""
    tenths = round((wanted_db + correction_db) * 10)
    low, high = GAIN_RANGE_DB
    if not low * 10 <= tenths <= high * 10:
        raise ValueError(
            f"{name} is {wanted_db:g} dB, allowed {low - correction_db:.1f} to {high - correction_db:.1f} dB"
        )
    sign = 0x10 if tenths < 0 else 0
    coarse, fine = divmod(abs(tenths), 10)
    return (sign | coarse if coarse else 0), (sign | fine if fine else 0)


@cache
def _lists() -> dict[str, dict[str, tuple[int, ...]]]:
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {source: {name: tuple(row) for name, row in rows.items()} for source, rows in table.items()}
