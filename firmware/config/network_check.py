"""Rules between settings of SIP and audio: port ranges, registration times, addresses, certificates.

Called by `cross_check.py`.
"""

from __future__ import annotations

from firmware.config.check import Checker
from firmware.config.declaration import Words
from firmware.config.settings import Media, Settings
from firmware.config.sip_settings import Sip

_SELF_SIGNED = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 "
    "-subj /CN=tipring -keyout sip.key -out sip.pem"
)


def check_network(settings: Settings, checker: Checker) -> None:
    """Note every contradiction in `[media]` and `[sip]`."""
    _media(settings.media, checker)
    _expires(settings.sip, checker)
    _listen(settings.sip, checker)
    _tls(settings.sip, checker)


def _media(media: Media, checker: Checker) -> None:
    first, last, least = media.rtp_first, media.rtp_last, media.rtp_first + 3
    if first % 2:
        even = Words("even numbers (RFC 3550, section 11)", "números pares (RFC 3550, sección 11)")
        checker.wrong("media.rtp_first", first, even)
    if last < least:
        enough = Words(f"{least} or more, since rtp_first is {first}", f"{least} o más, ya que rtp_first es {first}")
        checker.wrong("media.rtp_last", last, enough)


def _expires(sip: Sip, checker: Checker) -> None:
    if sip.max_expires_s < sip.min_expires_s:
        checker.wrong(
            "sip.max_expires_s",
            sip.max_expires_s,
            Words(
                f"{sip.min_expires_s} s or more, since that is min_expires_s",
                f"{sip.min_expires_s} s o más, ya que ese es min_expires_s",
            ),
        )
    elif not sip.min_expires_s <= sip.default_expires_s <= sip.max_expires_s:
        checker.wrong(
            "sip.default_expires_s",
            sip.default_expires_s,
            Words(
                f"{sip.min_expires_s} to {sip.max_expires_s} s, min_expires_s to max_expires_s",
                f"de {sip.min_expires_s} a {sip.max_expires_s} s, de min_expires_s a max_expires_s",
            ),
        )


def _listen(sip: Sip, checker: Checker) -> None:
    """One socket an address family, so that an answer never leaves from another address than was asked."""
    families = [":" in ip for ip in sip.listen]
    if not families or len(families) != len(set(families)):
        checker.wrong(
            "sip.listen",
            list(sip.listen),
            Words("one IPv4 address, one IPv6 address, or both", "una dirección IPv4, una IPv6 o las dos"),
        )


def _tls(sip: Sip, checker: Checker) -> None:
    """A port for TLS needs a certificate; a port of its own beside TCP."""
    if sip.tls_port is None:
        return
    for name in ("tls_certificate", "tls_key"):
        if getattr(sip, name) is None:
            problem = Words(
                f"is missing, and tls_port needs it; one signed by itself is made by: {_SELF_SIGNED}",
                f"falta, y tls_port lo necesita; uno firmado por sí mismo se hace con: {_SELF_SIGNED}",
            )
            checker.note(f"sip.{name}", problem, Words("a file in PEM form", "un fichero PEM"))
    if sip.tls_port == (sip.udp_port if sip.tcp_port is None else sip.tcp_port):
        other = Words("another port than TCP's, such as 5061", "otro puerto que el de TCP, como 5061")
        checker.wrong("sip.tls_port", sip.tls_port, other)
