"""Settings of one table of numbers called from outside, `[inbound.office]`; who obeys them: `pbx/inbound.py`."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import TRUNK_NAME, setting
from firmware.config.number_span import EXTENSIONS, SPAN
from firmware.config.outbound_settings import PREFIX


@dataclass(frozen=True, slots=True)
class InboundSettings:
    """Which number of the house rings for which number called; one number alone comes before a range, that before
    a beginning, and all of them before the line's own target."""

    numbers: tuple[str, ...] = setting(
        (),
        rule=SPAN,
        example=("912345678", "912345600-912345649", "9123457*"),
        help_en="Numbers called from outside (an exchange line has its `number`), alone, as ranges, or with * at the "
        "end for all that begin so; any number when empty",
        help_es="Números llamados desde fuera (los de una línea son su `number`), sueltos, en rangos o con * al final "
        "por todos los que empiezan así; cualquiera si falta",
    )
    lines: tuple[str, ...] = setting(
        (),
        rule=TRUNK_NAME,
        example=("fxo1",),
        help_en="Only for calls on these lines; on all of them when empty",
        help_es="Solo para llamadas por estas líneas; por todas si falta",
    )
    target: str | None = setting(
        None,
        rule=EXTENSIONS,
        example="101",
        help_en="Number of the house that rings, telephone, SIP user or group; for one range of numbers also a range "
        "of the same size. With keep: who rings when there is no such number",
        help_es="Número de la casa que suena: teléfono, usuario SIP o grupo; para un solo rango, también un rango "
        "igual de grande. Con keep: quién suena si ese número no existe",
    )
    keep: int = setting(
        0,
        low=0,
        high=8,
        example=2,
        help_en="So many of the last digits called are the number of the house that rings; 0 for target alone",
        help_es="Cuántas de las últimas cifras marcadas son el número de la casa que suena; 0 para solo target",
    )
    add: str | None = setting(
        None,
        rule=PREFIX,
        example="1",
        help_en="Put before the digits kept",
        help_es="Se pone delante de las cifras que quedan",
    )
