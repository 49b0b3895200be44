"""The certificate files of TLS: loaded, tried out, and named when they are at fault (RFC 3261 26.3.1).

Why: a certificate is proven by a handshake with ourselves in memory before a phone meets it,
so that a bad new one never takes the place of a good old one. Everything here reads files
and computes for milliseconds: call it in a thread. Look next at `tls.py`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

_NOT_ITS_TIME = {9, 10}  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files. certificate: ours, followed by those that lead to its authority. key: without a passphrase.

    client_ca: who must have signed the certificates of those that connect to us; None lets all in.
    ca: who must have signed those we connect to; None is the system's list.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    ca: Path | None = None

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Differs when a file was written or replaced; a missing file has a stamp too."""
        return tuple(_stamp(path) for path in (self.certificate, self.key, self.client_ca, self.ca) if path)


class CertificateError(Exception):
    """The text names the file and its fault."""


class Expired(CertificateError):
    """The files fit together, but the certificate's time is not now."""


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """For connections that come in; TLS 1.2 and later. Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_own(context, files)
    if files.client_ca is not None:
        _load_authorities(context, files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """For connections we open: the peer's certificate is verified, ours shown on demand. Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.ca is not None:
        _load_authorities(context, files.ca)
    else:
        context.load_default_certs()
    _load_own(context, files)
    return context


def prove(files: TlsFiles) -> str:
    """Shake hands with ourselves; returns until when the certificate is good. Raises Expired or CertificateError."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname = False
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    _load_authorities(trust, files.certificate)
    _load_own(trust, files)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    alone = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # the same certificate, without asking for one in return
    _load_own(alone, files)
    server = alone.wrap_bio(to_server, to_client, server_side=True)
    client = trust.wrap_bio(to_client, to_server)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                kind = Expired if error.verify_code in _NOT_ITS_TIME else CertificateError
                raise kind(f"{files.certificate}: {error.verify_message}") from None
            except ssl.SSLError as error:
                raise CertificateError(f"{files.certificate}: {_said(error)}") from None
    return str((client.getpeercert() or {}).get("notAfter", ""))


def _load_own(context: ssl.SSLContext, files: TlsFiles) -> None:
    for path in (files.certificate, files.key):
        _readable(path)
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_passphrase)
    except _Passphrase:
        raise CertificateError(f"{files.key}: the key is protected by a passphrase, which nobody could type") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{files.key}: is not the key of {files.certificate}") from None
        raise CertificateError(f"{_culprit(files)}: {_said(error)}") from None


def _culprit(files: TlsFiles) -> Path:
    """Which of the two OpenSSL could not read; it does not say."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(files.certificate)
    except ssl.SSLError:
        return files.certificate
    return files.key


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    _readable(path)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise CertificateError(f"{path}: {_said(error)}") from None


def _readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise CertificateError(f"{path}: {error.strerror}") from None


def _said(error: ssl.SSLError) -> str:
    """OpenSSL's words, without its numbers."""
    return (error.reason or "no certificate or key in PEM form").replace("_", " ").lower()


class _Passphrase(Exception):
    """OpenSSL asked for one."""


def _no_passphrase() -> str:
    raise _Passphrase


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_size, found.st_mtime_ns
