"""How a setting is declared: once, with its limits, its unit and its help in two languages.

From the declaration come the check (`check.py`), the error text, the help and the
commented sample file (`render.py`). The settings themselves are in `settings.py`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

T = TypeVar("T")
_KEY = "tipring"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in English and Spanish."""

    en: str
    es: str

    def text(self, language: str) -> str:
        """The text in `language`; anything but "es" is English."""
        return self.es if language == "es" else self.en


@dataclass(frozen=True, slots=True)
class Rule:
    """What a text may be: a test, and the words that complete "allowed ..."."""

    fits: Callable[[str], bool]
    allowed: Words


@dataclass(frozen=True, slots=True)
class Declaration:
    """All that is known about one setting.

    low, high: inclusive limits of a number, in `unit`. one_of: the only texts allowed.
    rule: a test for texts (for lists: for each of them). required: no default exists.
    secret: its value is never repeated, in an error or by repr. example: what the sample file shows.
    single: a list of one may be written as that one text.
    group: the dataclass of a table; named: the rule of the names when it is a table of such tables.
    """

    help: Words
    low: float | None = None
    high: float | None = None
    unit: str = ""
    one_of: tuple[str, ...] = ()
    rule: Rule | None = None
    required: bool = False
    secret: bool = False
    single: bool = False
    example: object = None
    group: type | None = None
    named: Rule | None = None
    table: str = ""
    """The table it stands in, when that is another one's: tables with names of this kind among others."""


def setting(
    default: T,
    *,
    help_en: str,
    help_es: str,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    one_of: tuple[str, ...] = (),
    rule: Rule | None = None,
    required: bool = False,
    secret: bool = False,
    single: bool = False,
    example: object = None,
) -> T:
    """Declare one value. Returns a dataclass field; the type says what the file must hold."""
    declared = Declaration(
        Words(help_en, help_es),
        low,
        high,
        unit,
        one_of,
        rule,
        required,
        secret,
        single,
        default if example is None else example,
    )
    return field(default=default, repr=not secret, metadata={_KEY: declared})


def group(cls: type[T], *, help_en: str, help_es: str) -> T:
    """Declare a table of settings: `[sip]`."""
    declared = Declaration(Words(help_en, help_es), group=cls)
    return field(default_factory=cls, metadata={_KEY: declared})


def named_groups(
    cls: type[T], name: Rule, *, example: str, help_en: str, help_es: str, table: str = ""
) -> dict[str, T]:
    """Declare a table of tables with names of the installer's choice: `[lines.fxs1]`. table: see `Declaration`."""
    declared = Declaration(Words(help_en, help_es), group=cls, named=name, example=example, table=table)
    return field(default_factory=dict, metadata={_KEY: declared})


def declarations(cls: type) -> dict[str, Declaration]:
    """Name -> declaration of every setting of a settings dataclass, in order."""
    return {f.name: f.metadata[_KEY] for f in fields(cls) if _KEY in f.metadata}


def defaults(cls: type) -> dict[str, Any]:
    """Name -> default value of every plain setting of `cls`."""
    return {f.name: f.default for f in fields(cls) if _KEY in f.metadata and f.metadata[_KEY].group is None}


# -- rules that several settings share -----------------------------------------------------


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_any_address(text: str) -> bool:
    try:
        return not getattr(ipaddress.ip_address(text), "scope_id", None)
    except ValueError:
        return False


def _is_stun_server(text: str) -> bool:
    host, colon, port = text.partition(":")
    fits = not colon or (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536)
    return fits and (_is_address(host) or DOMAIN.fits(host))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _pattern(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


ADDRESS = Rule(_is_address, Words("an IPv4 address such as 192.168.1.10", "una dirección IPv4 como 192.168.1.10"))
PUBLIC_ADDRESS = Rule(
    lambda text: text == "auto" or _is_address(text),
    Words('"auto" or an IPv4 address such as "203.0.113.5"', '"auto" o una dirección IPv4 como "203.0.113.5"'),
)
STUN_SERVER = Rule(
    _is_stun_server,
    Words('a name or IPv4 address, such as "stun.example.com:3478"', 'un nombre o IPv4, como "stun.example.com:3478"'),
)
ANY_ADDRESS = Rule(
    _is_any_address,
    Words("addresses such as 192.168.1.10 or 2001:db8::10", "direcciones como 192.168.1.10 o 2001:db8::10"),
)
NETWORK = Rule(
    _is_network,
    Words("networks such as 192.168.1.0/24 or 2001:db8::/64", "redes como 192.168.1.0/24 o 2001:db8::/64"),
)
FILE = Rule(
    lambda text: text.startswith("/") and text.isprintable(),
    Words("the full path of a file, such as /etc/tipring/sip.pem", "la ruta de un fichero, como /etc/tipring/sip.pem"),
)
SOUND = Rule(
    FILE.fits,
    Words("the full path of a file or folder, such as /srv/music", "la ruta de un fichero o carpeta, como /srv/musica"),
)
DOMAIN = Rule(
    _pattern(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"),
    Words("host names in lower case such as pbx.example.com", "nombres en minúsculas como pbx.example.com"),
)
EXTENSION = Rule(_pattern(r"[0-9]{2,8}"), Words('2 to 8 digits, such as "101"', 'de 2 a 8 cifras, como "101"'))
DIALLED = Rule(_pattern(r"[0-9*#]{1,32}"), Words("1 to 32 of 0-9, * and #", "de 1 a 32 de 0-9, * y #"))
SERVICE_CODE = Rule(
    _pattern(r"|[*#][0-9*#]{1,7}"),
    Words('"" or 2 to 8 of 0-9, * and #, the first * or #', '"" o de 2 a 8 de 0-9, * y #, el primero * o #'),
)
ROTARY_CODE = Rule(_pattern(r"[0-9]{1,3}"), Words('1 to 3 digits, such as "11"', 'de 1 a 3 cifras, como "11"'))
ROTARY_DIGIT = Rule(_pattern(r"[0-9]"), Words('one digit, such as "1"', 'una cifra, como "1"'))
DIGIT_MAP = Rule(
    _pattern(r"(?:(?:[0-9*#x]|\[(?:[0-9](?:-[0-9])?|[*#])+\])\.?){1,32}T?"),
    Words(
        'patterns such as "[67]xxxxxxxx" or "00x.T": x any digit, [ ] one of several, . none or more of the last, '
        "T wait for more",
        'patrones como "[67]xxxxxxxx" o "00x.T": x una cifra, [ ] una de varias, . ninguna o más de la última, '
        "T esperar más",
    ),
)
HOURS = Rule(
    _pattern(r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]"),
    Words('two times such as "22:00-07:30"', 'dos horas como "22:00-07:30"'),
)
_LINES = Words("names fxs1 to fxs99, fxo1 to fxo99", "nombres fxs1 a fxs99, fxo1 a fxo99")
LINE_NAME = Rule(_pattern(r"fxs[1-9][0-9]?"), _LINES)
TRUNK_NAME = Rule(_pattern(r"fxo[1-9][0-9]?"), Words("names fxo1 to fxo99", "nombres de fxo1 a fxo99"))
PORT_NAME = Rule(_pattern(r"fx[so][1-9][0-9]?"), _LINES)
PERSON = Rule(
    lambda text: len(text) <= 60 and text.isprintable(),
    Words("at most 60 printable characters", "como mucho 60 caracteres imprimibles"),
)
CODEC = Rule(
    lambda text: text in {"g722", "pcma", "pcmu"},
    Words(
        '"g722" (wideband), "pcma" (A-law), "pcmu" (mu-law)', '"g722" (banda ancha), "pcma" (ley A), "pcmu" (ley mu)'
    ),
)
HEX32 = Rule(
    _pattern(r"[0-9a-f]{32}"),
    Words(
        "32 hexadecimal digits from `tipring password`",
        "32 cifras hexadecimales de `tipring password`",
    ),
)
HEX64 = Rule(
    _pattern(r"[0-9a-f]{64}"),
    Words(
        "64 hexadecimal digits from `tipring password`",
        "64 cifras hexadecimales de `tipring password`",
    ),
)
