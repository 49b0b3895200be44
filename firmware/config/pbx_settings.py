"""Settings of calls as such, `[pbx]`: how long what may take."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import DIGIT_MAP, setting


@dataclass(frozen=True, slots=True)
class Pbx:
    """Timers of a call."""

    first_digit_s: float = setting(
        15.0,
        low=3.0,
        high=120.0,
        unit="s",
        help_en="How long dial tone waits for the first digit",
        help_es="Cuánto espera el tono de invitación la primera cifra",
    )
    inter_digit_s: float = setting(
        4.0,
        low=1.0,
        high=30.0,
        unit="s",
        help_en="Longest pause between two digits; after it the number is taken as it is",
        help_es="Pausa máxima entre dos cifras; después el número se toma como está",
    )
    complete_s: float = setting(
        4.0,
        low=0.5,
        high=30.0,
        unit="s",
        help_en="Longest pause after a number that is complete, but could be longer; after it the number is called",
        help_es="Pausa máxima tras un número completo que podría ser más largo; después se llama a ese número",
    )
    digit_map: tuple[str, ...] = setting(
        (),
        rule=DIGIT_MAP,
        example=("[679]xxxxxxxx", "00x.T"),
        help_en="Numbers outside the house that telephones can dial; with it, one that fits no pattern ends at once",
        help_es="Números de fuera que se pueden marcar; si los hay, uno que no encaje termina en el acto",
    )
    no_answer_s: float = setting(
        60.0,
        low=5.0,
        high=600.0,
        unit="s",
        help_en="How long a telephone rings before the caller hears that nobody answers",
        help_es="Cuánto suena un teléfono antes de que el llamante oiga que nadie contesta",
    )
    dial_in_ban_s: int = setting(
        3600,
        low=600,
        high=604_800,
        unit="s",
        help_en="How long a caller who dialled three wrong PINs cannot dial in; likewise a line after ten "
        "wrong PINs of any callers",
        help_es="Cuánto tiempo no puede entrar con PIN quien marcó tres equivocados; y una línea tras diez de "
        "cualesquiera",
    )
    recall_s: float = setting(
        30.0,
        low=5.0,
        high=300.0,
        unit="s",
        help_en="How long a telephone that was hung up while somebody was on hold rings for whom it held",
        help_es="Cuánto suena un teléfono que se colgó con alguien retenido, para volver a hablar con él",
    )
    congestion_s: float = setting(
        30.0,
        low=5.0,
        high=300.0,
        unit="s",
        help_en="How long busy or congestion tone is played to a telephone left off hook",
        help_es="Cuánto suena el tono de ocupado o congestión en un teléfono descolgado",
    )
    howler_s: float = setting(
        60.0,
        low=0.0,
        high=600.0,
        unit="s",
        help_en="How long the howler sounds after that, before the line goes to low power",
        help_es="Cuánto suena después el aviso de descolgado, antes de pasar la línea a bajo consumo",
    )
