"""Settings of one caller rule, `[callers.spam]`; who obeys them: `lines/caller_rules.py`."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import EXTENSION, TRUNK_NAME, setting
from firmware.config.ring_settings import NUMBER_RULE


@dataclass(frozen=True, slots=True)
class CallerSettings:
    """What becomes of calls from some callers outside; of several rules that fit, the first one in the file counts."""

    numbers: tuple[str, ...] = setting(
        (),
        rule=NUMBER_RULE,
        example=("803*", "912000111"),
        help_en="Who calls, as the exchange says it; * at the end stands for all that begin so",
        help_es="Quién llama, tal como lo dice la central; * al final vale por todos los que empiezan así",
    )
    withheld: bool = setting(
        False,
        help_en="Also callers who do not want their number known",
        help_es="También quienes ocultan su número",
    )
    lines: tuple[str, ...] = setting(
        (),
        rule=TRUNK_NAME,
        example=("fxo1",),
        help_en="Only on these exchange lines; on all of them when empty",
        help_es="Solo en estas líneas de la compañía; en todas si falta",
    )
    target: str | None = setting(
        None,
        rule=EXTENSION,
        example="101",
        help_en="Number of the house that rings instead of the line's target; without it they are blocked: no "
        "telephone rings, and the caller hears that nobody answers",
        help_es="Número de la casa que suena en lugar del de la línea; sin él se bloquean: no suena ningún teléfono y "
        "quien llama oye que nadie contesta",
    )
