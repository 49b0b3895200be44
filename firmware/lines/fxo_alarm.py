"""What somebody should do about an exchange line: unplugged, foreign voltage, the wrong kind of line, and what another
telephone on its wires does: lifted beside our call, or left off hook; and metering that speech suffers from.

Follows the events of the port; `status` and page show the words. Ports that are out of service: `line_alarm.py`.
"""

from __future__ import annotations

import logging

from drivers.errors import Trouble
from drivers.exchange_port import (
    ExchangeLineEvent,
    ExchangeLinePort,
    ForeignVoltage,
    LineDead,
    LineInUse,
    LineOverloaded,
    LineSeized,
    Metered,
    ParallelLifted,
)
from drivers.ports import PortEvent
from firmware.config.declaration import Words
from firmware.lines.line_alarm import TROUBLES
from firmware.telephony.clock import now_s

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
FOREIGN = Words(
    "There is far more voltage on the line than an exchange feeds: another circuit touches it. It is not used; unplug "
    "it and let the line be seen to.",
    "En la línea hay mucha más tensión de la que da una central: la toca otro circuito. No se usa; desenchúfela y haga "
    "que la revisen.",
)
BESIDE = Words(
    "Another telephone on the same wires was lifted during the call: somebody may be listening, and both are fainter.",
    "Durante la llamada se descolgó otro teléfono en los mismos hilos: alguien puede estar escuchando y se oye menos.",
)
LEFT_OFF_HOOK = Words(
    "Another telephone on the same wires has been off hook for over half an hour, or the line feeds too little "
    "voltage: no call is made over it.",
    "Otro teléfono en los mismos hilos lleva más de media hora descolgado, o la línea da muy poca tensión: "
    "no se llama por ella.",
)
METERED = Words(
    "The exchange's metering pulses are so strong that they cut speech off: put a metering filter (12 or 16 kHz) "
    "before the line, or have the operator switch the pulses off.",
    "Los impulsos de tarificación de la central son tan fuertes que cortan la voz: ponga un filtro de tarificación "
    "(12 o 16 kHz) delante de la línea o pida a la compañía que los quite.",
)
LEFT_S = 1800.0
LINE_SIDE = Words(
    "The port is off: its chip has lost the half that touches the line. It is tried again by itself.",
    "El puerto está apagado: su chip ha perdido la mitad que toca la línea. Se prueba de nuevo solo.",
)


class FxoAlarm:
    """The alarm of one exchange line."""

    def __init__(self, port: ExchangeLinePort) -> None:
        self._port = port
        self._words: Words | None = None
        self._metered = False
        self._in_use_since_s = float("inf")

    @property
    def words(self) -> Words | None:
        """What somebody should do; None while all is well, and while the port is being started."""
        if self._port.in_service:
            left = now_s() - self._in_use_since_s > LEFT_S
            return self._words or (LEFT_OFF_HOOK if left else METERED if self._metered else None)
        return LINE_SIDE if self._port.trouble is Trouble.LINE_SIDE else TROUBLES.get(self._port.trouble)

    def follow(self, event: ExchangeLineEvent | PortEvent) -> None:
        """The port told something: say once that somebody must act, and when all is well again."""
        name = self._port.name
        match event:
            case LineDead(dead=True):
                self._words, self._metered = UNPLUGGED, False  # now a filter can be put in
                log.warning("%s: no battery. %s", name, UNPLUGGED.en)
            case ForeignVoltage(foreign=True):
                self._words = FOREIGN
                log.error("%s: %.0f V. %s", name, abs(event.line_v), FOREIGN.en)
            case ParallelLifted(lifted=True):
                self._words = BESIDE
                log.warning("%s: %s", name, BESIDE.en)
            case LineDead() | LineSeized() | ForeignVoltage() | ParallelLifted() if self._words is not None:
                self._words = None
                log.info("%s: the line is well again", name)
            case LineOverloaded():
                self._words = OVERLOADED
                log.error("%s: over-current. %s", name, OVERLOADED.en)
            case Metered(overload=True) if not self._metered:
                self._metered = True
                log.warning("%s: %s", name, METERED.en)
            case LineInUse():
                self._in_use_since_s = now_s() if event.in_use else float("inf")
                what = "is in use by another telephone" if event.in_use else "is free again"
                log.info("%s: %s, %.0f V", name, what, abs(event.line_v))

    def texts(self) -> dict[str, str] | None:
        """By language, for `tipring status` and the page."""
        words = self.words
        return {"en": words.en, "es": words.es} if words is not None else None
