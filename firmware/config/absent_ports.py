"""Lines in the settings for which the board has no port.

No mistake of the file: it may be written before a second card is put in. Told in the log, in status and on the page.
"""

from __future__ import annotations

from collections.abc import Collection

from firmware.config.load import Notice
from firmware.config.settings import Settings


def absent_ports(settings: Settings, present: Collection[str]) -> list[Notice]:
    """A warning for each line of `settings` that is not among the ports `present`."""
    listed = ", ".join(present) or "none"
    listed_es = ", ".join(present) or "ninguno"
    return [
        Notice(
            "warning",
            f"lines.{name}: this board has no such port, so nobody is reached there; its ports: {listed}",
            f"lines.{name}: esta placa no tiene ese puerto y allí no se llega a nadie; sus puertos: {listed_es}",
        )
        for name in (*settings.lines, *settings.exchange_lines)
        if name not in present
    ]
