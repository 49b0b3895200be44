"""Settings of one way out of the house, `[outbound.city]`; who obeys them: `pbx/trunk_routes.py`."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import DIALLED, TRUNK_NAME, Rule, Words, setting

HUNT_ORDERS = (
    "ascending",
    "descending",
    "cyclic",
    "cyclic-descending",
    "least-recent",
    "most-recent",
    "fewest-calls",
    "by-number",
)
"""What each of them is: `pbx/line_hunt.py`."""


def _is_digits(text: str) -> bool:
    return 0 < len(text) <= 8 and text.isascii() and text.isdigit()


ROUTE_NAME = Rule(
    lambda text: 0 < len(text) <= 20 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text),
    Words("1 to 20 letters, digits, - or _", "de 1 a 20 letras, cifras, - o _"),
)
PREFIX = Rule(
    lambda text: text == "+" or _is_digits(text.removeprefix("+")),
    Words(
        '1 to 8 digits, such as "0"; or "+", digits behind it or none',
        'de 1 a 8 cifras, como "0"; o "+", con o sin cifras',
    ),
)
NUMBER_FORMS = ("as-dialled", "national", "international")
"""What each of them is: `telephony/numbering.py`."""


@dataclass(frozen=True, slots=True)
class OutboundSettings:
    """One way out."""

    prefix: str = setting(
        "",
        rule=PREFIX,
        required=True,
        example="0",
        help_en="Numbers that begin with this leave the house",
        help_es="Los números que empiezan así salen de la casa",
    )
    strip: int = setting(
        0,
        low=0,
        high=8,
        help_en="How many digits are taken off the front before dialling",
        help_es="Cuántas cifras se quitan del principio antes de marcar",
    )
    add: str | None = setting(
        None,
        rule=DIALLED,
        example="00",
        help_en="Digits that are put in front before dialling",
        help_es="Cifras que se ponen delante antes de marcar",
    )
    form: str = setting(
        "as-dialled",
        one_of=NUMBER_FORMS,
        help_en="How numbers are dialled, once digits are taken off and before others are put in front: as they are; "
        "national ones with the trunk prefix; or all with international prefix and country code. Short numbers stay, "
        "and a + always becomes the international prefix",
        help_es="Cómo se marcan los números, tras quitar cifras y antes de poner otras: tal cual; los nacionales con "
        "su prefijo; o todos con prefijo internacional y código de país. Los cortos no cambian, y un + siempre pasa a "
        "ser el prefijo internacional",
    )
    lines: tuple[str, ...] = setting(
        ("fxo1",),
        rule=TRUNK_NAME,
        help_en="Over which exchange lines, the first that is free; the next when it is dead or busy",
        help_es="Por qué líneas, la primera libre; la siguiente si está muerta u ocupada",
    )
    order: str = setting(
        "ascending",
        one_of=HUNT_ORDERS,
        help_en="Which line is tried first: the first or last listed, the one after or before the last taken (cyclic), "
        "taken longest or shortest ago, taken least often, or always the same one for the same number",
        help_es="Qué línea se prueba antes: la primera o última de la lista, la siguiente o anterior a la última usada "
        "(cyclic), la usada hace más o menos tiempo, la menos usada, o siempre la misma para el mismo número",
    )
    calls_most: int = setting(
        0,
        low=0,
        high=99,
        help_en="How many calls at one time; the next one takes another way out with the same prefix, or is refused; "
        "0 no limit",
        help_es="Cuántas llamadas a la vez; la siguiente toma otra salida del mismo prefijo o se rechaza; 0 sin tope",
    )
