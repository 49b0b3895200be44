"""[sip]: where SIP phones reach us, how we are reached from outside, and what is agreed with them.

Part of `settings.py`; how a declaration works: `declaration.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.config.declaration import (
    ADDRESS,
    ANY_ADDRESS,
    DOMAIN,
    FILE,
    NETWORK,
    PUBLIC_ADDRESS,
    STUN_SERVER,
    setting,
)


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
