"""Every setting of Tipring, each declared once.

The file (`/etc/tipring/tipring.toml`) holds only what differs from the defaults here.
How a declaration works: `declaration.py`. How the file is read: `load.py`. SIP: `sip_settings.py`. Lines:
`line_settings.py`, `trunk_settings.py`, `outbound_settings.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.caller_settings import CallerSettings
from firmware.config.code_settings import Codes
from firmware.config.declaration import (
    ADDRESS,
    CODEC,
    EXTENSION,
    LINE_NAME,
    SOUND,
    TRUNK_NAME,
    group,
    named_groups,
    setting,
)
from firmware.config.dial_in_settings import DialInSettings
from firmware.config.group_settings import GroupSettings
from firmware.config.inbound_settings import InboundSettings
from firmware.config.line_settings import FxsLineSettings
from firmware.config.outbound_settings import ROUTE_NAME, OutboundSettings
from firmware.config.pbx_settings import Pbx
from firmware.config.ring_settings import RING_NAME, Ring
from firmware.config.sip_settings import Sip
from firmware.config.tone_settings import TONE_NAME, OwnTone
from firmware.config.trunk_settings import FxoLineSettings
from firmware.config.user_settings import User


@dataclass(frozen=True, slots=True)
class Media:
    """UDP ports, codecs and marking of audio, and what callers hear while they wait."""

    rtp_first: int = setting(
        10000,
        low=1024,
        high=65534,
        help_en="First UDP port for audio (even)",
        help_es="Primer puerto UDP para audio (par)",
    )
    rtp_last: int = setting(
        10999,
        low=1025,
        high=65535,
        help_en="Last UDP port for audio; each call leg uses two",
        help_es="Último puerto UDP para audio; cada extremo de llamada usa dos",
    )
    codecs: tuple[str, ...] = setting(
        ("g722", "pcma", "pcmu"),
        rule=CODEC,
        help_en="Codecs for SIP phones, the preferred one first; one that both ends have is preferred to all",
        help_es="Códecs para los teléfonos SIP, el preferido primero; antes que ninguno, uno que ambos extremos tengan",
    )
    dscp: int = setting(
        46,
        low=0,
        high=63,
        help_en="Mark on audio packets by which routers let them pass first; 46 is Expedited Forwarding, 0 none",
        help_es="Marca del audio para que los routers le den paso; 46 es Expedited Forwarding, 0 ninguna",
    )
    music_on_hold: str | None = setting(
        None,
        rule=SOUND,
        example="/usr/share/asterisk/moh",
        help_en="A WAV file, or a folder of them, that callers on hold hear; without it they hear silence",
        help_es="Un fichero WAV, o una carpeta con varios, que se oye en espera; sin él, silencio",
    )
    jitter: str = setting(
        "adaptive",
        one_of=("adaptive", "fixed"),
        help_en="Delay against irregular networks: as little as they need, or always the same (fax, modems)",
        help_es="Retardo contra redes irregulares: el mínimo necesario, o siempre el mismo (fax, módems)",
    )
    jitter_fixed_ms: int = setting(
        100,
        low=20,
        high=300,
        unit="ms",
        help_en="The delay of a fixed jitter buffer; packets later than this are lost",
        help_es="El retardo del jitter fijo; los paquetes que lleguen más tarde se pierden",
    )


@dataclass(frozen=True, slots=True)
class Web:
    """The status page."""

    listen: str = setting(
        "127.0.0.1",
        rule=ADDRESS,
        help_en="Address of the status page; it has no log-in: keep 127.0.0.1 unless the network is yours alone",
        help_es="Dirección de la página de estado; no pide contraseña: deje 127.0.0.1 salvo que la red sea solo suya",
    )
    port: int = setting(
        8080,
        low=1,
        high=65535,
        help_en="TCP port of the status page",
        help_es="Puerto TCP de la página de estado",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file."""

    country: str = setting(
        "es",
        help_en="Country of the telephone network: tones, ringing, flash times (two letters)",
        help_es="País de la red telefónica: tonos, timbre, tiempos de la tecla R (dos letras)",
    )
    language: str = setting(
        "es",
        one_of=("es", "en"),
        help_en="Language of the page when the browser asks for none, and of messages",
        help_es="Idioma de la página si el navegador no pide ninguno, y de los mensajes",
    )
    sip: Sip = group(Sip, help_en="SIP phones", help_es="Teléfonos SIP")  # noqa: RUF009
    media: Media = group(Media, help_en="Audio over the network", help_es="Audio por la red")  # noqa: RUF009
    web: Web = group(Web, help_en="Status page", help_es="Página de estado")  # noqa: RUF009
    pbx: Pbx = group(Pbx, help_en="Timers of a call", help_es="Temporizadores de una llamada")  # noqa: RUF009
    codes: Codes = group(  # noqa: RUF009
        Codes, help_en="Codes dialled at a telephone line", help_es="Códigos que se marcan en una línea telefónica"
    )
    lines: dict[str, FxsLineSettings] = named_groups(  # noqa: RUF009
        FxsLineSettings,
        LINE_NAME,
        example="fxs1",
        help_en="Telephone lines: one table per port of the line card",
        help_es="Líneas telefónicas: una tabla por puerto de la tarjeta",
    )
    exchange_lines: dict[str, FxoLineSettings] = named_groups(  # noqa: RUF009
        FxoLineSettings,
        TRUNK_NAME,
        example="fxo1",
        table="lines",
        help_en="Lines of the telephone company: one table per port of the line card",
        help_es="Líneas de la compañía telefónica: una tabla por puerto de la tarjeta",
    )
    groups: dict[str, GroupSettings] = named_groups(  # noqa: RUF009
        GroupSettings,
        ROUTE_NAME,
        example="sales",
        help_en="Ring groups: a number at which several telephones ring at one time; the first to answer has the call",
        help_es="Grupos: un número con el que suenan varios teléfonos a la vez; el primero que contesta la tiene",
    )
    inbound: dict[str, InboundSettings] = named_groups(  # noqa: RUF009
        InboundSettings,
        ROUTE_NAME,
        example="office",
        help_en="Calls from outside by the number called: who rings, before the line's own target",
        help_es="Llamadas de fuera según el número llamado: quién suena, antes que el destino de la propia línea",
    )
    outbound: dict[str, OutboundSettings] = named_groups(  # noqa: RUF009
        OutboundSettings,
        ROUTE_NAME,
        example="city",
        help_en="Ways out of the house: which numbers leave it, over which lines",
        help_es="Salidas de la casa: qué números salen y por qué líneas",
    )
    callers: dict[str, CallerSettings] = named_groups(  # noqa: RUF009
        CallerSettings,
        RING_NAME,
        example="spam",
        help_en="Calls from outside that go elsewhere, or nowhere, by who calls; the first rule that fits counts",
        help_es="Llamadas de fuera que van a otro sitio, o a ninguno, según quién llama; vale la primera que encaje",
    )
    dial_in: dict[str, DialInSettings] = named_groups(  # noqa: RUF009
        DialInSettings,
        RING_NAME,
        example="ana",
        help_en="Who may call the house from outside, dial a PIN and then a number of the house: one table a person",
        help_es="Quién puede llamar a la casa desde fuera, marcar un PIN y luego un número: una tabla por persona",
    )
    rings: dict[str, Ring] = named_groups(  # noqa: RUF009
        Ring,
        RING_NAME,
        example="boss",
        help_en="Ring classes: calls that ring telephone lines otherwise; the first that fits counts",
        help_es="Clases de timbre: llamadas que suenan de otra forma; vale la primera que coincida",
    )
    tones: dict[str, OwnTone] = named_groups(  # noqa: RUF009
        OwnTone,
        TONE_NAME,
        example="busy",
        help_en="Tones of your own in place of the country's, on every line: dial, stutter, recall, busy, congestion, "
        "ringback, call_waiting, record, sit, howler",
        help_es="Tonos propios en lugar de los del país, en todas las líneas: dial, stutter, recall, busy, congestion, "
        "ringback, call_waiting, record, sit, howler",
    )
    users: dict[str, User] = named_groups(  # noqa: RUF009
        User,
        EXTENSION,
        example="201",
        help_en="SIP phones: one table per account, named by its number",
        help_es="Teléfonos SIP: una tabla por cuenta, con su número como nombre",
    )

    @property
    def house_numbers(self) -> frozenset[str]:
        """Every number that rings somebody in the house."""
        lines = {number for line in self.lines.values() for number in (line.number, *line.did) if number}
        return frozenset(lines | self.users.keys() | {group.number for group in self.groups.values() if group.number})
