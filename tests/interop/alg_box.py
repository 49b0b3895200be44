"""A home router that meddles with SIP: its kernel's own helper, or a box in user space that rewrites what a test says.

Linux's helper rewrites everything alike and does no harm; many cheap routers do not, and `AlgBox` plays one.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable

from tests.interop.net_lab import HOME, MASQUERADE, Lab, NatRouter, router_table

LINUX_HELPER = """
    table ip meddling {
        ct helper sip { type "sip" protocol udp; l3proto ip; }
        chain pre { type filter hook prerouting priority -50; udp dport 5060 ct helper set "sip"; }
    }"""
"""To be added to a router's rules: the SIP ALG that most home routers are built with."""

Rewrite = Callable[[str, str, str], str]
"""(message, inner "ip:port", outer "ip:port") -> message, on its way out."""


def contact_only(text: str, inner: str, outer: str) -> str:
    """Leaves Via and SDP as they were."""
    return re.sub(rf"^(Contact:.*){re.escape(inner)}", rf"\g<1>{outer}", text, flags=re.M)


class AlgBox(NatRouter):
    """Takes what the home sends to port 5060, rewrites it, sends it on from a port of its own, and back."""

    def __init__(self, lab: Lab, ip: str, server: tuple[str, int], rewrite: Rewrite) -> None:
        catch = 'iifname != "wan" udp dport 5060 redirect to :5060;'
        super().__init__(lab, ip, router_table(catch, "accept", out=MASQUERADE, open_port=5070))
        self._server, self._rewrite = server, rewrite
        self._home, self._wan = self.socket(), self.socket()
        self._home.bind(("0.0.0.0", 5060))
        self._wan.bind((ip, 5070))
        self._phone: tuple[str, int] = (f"{HOME}.20", 5060)
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in (self._outwards, self._inwards)]
        for thread in self._threads:
            thread.start()

    def _receive(self, sock: socket.socket) -> tuple[bytes, tuple[str, int]]:
        sock.settimeout(0.2)
        while not self._ending.is_set():
            try:
                data, source = sock.recvfrom(65536)
            except TimeoutError:
                continue
            return data, source
        raise EOFError

    def _outwards(self) -> None:
        try:
            while True:
                data, self._phone = self._receive(self._home)
                inner, outer = f"{self._phone[0]}:{self._phone[1]}", f"{self.ip}:5070"
                self._wan.sendto(self._rewrite(data.decode(), inner, outer).encode(), self._server)
        except EOFError:
            return

    def _inwards(self) -> None:
        try:
            while True:
                data, _ = self._receive(self._wan)
                inner, outer = f"{self._phone[0]}:{self._phone[1]}", f"{self.ip}:5070"
                start, _, rest = data.decode().partition("\r\n")
                self._home.sendto(f"{start.replace(outer, inner)}\r\n{rest}".encode(), self._phone)
        except EOFError:
            return

    def stop(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(2)
        self._home.close()
        self._wan.close()
