"""Registers and constants of the Si3050 by their names in the DAA sheet, whose section numbers stand here.

What the driver does with them: `daa_chip.py`, `daa_setup.py`, `daa.py`; in C `native/daa_watch.c`.
"""

from __future__ import annotations

import enum


class Reg(enum.IntEnum):
    """Section 2."""

    CONTROL_1 = 1
    CONTROL_2 = 2
    INTERRUPT_MASK = 3
    INTERRUPT_SOURCE = 4
    HOOK = 5
    POWER = 6
    REVISION = 11
    LINE_STATUS = 12
    LINE_REVISION = 13
    MUTE = 15
    INTERNATIONAL_1 = 16
    INTERNATIONAL_2 = 17
    INTERNATIONAL_3 = 18
    RING_1 = 22
    RING_2 = 23
    RING_3 = 24
    RESISTOR = 25
    DC = 26
    CURRENT = 28
    VOLTAGE = 29
    AC = 30
    CONTROL_5 = 31
    PCM = 33
    TX_START = 34
    RX_START = 36
    TX_GAIN = 38
    RX_GAIN = 39
    TX_GAIN_FINE = 40
    RX_GAIN_FINE = 41
    HYBRID = 45
    SPARK = 59


SOFT_RESET = 0x80
PRESENT = 0x03
"""Register 2 after a reset (section 1)."""
WATCHDOG = 0x10
"""WDTEN: four seconds without an access release the line; only a hardware reset clears it."""
LINE_SIDE_DOWN = 0x10
LINE_SIDE_UP = 0x00
LINKED = 0x40
"""FDT of register 12."""
ON_HOOK = 0x08
"""With the monitor on, so that caller ID and the voltage can always be had (section 3, step 8)."""
OFF_HOOK_BIT = 0x01
FULL_WAVE = 0x02
"""RFWE: both half-waves of ringing are shown."""
FULL_SCALE = 0x80
"""FULL: +3.2 dBm on the line; wants DCV=11 and MINI=00."""
LOW_VOLTAGE = 0x01
"""LVFD: register 29 tells voltages below 3 V too. Left off: 0 is a dead line."""
FORCED_RESISTOR = 0x0F
"""RCAL of register 25: always written back as read."""
PCM_ENABLE = 0x20
PCM_FORMATS = {"alaw": 0x00, "ulaw": 0x08}
CLOCKS_PER_SLOT = 8
CURRENT_STEP_MA = 1.1
HYBRID_TAPS = 8
LINE_SIDES = {1: "Si3018", 3: "Si3019", 4: "Si3011"}
SUPPORTED_LINE_SIDE = 3
REVISIONS = {3: "C", 4: "D", 5: "E"}
