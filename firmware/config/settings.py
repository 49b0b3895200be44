"""Every setting of Tipring, each declared once.

The file (`/etc/tipring/tipring.toml`) holds only what differs from the defaults here.
How a declaration works: `declaration.py`. How the file is read: `load.py`. Lines: `line_settings.py`,
`trunk_settings.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.code_settings import Codes
from firmware.config.declaration import (
    ADDRESS,
    ANY_ADDRESS,
    CODEC,
    DIGIT_MAP,
    DOMAIN,
    EXTENSION,
    FILE,
    HEX32,
    HEX64,
    LINE_NAME,
    NETWORK,
    PERSON,
    PUBLIC_ADDRESS,
    SOUND,
    STUN_SERVER,
    TRUNK_NAME,
    group,
    named_groups,
    setting,
)
from firmware.config.line_settings import FxsLineSettings
from firmware.config.ring_settings import RING_NAME, Ring
from firmware.config.tone_settings import TONE_NAME, OwnTone
from firmware.config.trunk_settings import ROUTE_NAME, FxoLineSettings, OutboundSettings


@dataclass(frozen=True, slots=True)
class Sip:
    """Where SIP phones reach us and how long they stay registered."""

    listen: tuple[str, ...] = setting(
        ("0.0.0.0",),
        rule=ANY_ADDRESS,
        single=True,
        example=["0.0.0.0", "::"],
        help_en="Address on which SIP and audio are received, or one IPv4 and one IPv6 address; "
        "0.0.0.0 means every network card, :: the same for IPv6",
        help_es="Dirección en la que se reciben SIP y audio, o una IPv4 y una IPv6; "
        "0.0.0.0 significa todas las tarjetas de red, :: lo mismo para IPv6",
    )
    udp_port: int = setting(
        5060,
        low=1,
        high=65535,
        help_en="UDP port for SIP",
        help_es="Puerto UDP para SIP",
    )
    tcp_port: int | None = setting(
        None,
        low=0,
        high=65535,
        example=5060,
        help_en="TCP port for SIP; the number of udp_port when absent, 0 does without TCP",
        help_es="Puerto TCP para SIP; si falta, el número de udp_port; con 0 no se usa TCP",
    )
    tls_port: int | None = setting(
        None,
        low=1,
        high=65535,
        example=5061,
        help_en="TCP port for SIP over TLS (SIPS); without it TLS is off",
        help_es="Puerto TCP para SIP sobre TLS (SIPS); sin él no se usa TLS",
    )
    tls_certificate: str | None = setting(
        None,
        rule=FILE,
        example="/etc/tipring/sip.pem",
        help_en="Our certificate for TLS in PEM form, followed by those between it and its authority; "
        "a renewed file is noticed within 30 s, and no call ends",
        help_es="Nuestro certificado para TLS en formato PEM, seguido de los que lo unen a su autoridad; "
        "un fichero renovado se nota en 30 s, y ninguna llamada se corta",
    )
    tls_key: str | None = setting(
        None,
        rule=FILE,
        example="/etc/tipring/sip.key",
        help_en="The private key of tls_certificate in PEM form, without a passphrase",
        help_es="La clave privada de tls_certificate en formato PEM, sin contraseña",
    )
    tls_client_ca: str | None = setting(
        None,
        rule=FILE,
        example="/etc/tipring/phones-ca.pem",
        help_en="Authorities whose certificates phones must show to connect over TLS; without it none is asked for",
        help_es="Autoridades cuyos certificados deben mostrar los teléfonos para conectar por TLS; sin él no se piden",
    )
    tls_ca: str | None = setting(
        None,
        rule=FILE,
        example="/etc/ssl/certs/operator.pem",
        help_en="Authorities of the servers we connect to over TLS; the system's list when absent",
        help_es="Autoridades de los servidores a los que conectamos por TLS; si falta, la lista del sistema",
    )
    size_switch: str = setting(
        "auto",
        one_of=("auto", "always", "never"),
        help_en="Send requests over 1300 octets by TCP, which no router drops in pieces: always, never, or auto: "
        "except to phones registered over UDP, most of which have no TCP",
        help_es="Enviar por TCP las peticiones de más de 1300 octetos, que ningún router pierde a trozos: "
        "siempre (always), nunca (never) o auto: salvo a teléfonos registrados por UDP, casi todos sin TCP",
    )
    advertise: str | None = setting(
        None,
        rule=ADDRESS,
        example="192.168.1.10",
        help_en="Address told to every peer, near or far; behind a router, public_address is what you want",
        help_es="Dirección que se anuncia a todos, cercanos o lejanos; detrás de un router, use public_address",
    )
    public_address: str = setting(
        "auto",
        rule=PUBLIC_ADDRESS,
        example="203.0.113.5",
        help_en="Our router's address on the Internet, told to peers outside; auto: learnt from stun_server, if any",
        help_es="Dirección de nuestro router en Internet, para los de fuera; auto: la dice stun_server, si lo hay",
    )
    stun_server: str | None = setting(
        None,
        rule=STUN_SERVER,
        example="stun.example.com:3478",
        help_en="Server asked for our public address every half minute, which also keeps the router's way in open",
        help_es="Servidor al que se pregunta la dirección pública cada medio minuto; así el router no cierra el paso",
    )
    local_networks: tuple[str, ...] = setting(
        (),
        rule=NETWORK,
        help_en="Networks told our local address, besides those of our network cards and other private ones",
        help_es="Redes a las que se da la dirección local, además de las de nuestras tarjetas y otras privadas",
    )
    force_rport: bool = setting(
        True,
        help_en="Answer phones behind a router at the port they send from, also if they forget to ask for it",
        help_es="Responder a los teléfonos tras un router al puerto desde el que envían, aunque no lo pidan",
    )
    keepalive_s: float = setting(
        25.0,
        low=0.0,
        high=120.0,
        unit="s",
        help_en="How often phones behind a router are sent a packet, so that calls reach them; 0 sends none",
        help_es="Cada cuánto se envía un paquete a los teléfonos tras un router para poder llamarlos; 0: nunca",
    )
    trusted_networks: tuple[str, ...] = setting(
        (),
        rule=NETWORK,
        help_en="Networks whose calls are taken without a password; such calls never reach a telephone line",
        help_es="Redes cuyas llamadas se aceptan sin contraseña; esas llamadas nunca llegan a una línea telefónica",
    )
    dns_servers: tuple[str, ...] = setting(
        (),
        rule=ANY_ADDRESS,
        help_en="Name servers asked for operators' names, in this order; those of the system when empty",
        help_es="Servidores DNS para los nombres de los operadores, en este orden; si falta, los del sistema",
    )
    min_expires_s: int = setting(
        60,
        low=10,
        high=3600,
        unit="s",
        help_en="Shortest registration granted; phones that ask for less are told this",
        help_es="Registro más corto que se concede; a quien pide menos se le indica este valor",
    )
    max_expires_s: int = setting(
        3600,
        low=60,
        high=86400,
        unit="s",
        help_en="Longest registration granted",
        help_es="Registro más largo que se concede",
    )
    default_expires_s: int = setting(
        300,
        low=10,
        high=86400,
        unit="s",
        help_en="Registration granted to phones that do not ask for a time",
        help_es="Registro que se concede a los teléfonos que no piden una duración",
    )
    domains: tuple[str, ...] = setting(
        (),
        rule=DOMAIN,
        example=("pbx.example.com",),
        help_en="Names by which phones reach this house, besides its addresses; if any stands here, no other is served",
        help_es="Nombres con que se llega aquí, además de sus direcciones; si los hay, no se atienden otros",
    )
    session_expires_s: int = setting(
        1800,
        low=90,
        high=86400,
        unit="s",
        help_en="How often the two ends of a call confirm that it still stands, so that no call outlives its telephone",
        help_es="Cada cuánto confirman los dos extremos que la llamada sigue, para que ninguna sobreviva a su teléfono",
    )
    require_100rel: bool = setting(
        False,
        help_en="Take calls only from peers that confirm what they are told while it rings (100rel); others get 421",
        help_es="Aceptar llamadas solo de quien confirma lo que oye mientras suena (100rel); los demás reciben 421",
    )
    dtmf: str = setting(
        "auto",
        one_of=("auto", "rtp", "inband", "info"),
        help_en="How peers get digits: RTP events, tones in the audio, SIP INFO, or the first of these that each takes",
        help_es="Cómo reciben los dígitos los demás: eventos RTP, tonos, SIP INFO, o lo que cada uno admita",
    )
    follow_redirects: str = setting(
        "users",
        one_of=("no", "users", "any"),
        help_en="Where a phone may send calls on by itself: nowhere, to numbers of the house, or anywhere at your cost",
        help_es="A dónde puede desviar por sí mismo un teléfono: a nadie, a números de aquí, o a quien sea a su costa",
    )
    step_ring_s: float = setting(
        20.0,
        low=5.0,
        high=180.0,
        unit="s",
        help_en="How long a user's preferred phones ring before those it registered with a lower q",
        help_es="Cuánto suenan los teléfonos preferidos de un usuario antes que los registrados con q menor",
    )


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
    outbound: dict[str, OutboundSettings] = named_groups(  # noqa: RUF009
        OutboundSettings,
        ROUTE_NAME,
        example="city",
        help_en="Ways out of the house: which numbers leave it, over which lines",
        help_es="Salidas de la casa: qué números salen y por qué líneas",
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
