"""The whole house on UDP, TCP and TLS, IPv4 and IPv6: what it says about that, and SIGHUP for a new certificate."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
from pathlib import Path

from tests.interop.processes import eventually, free_port
from tests.interop.site import Site
from tests.sip.certificates import Authority

OPTIONS = (
    "OPTIONS sip:pbx SIP/2.0\r\nVia: SIP/2.0/{kind} {host}:9;branch=z9hG4bKo;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:pbx>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def answered(sock: socket.socket, kind: str, host: str = "127.0.0.1") -> bool:
    sock.settimeout(5)
    sock.sendall(OPTIONS.format(kind=kind, host=host).encode())
    return sock.recv(4096).startswith(b"SIP/2.0 200")


def test_every_transport_of_both_families_answers_and_a_new_certificate_comes_with_sighup(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = tmp_path / "sip.pem", tmp_path / "sip.key"
    for made, place in zip(authority.sign("first"), (certificate, key), strict=True):
        shutil.copy(made, place)
    tls_port = free_port(socket.SOCK_STREAM)
    extra = f'tls_port = {tls_port}\ntls_certificate = "{certificate}"\ntls_key = "{key}"\n'
    site = Site(tmp_path, sip_extra=extra)
    text = site.settings.read_text()
    site.settings.write_text(text.replace('listen = "127.0.0.1"', 'listen = ["127.0.0.1", "::1"]', 1))

    def connect(ip: str = "127.0.0.1") -> ssl.SSLSocket:
        plain = socket.create_connection((ip, tls_port), 5)
        return authority.client().wrap_socket(plain, server_hostname=ip)

    def serial() -> str:
        with connect() as sock:
            return str((sock.getpeercert() or {})["serialNumber"])

    with site:
        for ip, host in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
            with socket.create_connection((ip, site.sip_port), 5) as stream, connect(ip) as secure:
                assert answered(stream, "TCP", host) and answered(secure, "TLS", host)
            family = socket.AF_INET6 if ":" in ip else socket.AF_INET
            with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
                datagrams.connect((ip, site.sip_port))
                assert answered(datagrams, "UDP", host)
        places = {place["transport"]: (place["port"], place["fault"]) for place in site.status()["sip"]}
        assert places == {"UDP": (site.sip_port, ""), "TCP": (site.sip_port, ""), "TLS": (tls_port, "")}
        said = site.tipring("status").stdout
        assert f"TLS     127.0.0.1 [::1]  {tls_port}" in said

        first, living = serial(), connect()
        for made, place in zip(authority.sign("second"), (certificate, key), strict=True):
            shutil.copy(made, place)
        os.kill(site.core_pid(), signal.SIGHUP)
        eventually("the new certificate is shown", lambda: serial() != first, 10)
        key.write_text("rubbish")
        os.kill(site.core_pid(), signal.SIGHUP)
        eventually("the fault is told", lambda: f"{key}: " in site.tipring("status").stdout, 10)
        assert serial() != first and answered(living, "TLS")
        living.close()
