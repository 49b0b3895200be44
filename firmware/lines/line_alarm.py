"""What somebody should know about a telephone that was left off hook: sentences for status, page and log.

`fxs_line.py` tells every change of its machine's state. A line that is out of service gives its reason by itself.
"""

from __future__ import annotations

import logging

from drivers.errors import HardwareError
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


class LineAlarm:
    """The alarm of one line; `words` is None while all is well."""

    def __init__(self, port: FxsPort) -> None:
        self.words: Words | None = None
        self._port = port

    def follow(self, state: State) -> None:
        """The line came to `state`: say once that somebody must act, and when all is well again."""
        name = self._port.name
        if state is State.HOWLER:
            self.words = self._why_off_hook()
            log.warning("%s: left off hook. %s", name, self.words.en)
        elif state is State.PARKED:
            log.info("%s: at low power until it is hung up", name)
        elif self.words is not None:
            self.words = None
            if state is State.IDLE:
                log.info("%s: hung up at last, serves again", name)

    def texts(self) -> dict[str, str] | None:
        """By language, for `tipring status` and the page."""
        return {"en": self.words.en, "es": self.words.es} if self.words is not None else None

    def _why_off_hook(self) -> Words:
        try:
            return SHORT_CIRCUIT if abs(self._port.readings().loop_v) < SHORT_V else LEFT_OFF_HOOK
        except HardwareError:
            return LEFT_OFF_HOOK
