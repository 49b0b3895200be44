"""Settings of one ring group, `[groups.sales]`; who rings it: `pbx/routes.py`."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import EXTENSION, PERSON, setting

MEMBERS_MOST = 20
"""Telephones that ring for one call: a house's hall, and no more legs than a call can carry."""


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """One number at which several telephones ring at one time; the first that answers has the call."""

    number: str = setting(
        "",
        rule=EXTENSION,
        required=True,
        example="600",
        help_en="Number that rings the group",
        help_es="Número que hace sonar el grupo",
    )
    name: str = setting(
        "",
        rule=PERSON,
        example="Sales",
        help_en="Name shown to the other end",
        help_es="Nombre que ve el otro extremo",
    )
    members: tuple[str, ...] = setting(
        (),
        rule=EXTENSION,
        required=True,
        example=("101", "201"),
        help_en="Numbers of telephones and SIP users that ring, 1 to 20; who is in a call or not registered is "
        "left out",
        help_es="Números de teléfonos y usuarios SIP que suenan a la vez, de 1 a 20; se omite a quien está en "
        "una llamada o no está registrado",
    )
    ring_s: float | None = setting(
        None,
        low=5.0,
        high=600.0,
        unit="s",
        example=30.0,
        help_en="How long they ring before the caller hears that nobody answers; when absent no_answer_s of [pbx]",
        help_es="Cuánto suenan antes de que quien llama oiga que nadie contesta; si falta, no_answer_s de [pbx]",
    )
