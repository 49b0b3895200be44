"""Settings of one SIP phone's account, `[users.201]`; who checks passwords with them: `sip/accounts/`."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import CODEC, HEX32, HEX64, PERSON, setting


@dataclass(frozen=True, slots=True)
class User:
    """One SIP phone's account; its key is its number and its user name."""

    ha1_md5: str = setting(
        "",
        rule=HEX32,
        required=True,
        secret=True,
        example="0" * 32,
        help_en="Password check value, made by `tipring password USER`",
        help_es="Valor de comprobación de la contraseña, lo hace `tipring password USUARIO`",
    )
    ha1_sha256: str = setting(
        "",
        rule=HEX64,
        required=True,
        secret=True,
        example="0" * 64,
        help_en="The same with SHA-256, for phones that know RFC 8760",
        help_es="Lo mismo con SHA-256, para teléfonos que conocen RFC 8760",
    )
    name: str = setting(
        "",
        rule=PERSON,
        example="Ana",
        help_en="Name shown to the other end",
        help_es="Nombre que ve el otro extremo",
    )
    codecs: tuple[str, ...] = setting(
        (),
        rule=CODEC,
        example=("pcma",),
        help_en="Codecs for this user's phones, the preferred one first; those of [media] when empty",
        help_es="Códecs para los teléfonos de este usuario, el preferido primero; si falta, los de [media]",
    )
