"""Codes that people dial at a telephone line to switch services of their own.

What they do: `firmware/pbx/services/codes.py`. They are checked against each other in `cross_check.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import SERVICE_CODE, setting


@dataclass(frozen=True, slots=True)
class Codes:
    """One code each; "" for none. The defaults are those of ETSI and GSM for * and #, else the most usual."""

    call_waiting_on: str = setting(
        "*43#",
        rule=SERVICE_CODE,
        help_en="Tell this telephone of other calls while it talks",
        help_es="Avisar a este teléfono de otras llamadas mientras habla",
    )
    call_waiting_off: str = setting(
        "#43#",
        rule=SERVICE_CODE,
        help_en="Let others hear busy while this telephone talks",
        help_es="Que los demás oigan ocupado mientras este teléfono habla",
    )
    do_not_disturb_on: str = setting(
        "*26#",
        rule=SERVICE_CODE,
        help_en="This telephone does not ring any more; callers hear busy",
        help_es="Este teléfono deja de sonar; quien llama oye ocupado",
    )
    do_not_disturb_off: str = setting(
        "#26#",
        rule=SERVICE_CODE,
        help_en="This telephone rings again",
        help_es="Este teléfono vuelve a sonar",
    )
    redial: str = setting(
        "*66",
        rule=SERVICE_CODE,
        help_en="Call the number that was called last from this telephone",
        help_es="Llamar al último número marcado en este teléfono",
    )
    call_return: str = setting(
        "*69",
        rule=SERVICE_CODE,
        help_en="Call whoever called this telephone last, whether it was answered or not",
        help_es="Llamar a quien llamó el último a este teléfono, contestara o no",
    )
