"""What can go wrong with hardware: port, register, what was tried.

Every error here means "this port goes out of service, the others keep talking".
The text is a plain sentence that an installer reads in `tipring status`.
"""


class HardwareError(Exception):
    """A line card, chip or bus did not do what its data sheet says."""

    def __init__(self, port: str, reason: str) -> None:
        super().__init__(f"{port}: {reason}")
        self.port = port
        self.reason = reason


class BusError(HardwareError):
    """The SPI bus or a GPIO line failed (no such device, time-out, connection lost)."""


class ChipError(HardwareError):
    """A chip answers wrongly: identity, calibration, battery, register read-back, power alarm."""
