"""Which name servers to ask, and which hosts the installer has written down (resolv.conf(5), hosts(5)).

Why: both files change while we run (a cable is moved, a lease renewed), so they are looked at
again before questions are asked, at most every 2 s, and in a thread: a memory card may be slow.
The setting `[sip] dns_servers` takes the place of resolv.conf.

Decisions:
- A name in /etc/hosts is settled there: no address, SRV or NAPTR of it is asked from DNS. It
  is how an installer pins an operator, and how a site without any DNS uses names.
- `localhost` and `invalid` need no server (RFC 6761): browsers' SIP contacts end in ".invalid".
- "search" and "options" of resolv.conf are not used: a SIP domain is a whole name, and our own
  time-outs are what keeps a call quick.

Look next at `resolver.py`.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from firmware.sip.dns.carrier import Server

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0
_MAX_SERVERS = 3
_MAX_OCTETS = 256 * 1024
_LOOPBACK = ("127.0.0.1", "::1")

Hosts = dict[str, tuple[str, ...]]
_Stamp = tuple[int, int, int]


class NameServers:
    """fixed: servers to ask instead of those in `resolv_conf`. hosts: None to have none."""

    def __init__(
        self,
        fixed: Sequence[Server] = (),
        *,
        resolv_conf: Path = Path("/etc/resolv.conf"),
        hosts: Path | None = Path("/etc/hosts"),
    ) -> None:
        self.servers: tuple[Server, ...] = tuple(fixed)
        self._files = ([] if fixed else [resolv_conf]) + ([hosts] if hosts is not None else [])
        self._resolv_conf = resolv_conf
        self._stamps: dict[Path, _Stamp | None] = {}
        self._hosts: Hosts = {}
        self._looked_s = float("-inf")

    async def look(self) -> bool:
        """Take in what has changed in the files; True when the servers are others now."""
        now_s = asyncio.get_running_loop().time()
        if not self._files or now_s < self._looked_s + _LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        before = self.servers
        for path, stamp, text in await asyncio.to_thread(self._changed):
            self._stamps[path] = stamp
            if path == self._resolv_conf:
                self.servers = tuple(_servers_in(text))
            else:
                self._hosts = _hosts_in(text)
        if self.servers != before:
            log.info("sip: name servers: %s", ", ".join(ip for ip, _ in self.servers) or "none")
        return self.servers != before

    def written_down(self, name: str) -> tuple[str, ...] | None:
        """Addresses of a name that needs no server, None for one that does."""
        top = name.rpartition(".")[2]
        if top == "localhost":
            return _LOOPBACK
        return () if top == "invalid" else self._hosts.get(name)

    def _changed(self) -> list[tuple[Path, _Stamp | None, str]]:
        """(path, stamp, content) of each file that is not as it was; a missing one is empty. Runs in a thread."""
        found: list[tuple[Path, _Stamp | None, str]] = []
        for path in self._files:
            stamp: _Stamp | None = None
            text = ""
            try:
                status = path.stat()
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                if stamp == self._stamps.get(path):
                    continue
                with path.open(encoding="utf-8", errors="replace") as file:
                    text = file.read(_MAX_OCTETS)
            except OSError as error:
                log.debug("sip: %s: %s", path, error)
            found.append((path, stamp, text))
        return found


def _lines(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        words = line.partition("#")[0].partition(";")[0].split()
        if len(words) > 1:
            yield words


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _servers_in(text: str) -> list[Server]:
    return [(w[1], 53) for w in _lines(text) if w[0] == "nameserver" and _is_ip(w[1])][:_MAX_SERVERS]


def _hosts_in(text: str) -> Hosts:
    hosts: Hosts = {}
    for ip, *names in _lines(text):
        if _is_ip(ip):
            for name in names:
                key = name.lower().rstrip(".")
                hosts[key] = (*hosts.get(key, ()), ip)
    return hosts
