"""What somebody should do about an exchange line: unplugged, lifted elsewhere for too long, the wrong kind of line.

Follows the events of the port; `status` and page show the words. Ports that are out of service: `line_alarm.py`.
"""

from __future__ import annotations

import logging

from drivers.errors import Trouble
from drivers.exchange_port import ExchangeLineEvent, ExchangeLinePort, LineDead, LineInUse, LineOverloaded, LineSeized
from drivers.ports import PortEvent
from firmware.config.declaration import Words
from firmware.lines.line_alarm import TROUBLES

log = logging.getLogger(__name__)

UNPLUGGED = Words(
    "There is no voltage on the exchange line: it is unplugged, or dead at the exchange.",
    "No hay tensión en la línea de la compañía: está desenchufada o averiada en la central.",
)
OVERLOADED = Words(
    "Far too much current flowed when the line was taken, so it was released at once: is it a digital extension? "
    "It must be an ordinary analog exchange line.",
    "Al tomar la línea pasó demasiada corriente y se soltó enseguida: ¿es una extensión digital? "
    "Debe ser una línea analógica corriente.",
)
LINE_SIDE = Words(
    "The port is off: its chip has lost the half that touches the line. It is tried again by itself.",
    "El puerto está apagado: su chip ha perdido la mitad que toca la línea. Se prueba de nuevo solo.",
)


class FxoAlarm:
    """The alarm of one exchange line."""

    def __init__(self, port: ExchangeLinePort) -> None:
        self._port = port
        self._words: Words | None = None

    @property
    def words(self) -> Words | None:
        """What somebody should do; None while all is well, and while the port is being started."""
        if self._port.in_service:
            return self._words
        return LINE_SIDE if self._port.trouble is Trouble.LINE_SIDE else TROUBLES.get(self._port.trouble)

    def follow(self, event: ExchangeLineEvent | PortEvent) -> None:
        """The port told something: say once that somebody must act, and when all is well again."""
        name = self._port.name
        match event:
            case LineDead(dead=True):
                self._words = UNPLUGGED
                log.warning("%s: no battery. %s", name, UNPLUGGED.en)
            case LineDead() | LineSeized() if self._words is not None:
                self._words = None
                log.info("%s: the line is well again", name)
            case LineOverloaded():
                self._words = OVERLOADED
                log.error("%s: over-current. %s", name, OVERLOADED.en)
            case LineInUse():
                what = "is in use by another telephone" if event.in_use else "is free again"
                log.info("%s: %s, %.0f V", name, what, abs(event.line_v))

    def texts(self) -> dict[str, str] | None:
        """By language, for `tipring status` and the page."""
        words = self.words
        return {"en": words.en, "es": words.es} if words is not None else None
