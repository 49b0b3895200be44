"""SIP over TLS: the certificate of the house, and proof from those we connect to (RFC 3261 26.3, RFC 5922).

Why: handshakes take the certificate that is good at their time, so a new one comes into use
without touching a living connection. Every connection counts against the limits before its
handshake. Imported only where TLS is switched on. Look next at `certificates.py`.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from asyncio import sslproto
from typing import Any

from firmware.sip.transports.certificates import (
    CertificateError,
    Expired,
    TlsFiles,
    client_context,
    prove,
    server_context,
)
from firmware.sip.transports.connection import Connection, StreamLimits
from firmware.sip.transports.own_addresses import OwnAddresses
from firmware.sip.transports.stream import StreamTransport
from firmware.sip.transports.transport import Address, TransportUser

log = logging.getLogger(__name__)

sslproto.SSLProtocol.max_size = 16384  # what asyncio sets aside for every connection: one record, not 256 KiB
HANDSHAKE_S = 10.0
_SHUTDOWN_S = 2.0
_NAMES_KEPT = 1024


class TlsTransport(StreamTransport):
    """SIP over TLS. Nobody is let in before `refresh` found good files; `fault` tells what is wrong with the last."""

    name = "TLS"
    default_port = 5061

    def __init__(
        self, user: TransportUser, own: OwnAddresses, port: int, limits: StreamLimits, files: TlsFiles
    ) -> None:
        super().__init__(user, own, port, limits)
        self._files = files
        self._stamp: object = None
        self._accepting: ssl.SSLContext | None = None
        self._opening: ssl.SSLContext | None = None
        self._names: dict[Address, str] = {}

    # -- certificates --------------------------------------------------------------------
    async def refresh(self, *, force: bool = False) -> None:
        """Take the files into use for new connections, if they changed or `force`; `fault` tells when they are bad.

        A certificate whose time is over, or not yet come, is taken only where there is none in use:
        the clock of a small machine may be wrong at its start.
        """
        stamp = self._files.stamp()
        if stamp == self._stamp and not force:
            return
        self._stamp = stamp
        try:
            context, until = await asyncio.to_thread(self._read)
        except CertificateError as fault:
            self.fault = str(fault)
            kept = "the one before stays in use" if self._accepting is not None else "no TLS until this is mended"
            log.error("sip: tls: %s: %s", fault, kept)
            return
        first = self._accepting is None
        self._accepting, self._opening, self.fault = context, None, ""
        log.info("sip: tls certificate %s in use, good until %s", self._files.certificate, until or "?")
        if first:
            self.listen()

    def _read(self) -> tuple[ssl.SSLContext, str]:
        context = server_context(self._files)
        try:
            until = prove(self._files)
        except Expired as expired:
            if self._accepting is not None:
                raise
            log.error("sip: tls certificate used all the same, there is no other: %s", expired)
            until = ""
        return context, until

    # -- connections -----------------------------------------------------------------------
    def expect(self, address: Address, name: str) -> None:
        """A connection to `address` must prove to be `name`; one that proved another name is not used for it."""
        if len(self._names) >= _NAMES_KEPT:
            del self._names[next(iter(self._names))]
        self._names[address] = name
        living = self._connections.get(address)
        if living is not None and living.opened_for not in {"", name}:
            self.forget(address)

    def _name_wanted(self, address: Address) -> str:
        return self._names.get(address) or address[0].partition("%")[0]

    def _accepting_options(self) -> dict[str, Any]:
        return {
            "ssl": self._accepting,
            "ssl_handshake_timeout": HANDSHAKE_S,
            "ssl_shutdown_timeout": _SHUTDOWN_S,
        }

    async def _opening_options(self, connection: Connection) -> dict[str, Any]:
        if self._opening is None:
            try:
                self._opening = await asyncio.to_thread(client_context, self._files)
            except CertificateError as fault:
                raise OSError(str(fault)) from None
        return {
            "ssl": self._opening,
            "server_hostname": connection.opened_for,
            "ssl_handshake_timeout": HANDSHAKE_S,
            "ssl_shutdown_timeout": _SHUTDOWN_S,
        }
