"""Telephones of every make, started for one test and ended with it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tests.interop.baresip import Baresip
from tests.interop.host import LOOPBACK, LOOPBACK_IPV6
from tests.interop.kamailio import Kamailio
from tests.interop.linphone import Linphone
from tests.interop.pjsua import Pjsua
from tests.interop.raw_phone import RawPhone
from tests.interop.site import PASSWORDS, Site
from tests.interop.soft_phone import Account, SoftPhone


class Fleet:
    """edge: the proxy in front of the site, if there is one. Whatever it starts ends with `stack`."""

    def __init__(self, site: Site, folder: Path, stack: ExitStack, edge: Kamailio | None = None) -> None:
        self._site, self.folder, self._stack, self._edge = site, folder, stack, edge

    def account(self, user: str, way: str) -> Account:
        """way: one of `matrix.WAYS`."""
        if way == "proxy":
            assert self._edge is not None
            return replace(self._site.account(user), port=self._edge.port, proxy_realm="edge.test")
        return self._site.account(user, way)

    def start(self, kind: str, account: Account, *, special: bool = False) -> SoftPhone:
        """kind: one of `matrix.PHONES`. special: it rings with 183 and sound, and sends digits by INFO, if it can."""
        phone: SoftPhone
        if kind == "baresip":
            phone = Baresip(self.folder, account)
        elif kind == "linphone":
            phone = Linphone(self.folder, account, early=special, info_digits=special)
        else:
            phone = Pjsua(self.folder, account, early=special, info_digits=special)
        self._stack.callback(phone.stop)
        return phone

    def raw(self, user: str, answer: str = "200", contact: str = "") -> RawPhone:
        """A registered RawPhone, or one that registers somebody else: the URI `contact`."""
        machine = LOOPBACK_IPV6 if "[" in contact else LOOPBACK
        phone = RawPhone(user, PASSWORDS[user], self._site.sip_port, answer, machine=machine, contact=contact)
        self._stack.callback(phone.stop)
        phone.register()
        self._stack.callback(phone.register, 0)
        return phone

    def server(self, script: str) -> Kamailio:
        """A kamailio on all transports."""
        server = Kamailio(self.folder, script, self._site.authority)
        self._stack.callback(server.stop)
        return server
