"""Volts, hertz, decibels and ohms of a line profile -> register values of the Si321x.

Pure arithmetic, no chip. Formulas and tables are those of the chip sheet, sections 4, 6, 9
and 12; the tests hold them against the sheet's own table rows. `slic_setup.py` writes the
result, `ports.LineProfile` is where the wishes come from.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

from drivers.ports import LineProfile
from drivers.slic_registers import FEED_STEP_V, Family

log = logging.getLogger(__name__)

RING_HEADROOM_V = 7.5
"""VOVR: the converter must stand this far above the ringing peak (section 9, safe up to 87 V peak and 5 REN)."""
BATTERY_CODE_MAX = 0x3F
BATTERY_CODE_MIN = 0x32
"""75 V, the reset value: on-hook feed wants VCM 6 + VOC 48 + VOV 9 = 63 V (section 7)."""
RING_PEAK_MAX_V = BATTERY_CODE_MAX * FEED_STEP_V - RING_HEADROOM_V
"""87 V peak, 61.5 V rms: the most a Si321x with its own converter rings without clipping."""
RING_SOURCE_OHM = 160.0
"""Feed resistance, which ringing passes too (section 7 gives it for the direct current)."""
ONE_REN_OHM = 7000.0
SINE_CREST = math.sqrt(2.0)

TRIP_CURRENT_MA = 34.3
"""RPTP 0x3600 of section 9: above the 31.8 mA mean that 70 V peak drive into 5 REN (1.4 kilohm)."""
TRIP_CURRENT_PEAK_V = 70.0
TRIP_CURRENT_REN = 5.0
THRESHOLD_STEP_MA = 1.27
THRESHOLD_SHIFT = 9
THRESHOLD_CODE_MAX = 0x3F

LAMP_V = 79.5
"""Of 94.5 V at most, 6 V stand below the tip and 9 V above the battery's need; neon strikes at 65 to 80 V [M]."""
LAMP_BELOW_RINGING_V = 3.0

GAIN_UNITY = 0x400
GAIN_CODE_MAX = 0x7FF
GAIN_SHIFT = 4

CURRENT_LIMIT_BASE_MA = 20
CURRENT_LIMIT_STEP_MA = 3
CURRENT_LIMIT_CODE_MAX = 7

IMPEDANCE_ENABLE = 0x08
TBR21 = "tbr21"

_TISS_BOTH = {
    "600": 0,
    "900": 1,
    TBR21: 4,
    "270+750||150n": 4,
    "220+820||120n": 5,
    "220+820||115n": 6,
}
_TISS = {
    Family.SI3210: _TISS_BOTH | {"600+2.16u": 2, "900+2.16u": 3, "370+620||310n": 7},
    # Codes 2 and 3 of the Si3215 need parts outside the chip that no supported board has.
    Family.SI3215: _TISS_BOTH | {"200+680||100n": 7},
}
_NEAREST = {
    # Networks without a code of their own; section 12 names 4 (or 7) for the United Kingdom.
    "320+1050||230n": TBR21,
    "370+620||310n": TBR21,
    "200+680||100n": "220+820||115n",
    "600+2.16u": "600",
    "600+1u": "600",
    "900+2.16u": "900",
}

RING_TRIP_ROWS: tuple[tuple[float, int, int], ...] = (
    (16.667, 0x0200, 0x0F),
    (20.0, 0x0320, 0x0B),
    (30.0, 0x0380, 0x09),
    (40.0, 0x0400, 0x07),
    (50.0, 0x06A8, 0x05),
    (60.0, 0x0800, 0x05),
)
"""Ring frequency in Hz, low-pass NRTP, debounce RTDI (section 9)."""


@dataclass(frozen=True, slots=True)
class LineCodes:
    """What a line profile becomes: register values, ready to write."""

    ring_frequency: int
    ring_amplitude: int
    battery_high: int
    ring_trip_threshold: int
    ring_trip_filter: int
    ring_trip_debounce: int
    impedance: int
    current_limit: int
    lamp_voltage: int
    transmit_gain: int
    receive_gain: int
    pcm_format: int


def line_codes(profile: LineProfile, family: Family) -> LineCodes:
    """Turn a profile into register values for a chip of `family`.

    Raises ValueError, a plain sentence, when the chip cannot do what the profile asks
    (impedance or law unknown, ring frequency outside 16 to 60 Hz).
    """
    peak_v = ring_peak_v(profile.ring_v_rms)
    trip_filter, trip_debounce = ring_trip_filter(profile.ring_hz)
    return LineCodes(
        ring_frequency=ring_frequency(profile.ring_hz),
        ring_amplitude=ring_amplitude(profile.ring_hz, peak_v),
        battery_high=battery_code(peak_v),
        ring_trip_threshold=ring_trip_threshold(peak_v, profile.most_ren),
        ring_trip_filter=trip_filter,
        ring_trip_debounce=trip_debounce,
        impedance=impedance_code(profile.impedance, family),
        current_limit=current_limit_code(profile.loop_ma),
        lamp_voltage=lamp_code(peak_v),
        transmit_gain=gain_code(profile.tx_gain_db),
        receive_gain=gain_code(profile.rx_gain_db),
        pcm_format=pcm_format(profile.law),
    )


def ring_peak_v(ring_v_rms: float) -> float:
    """Peak at the chip for so many V rms at the port into 1 REN; at most RING_PEAK_MAX_V."""
    wanted_v = ring_v_rms * SINE_CREST * (1.0 + RING_SOURCE_OHM / ONE_REN_OHM)
    return min(wanted_v, RING_PEAK_MAX_V)


def ring_ceiling_v_rms() -> float:
    """The most V rms at the port into 1 REN that `ring_peak_v` does not cut."""
    return RING_PEAK_MAX_V / SINE_CREST / (1.0 + RING_SOURCE_OHM / ONE_REN_OHM)


def ring_frequency(ring_hz: float) -> int:
    """RCO: cosine of the angle a 1 kHz clock turns in one step, times 2^15, truncated."""
    if not 16.0 <= ring_hz <= 60.0:
        raise ValueError(f"ring frequency {ring_hz:g} Hz is not possible, allowed 16 to 60 Hz")
    return int(_ring_cosine(ring_hz) * 32768)


def ring_amplitude(ring_hz: float, peak_v: float) -> int:
    """RNGX: start value of the resonator that swings to peak_v (96 V is full scale), rounded."""
    cosine = _ring_cosine(ring_hz)
    return round(0.25 * math.sqrt((1 - cosine) / (1 + cosine)) * 32768 * peak_v / 96.0)


def _ring_cosine(ring_hz: float) -> float:
    return math.cos(2 * math.pi * ring_hz / 1000.0)


def battery_code(peak_v: float) -> int:
    """VBATH code (1.5 V a step) that leaves the headroom above the ringing peak."""
    code = math.ceil((peak_v + RING_HEADROOM_V) / FEED_STEP_V - 1e-9)
    return min(max(code, BATTERY_CODE_MIN), BATTERY_CODE_MAX)


def ring_trip_threshold(peak_v: float, most_ren: float = TRIP_CURRENT_REN) -> int:
    """RPTP. The sheet's 34.3 mA belongs to 70 V peak into 5 REN; stronger ringing needs more, fewer ringers less."""
    return threshold_code(TRIP_CURRENT_MA * max(1.0, peak_v / TRIP_CURRENT_PEAK_V) * most_ren / TRIP_CURRENT_REN)


def threshold_code(current_ma: float) -> int:
    """LCRT, LCRTL and RPTP: 6-bit field in bits 14:9, 1.27 mA a step, 0 to 80 mA."""
    code = round(current_ma / THRESHOLD_STEP_MA)
    return min(max(code, 0), THRESHOLD_CODE_MAX) << THRESHOLD_SHIFT


def ring_trip_filter(ring_hz: float) -> tuple[int, int]:
    """(NRTP, RTDI) of the row at or below this frequency: the slower filter never trips by itself."""
    best = RING_TRIP_ROWS[0]
    for row in RING_TRIP_ROWS:
        if row[0] <= ring_hz:
            best = row
    return best[1], best[2]


def impedance_code(impedance: str, family: Family) -> int:
    """DR10 for a network's name: TISE and the TISS code of this family (section 12)."""
    codes = _TISS[family]
    if impedance in codes:
        return IMPEDANCE_ENABLE | codes[impedance]
    nearest = _NEAREST.get(impedance)
    if nearest is None:
        raise ValueError(f"impedance {impedance} is unknown, allowed {', '.join(sorted({*codes, *_NEAREST}))}")
    log.info("%s has no code for impedance %s, uses %s", family.value, impedance, nearest)
    return IMPEDANCE_ENABLE | codes[nearest]


def lamp_code(peak_v: float) -> int:
    """VOC that lights a neon lamp: as high as the battery allows, and below the ringing peak, which must exceed it."""
    return int(min(LAMP_V, peak_v - LAMP_BELOW_RINGING_V) / FEED_STEP_V)


def current_limit_code(loop_ma: int) -> int:
    """ILIM: 20 mA plus 3 mA a step up to 41 mA; never more than asked, never less than 20 mA."""
    code = (loop_ma - CURRENT_LIMIT_BASE_MA) // CURRENT_LIMIT_STEP_MA
    return min(max(code, 0), CURRENT_LIMIT_CODE_MAX)


def gain_code(gain_db: float) -> int:
    """DACG and ADCG: linear, 0x4000 is 0 dB, +6 dB at most."""
    return min(round(GAIN_UNITY * 10 ** (gain_db / 20.0)), GAIN_CODE_MAX) << GAIN_SHIFT


def pcm_format(law: str) -> int:
    """DR1 without the enable bit: A-law or u-law, 8 bits, one bit clock a bit."""
    formats = {"alaw": 0x00, "ulaw": 0x08}
    if law not in formats:
        raise ValueError(f"companding law {law} is unknown, allowed alaw or ulaw")
    return formats[law]
