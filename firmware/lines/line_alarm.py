"""What somebody should do about a line: sentences for status, page and log, in English and Spanish.

`fxs_line.py` tells every change of its machine's state. A port that is out of service says what kind of trouble it
has (`drivers/errors.py`); the registers that showed it stand in its own `failure`.
"""

from __future__ import annotations

import logging

from drivers.errors import HardwareError, Trouble
from drivers.ports import FxsPort
from firmware.config.declaration import Words
from firmware.lines.fxs_machine import State

log = logging.getLogger(__name__)

SHORT_V = 1.5
"""Less than this between the wires of a line at 20 mA is a short of under 75 ohm; a telephone keeps 4 V and more
[M: line sheet, section 1]."""
LEFT_OFF_HOOK = Words(
    "The telephone was left off hook; hang it up, and the line works again by itself.",
    "El teléfono quedó descolgado; cuélguelo y la línea volverá a funcionar sola.",
)
SHORT_CIRCUIT = Words(
    "The two wires of the line touch each other (short circuit), or the telephone is faulty; "
    "unplug it, and the line works again by itself.",
    "Los dos hilos de la línea se tocan (cortocircuito) o el teléfono está averiado; "
    "desenchúfelo y la línea volverá a funcionar sola.",
)


TROUBLES = {
    Trouble.SET_UP: Words(
        "The port is off: its chip does not do what it should. It is tried again by itself; if it stays so, "
        "the card is faulty, or is not the one that the board's description names.",
        "El puerto está apagado: su chip no hace lo que debe. Se prueba de nuevo solo; si sigue así, "
        "la tarjeta está averiada o no es la que dice la descripción de la placa.",
    ),
    Trouble.ABSENT: Words(
        "The port is off: nothing answers in its place. Is the card plugged in?",
        "El puerto está apagado: nada responde en su lugar. ¿Está puesta la tarjeta?",
    ),
    Trouble.BUS: Words(
        "The port is off: the bus to the line card fails. Is the card firmly plugged in?",
        "El puerto está apagado: falla el bus de la tarjeta de líneas. ¿Está bien puesta?",
    ),
    Trouble.SILENT: Words(
        "The port is off: its chip does not answer any more. It is tried again by itself.",
        "El puerto está apagado: su chip ya no responde. Se prueba de nuevo solo.",
    ),
    Trouble.RESET: Words(
        "The port is off: its chip lost its settings, probably by a dip of the supply. It is started again by itself.",
        "El puerto está apagado: su chip perdió los ajustes, quizá por una bajada de tensión. Se reinicia solo.",
    ),
    Trouble.POWER: Words(
        "The port switched itself off: too much current, or too hot. A wire of the line may touch earth or another "
        "line. It is tried again when it has cooled down.",
        "El puerto se apagó solo: demasiada corriente o demasiado caliente. Quizá un hilo de la línea toca tierra u "
        "otra línea. Se prueba de nuevo cuando se enfríe.",
    ),
    Trouble.INTERRUPT: Words(
        "The port is off: its chip reports one thing without end. It is tried again by itself.",
        "El puerto está apagado: su chip avisa de lo mismo sin parar. Se prueba de nuevo solo.",
    ),
    Trouble.FOREIGN_VOLTAGE: Words(
        "The port is off: there is foreign voltage on its line. Unplug it: it may be an exchange line.",
        "El puerto está apagado: hay tensión ajena en su línea. Desenchúfela: puede ser una línea de la compañía.",
    ),
}


class LineAlarm:
    """The alarm of one line."""

    def __init__(self, port: FxsPort) -> None:
        self._off_hook: Words | None = None
        self._port = port

    @property
    def words(self) -> Words | None:
        """What somebody should do; None while all is well, and while the port is being started."""
        return self._off_hook if self._port.in_service else TROUBLES.get(self._port.trouble)

    def follow(self, state: State) -> None:
        """The line came to `state`: say once that somebody must act, and when all is well again."""
        name = self._port.name
        if state is State.HOWLER:
            self._off_hook = self._why_off_hook()
            log.warning("%s: left off hook. %s", name, self._off_hook.en)
        elif state is State.PARKED:
            log.info("%s: at low power until it is hung up", name)
        elif self._off_hook is not None:
            self._off_hook = None
            if state is State.IDLE:
                log.info("%s: hung up at last, serves again", name)

    def texts(self) -> dict[str, str] | None:
        """By language, for `tipring status` and the page."""
        words = self.words
        return {"en": words.en, "es": words.es} if words is not None else None

    def _why_off_hook(self) -> Words:
        try:
            return SHORT_CIRCUIT if abs(self._port.readings().loop_v) < SHORT_V else LEFT_OFF_HOOK
        except HardwareError:
            return LEFT_OFF_HOOK
