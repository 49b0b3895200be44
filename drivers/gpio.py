"""The card's GPIO lines on a Raspberry Pi: reset and lifeline relay out, interrupt in.

Through the RPi.GPIO interface, which rpi-lgpio provides on the appliance. It is imported only when
a card is opened: other machines do not have it. The native scanner never calls Python, so the
level of the interrupt line is told to it at every edge (`spi_bus.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.errors import BusError


def _library() -> Any:
    try:
        from RPi import GPIO
    except (ImportError, RuntimeError) as error:
        raise BusError("gpio", f"no GPIO on this machine: {error}") from error
    return GPIO


class CardGpio:
    """Reset, interrupt and lifeline relay of one card. Pins are BCM numbers; None where the card has no such line.

    The reset line starts low: chips held in reset, lines open. So does the relay's: its telephone on the exchange line.
    """

    def __init__(
        self, reset_pin: int | None, interrupt_pin: int | None = None, lifeline_pin: int | None = None
    ) -> None:
        self.reset_pin = reset_pin
        self.interrupt_pin = interrupt_pin
        self.lifeline_pin = lifeline_pin
        self._gpio = _library()
        try:
            self._gpio.setwarnings(False)
            self._gpio.setmode(self._gpio.BCM)
            for pin in (reset_pin, lifeline_pin):
                if pin is not None:
                    self._gpio.setup(pin, self._gpio.OUT, initial=self._gpio.LOW)
            if interrupt_pin is not None:
                # INT is open drain (chip sheet, DR21 to DR23); a card may lack the resistor.
                self._gpio.setup(interrupt_pin, self._gpio.IN, pull_up_down=self._gpio.PUD_UP)
        except (RuntimeError, ValueError, OSError) as error:
            pins = ", ".join(str(pin) for pin in (reset_pin, interrupt_pin, lifeline_pin) if pin is not None)
            raise BusError("gpio", f"pins {pins} cannot be set up: {error}") from error

    def set_reset(self, level: int) -> None:
        """0 low: chips held in reset. 1 high: released."""
        if self.reset_pin is not None:
            self._gpio.output(self.reset_pin, self._gpio.HIGH if level else self._gpio.LOW)

    def set_lifeline(self, level: int) -> None:
        """1 draws the lifeline's relay; 0 lets it fall, and its telephone is on the exchange line."""
        if self.lifeline_pin is not None:
            self._gpio.output(self.lifeline_pin, self._gpio.HIGH if level else self._gpio.LOW)

    def interrupt_level(self) -> int:
        """Electrical level of the interrupt line; 1, nothing to tell, when the card has none."""
        if self.interrupt_pin is None:
            return 1
        return 1 if self._gpio.input(self.interrupt_pin) else 0

    def watch_interrupt(self, tell: Callable[[int], None]) -> None:
        """Call tell(level) now and at every edge of the interrupt line, from a thread of the GPIO library."""
        if self.interrupt_pin is not None:
            self._gpio.add_event_detect(
                self.interrupt_pin, self._gpio.BOTH, callback=lambda _pin: tell(self.interrupt_level())
            )
        tell(self.interrupt_level())

    def close(self) -> None:
        """Stop watching. Outputs keep their level: a reset line that became an input would release the chips."""
        if self.interrupt_pin is not None:
            self._gpio.remove_event_detect(self.interrupt_pin)
