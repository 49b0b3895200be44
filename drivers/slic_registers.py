"""Register map of the Si3210 and Si3215 families: names, fields, numbering, start values.

Nothing here talks to a chip. Section numbers mean the chip sheet the project keeps
(its sources: the public Si3215 and Si3230 data sheets and published drivers). The two families have
the same direct registers but number their indirect registers differently, so an indirect
register is an object that knows both numbers. Start-up in order: `slic_setup.py`; values
computed from a line profile: `slic_levels.py`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Direct(enum.IntEnum):
    """Direct registers (section 4). A comment names the fields this driver uses."""

    SPI_MODE = 0  # 5:4 part, 3:0 revision
    PCM_MODE = 1  # 7 family (1 = Si3215), 5 enable, 4:3 format
    TX_SLOT_LOW = 2
    TX_SLOT_HIGH = 3
    RX_SLOT_LOW = 4
    RX_SLOT_HIGH = 5
    PART_NUMBER = 6  # 7:5, Si3215 family only
    LOOPBACK = 8
    AUDIO_GAIN = 9
    IMPEDANCE = 10  # 3 TISE, 2:0 TISS
    HYBRID = 11
    POWER_DOWN_1 = 14
    POWER_DOWN_2 = 15
    INTERRUPT_1 = 18  # timers
    INTERRUPT_2 = 19  # 7:2 power alarm Q6 to Q1, 1 loop closure, 0 ring trip
    INTERRUPT_3 = 20  # 2 hook moved during balance calibration, 1 indirect access done
    ENABLE_1 = 21
    ENABLE_2 = 22
    ENABLE_3 = 23
    INDIRECT_LOW = 28
    INDIRECT_HIGH = 29
    INDIRECT_ADDRESS = 30
    INDIRECT_BUSY = 31
    TONE_1 = 32
    TONE_2 = 33
    RING_OSCILLATOR = 34  # 4:3 hardware cadence, 1 offset, 0 trapezoid; 0 = cadence by the host
    METERING = 35  # Si3210 only, as 44 and 45; 4 active timer on, 2 generator on
    METER_ACTIVE_LOW = 44  # 125 us a step
    METER_ACTIVE_HIGH = 45
    LINEFEED = 64  # 6:4 actual state, 2:0 wanted state
    BIAS = 65
    BATTERY_FEED = 66
    AUTOMATIC = 67
    LOOP_STATUS = 68  # 1 ring trip, 0 loop closed
    LOOP_DEBOUNCE = 69  # 1.25 ms a step
    RING_TRIP_DEBOUNCE = 70  # 1.25 ms a step
    LOOP_CURRENT_LIMIT = 71
    ON_HOOK_VOLTAGE = 72
    COMMON_MODE_VOLTAGE = 73
    BATTERY_HIGH = 74
    BATTERY_LOW = 75
    LOOP_VOLTAGE = 78  # 6 sign, 5:0 1.5 V a step
    LOOP_CURRENT = 79  # 6 sign, 5:0 1.25 mA a step
    TIP_VOLTAGE = 80  # 0.376 V a step below ground, as 81 and 82
    RING_VOLTAGE = 81
    BATTERY_SENSE = 82
    TIP_TRANSISTOR = 88  # Q5; reads 0 when the manual gain search is done
    RING_TRANSISTOR = 89  # Q6
    CONVERTER_PERIOD = 92
    CONVERTER_DELAY = 93  # 7 calibration start and busy
    CALIBRATION_1 = 96  # 6 start and busy
    CALIBRATION_2 = 97  # 0 common-mode balance
    RING_GAIN = 98
    TIP_GAIN = 99
    BALANCE = 106  # Si3210 family only
    CONVERTER_PEAK = 107
    ENHANCEMENTS = 108


class Linefeed(enum.IntEnum):
    """States of DR64 (section 7)."""

    OPEN = 0
    FORWARD_ACTIVE = 1
    FORWARD_ON_HOOK_TRANSMISSION = 2
    TIP_OPEN = 3
    RINGING = 4
    REVERSE_ACTIVE = 5
    REVERSE_ON_HOOK_TRANSMISSION = 6
    RING_OPEN = 7


class Family(enum.Enum):
    """Which numbering and which abilities; the value is the chip's name in a board file."""

    SI3210 = "si3210"
    SI3215 = "si3215"


@dataclass(frozen=True, slots=True)
class Indirect:
    """An indirect register: its number in each family (None: does not exist there) and start value.

    `ours` says that `slic_levels.py` computes the value from the line profile instead.
    """

    name: str
    si3210: int
    si3215: int | None
    start: int
    ours: bool = False

    def number(self, family: Family) -> int | None:
        """The address to write to DR30 on a chip of this family."""
        return self.si3210 if family is Family.SI3210 else self.si3215


RING_OFFSET = Indirect("ROFF", 19, 6, 0x0000)
RING_FREQUENCY = Indirect("RCO", 20, 7, 0x7EFD, ours=True)
RING_AMPLITUDE = Indirect("RNGX", 21, 8, 0x0177, ours=True)
RING_PHASE = Indirect("RNGY", 22, 9, 0x0000)
RECEIVE_GAIN = Indirect("DACG", 26, 13, 0x4000, ours=True)
TRANSMIT_GAIN = Indirect("ADCG", 27, 14, 0x4000, ours=True)
LOOP_CLOSE_THRESHOLD = Indirect("LCRT", 28, 15, 0x1000)  # 10.16 mA
RING_TRIP_THRESHOLD = Indirect("RPTP", 29, 16, 0x3600, ours=True)
LOOP_FILTER = Indirect("NCLR", 35, 22, 0x8000)  # 0x8000: no filter, the debounce does the work
RING_TRIP_FILTER = Indirect("NRTP", 36, 23, 0x0320, ours=True)
LOOP_OPEN_THRESHOLD = Indirect("LCRTL", 43, 66, 0x0E00)  # 8.89 mA, used because HYSTEN is set

INDIRECTS: tuple[Indirect, ...] = (
    # The DTMF decoder of the Si3210 is not used, but its registers wake up undefined (section 3).
    Indirect("DTMF row 0", 0, None, 0x55C2),
    Indirect("DTMF row 1", 1, None, 0x51E6),
    Indirect("DTMF row 2", 2, None, 0x4B85),
    Indirect("DTMF row 3", 3, None, 0x4937),
    Indirect("DTMF column", 4, None, 0x3333),
    Indirect("DTMF forward twist", 5, None, 0x0202),
    Indirect("DTMF reverse twist", 6, None, 0x0202),
    Indirect("DTMF row relative", 7, None, 0x0198),
    Indirect("DTMF column relative", 8, None, 0x0198),
    Indirect("DTMF row harmonic", 9, None, 0x0611),
    Indirect("DTMF column harmonic", 10, None, 0x0202),
    Indirect("DTMF minimum power", 11, None, 0x00E5),
    Indirect("DTMF hot limit", 12, None, 0x0A1C),
    Indirect("OSC1", 13, 0, 0x7B30),
    Indirect("OSC1X", 14, 1, 0x0063),
    Indirect("OSC1Y", 15, 2, 0x0000),
    Indirect("OSC2", 16, 3, 0x7870),
    Indirect("OSC2X", 17, 4, 0x007D),
    Indirect("OSC2Y", 18, 5, 0x0000),
    RING_OFFSET,
    RING_FREQUENCY,
    RING_AMPLITUDE,
    RING_PHASE,
    Indirect("PLSD", 23, None, 0x2000),
    Indirect("PLSX", 24, None, 0x2000),
    Indirect("PLSCO", 25, None, 0x0000),
    RECEIVE_GAIN,
    TRANSMIT_GAIN,
    LOOP_CLOSE_THRESHOLD,
    RING_TRIP_THRESHOLD,
    Indirect("CML", 30, 17, 0x1000),
    Indirect("CMH", 31, 18, 0x0200),
    Indirect("PPT12", 32, 19, 0x07C0),
    Indirect("PPT34", 33, 20, 0x2600),
    Indirect("PPT56", 34, 21, 0x1B80),
    LOOP_FILTER,
    RING_TRIP_FILTER,
    Indirect("NQ12", 37, 24, 0x008C),
    Indirect("NQ34", 38, 25, 0x0100),
    Indirect("NQ56", 39, 26, 0x0010),
    Indirect("VCMR", 40, 27, 0x0C00),  # the sheets disagree (section 18); only the ringing common mode moves
    Indirect("VMIND", 41, 64, 0x0C00),
    Indirect("reserved 42", 42, None, 0x1000),
    LOOP_OPEN_THRESHOLD,
)
"""Every indirect register written at start, in the order of the Si3210 numbers (section 6)."""

FILTERS = ("NCLR", "NRTP", "NQ12", "NQ34", "NQ56")
FILTER_OPEN = 0x8000
"""Filters stand open during calibration so that they settle at once (section 5, steps 3 and 14)."""

ACCUMULATORS: tuple[int, ...] = (*range(88, 96), 97, *range(193, 212))
"""Energy accumulators and scratch words, set to 0 after calibration (sections 5 and 6, step 13)."""

CALIBRATION_FIRST = int(Direct.CALIBRATION_1)
CALIBRATION_LAST = int(Direct.CONVERTER_PEAK)
CALIBRATION_OCTETS = CALIBRATION_LAST - CALIBRATION_FIRST + 1
"""DR96 to DR107: the calibration vector (section 5, step 15)."""

ALARM_BITS = 0xFC
"""Power alarms Q6 to Q1 in DR19 and DR22."""
LOOP_CHANGE_BIT = 0x02
RING_TRIP_BIT = 0x01
BALANCE_DISTURBED_BIT = 0x04
"""CMCP in DR20: the hook moved while the balance calibration ran (Si3210 family)."""

LOOP_VOLT_STEP_V = 1.5
LOOP_CURRENT_STEP_MA = 1.25
SENSE_STEP_V = 0.376
FEED_STEP_V = 1.5
"""DR72 to DR75."""
SIGN_BIT = 0x40
MAGNITUDE_BITS = 0x3F
