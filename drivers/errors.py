"""What can go wrong with hardware: port, register, what was tried.

Every error here means "this port goes out of service, the others keep talking".
The text is a plain sentence that an installer reads in `tipring status`.
"""

import enum


class Trouble(enum.Enum):
    """What a port is out of service for, as far as it decides what an installer should do and when to try again."""

    STARTING = enum.auto()  # not started yet, or closed: nothing is wrong
    SET_UP = enum.auto()  # it answers, but not as the chip it should be
    ABSENT = enum.auto()  # nothing answers where it should be
    BUS = enum.auto()
    SILENT = enum.auto()  # it answered until now
    RESET = enum.auto()
    POWER = enum.auto()  # power alarm: over-current, over-temperature, a wire on earth
    INTERRUPT = enum.auto()
    FOREIGN_VOLTAGE = enum.auto()
    LINE_SIDE = enum.auto()  # the half of an exchange-line chip that touches the wires


class HardwareError(Exception):
    """A line card, chip or bus did not do what its data sheet says."""

    trouble = Trouble.SET_UP

    def __init__(self, port: str, reason: str) -> None:
        super().__init__(f"{port}: {reason}")
        self.port = port
        self.reason = reason


class BusError(HardwareError):
    """The SPI bus or a GPIO line failed (no such device, time-out, connection lost)."""

    trouble = Trouble.BUS


class ChipError(HardwareError):
    """A chip answers wrongly: identity, calibration, battery, register read-back, power alarm."""

    def __init__(self, port: str, reason: str, trouble: Trouble = Trouble.SET_UP) -> None:
        super().__init__(port, reason)
        self.trouble = trouble
