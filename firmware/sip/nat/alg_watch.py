"""Gathers what each network shows of a router that rewrites SIP, and tells it once a day.

Why: a single message proves little, and the same phone speaks hundreds of times a day. A few messages
a minute and network are looked at; all is bounded and forgotten after a day, so that a router put
right disappears from the page. Look next at `alg.py`, which judges.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from firmware.config.load import Notice
from firmware.sip.messages.message import Request, Response
from firmware.sip.nat.alg import Evidence, Finding, echo_faults, notice_of, traces_of
from firmware.sip.nat.networks import is_private
from firmware.sip.transports.transport import Address

log = logging.getLogger(__name__)

_NETWORKS_MOST = 256
_KEPT_S = 86400.0
_LOOKS, _LOOKS_EVERY_S = 12, 60.0


class _Network:
    """One network address. told: its finding has been logged."""

    __slots__ = ("began_s", "evidence", "looks_left", "minute_s", "told")

    def __init__(self, now_s: float) -> None:
        self.began_s = self.minute_s = now_s
        self.looks_left = _LOOKS
        self.evidence = Evidence()
        self.told: Finding | None = None


class AlgWatch:
    """now_s: a clock. sources: where phones are registered from; all others may forge what they like.

    told_ip(ip): what peers there are told as our address.
    """

    def __init__(
        self, now_s: Callable[[], float], sources: Callable[[], Iterable[Address]], told_ip: Callable[[str], str]
    ) -> None:
        self._now_s = now_s
        self._sources = sources
        self._told_ip = told_ip
        self._networks: dict[str, _Network] = {}

    def message_arrived(self, message: Request | Response, data: bytes) -> None:
        """Any message over UDP, as it came."""
        ip = message.source[0]
        if is_private(ip) or not self._worth_a_look(message):
            return
        network = self._network(ip)
        if network.told is not None or not self._may_look(network):
            return
        traces = traces_of(message, data)
        begins = isinstance(message, Request) and message.method == "REGISTER"
        unasked = begins and "authorization" not in message.headers and message.source not in self._sources()
        network.evidence.add(traces, unasked=unasked)
        self._judge(ip, network)

    def response_arrived(self, sent: bytes, response: Response) -> None:
        """From a public address, to the request `sent` of ours; b"" when that is not known any more."""
        ip = response.source[0]
        if not sent:
            return
        faults = echo_faults(sent, response)
        if faults:
            network = self._network(ip)
            host = response.via.host
            ours = "Via" in faults and (is_private(host) or is_private(self._told_ip(ip)))
            network.evidence.echo = Finding("echo", faults, ours=ours)
            self._judge(ip, network, certain=True)

    def notices(self) -> list[Notice]:
        """What is known now, for the page."""
        self._forget()
        found = [notice_of(ip, n.told) for ip, n in self._networks.items() if n.told is not None]
        return list(dict.fromkeys(found))

    @staticmethod
    def _worth_a_look(message: Request | Response) -> bool:
        if isinstance(message, Response):
            return bool(message.body)
        return message.method == "REGISTER" or bool(message.body) or message.fault is not None

    def _network(self, ip: str) -> _Network:
        known = self._networks.get(ip)
        if known is not None and self._now_s() - known.began_s > _KEPT_S:
            known = None
        if known is None:
            self._networks.pop(ip, None)
            if len(self._networks) >= _NETWORKS_MOST:
                del self._networks[next(iter(self._networks))]
            known = self._networks[ip] = _Network(self._now_s())
        return known

    def _may_look(self, network: _Network) -> bool:
        now_s = self._now_s()
        if now_s - network.minute_s > _LOOKS_EVERY_S:
            network.minute_s, network.looks_left = now_s, _LOOKS
        network.looks_left -= 1
        return network.looks_left >= 0

    def _judge(self, ip: str, network: _Network, *, certain: bool = False) -> None:
        finding = network.evidence.verdict()
        if finding is None or network.told is not None:
            return
        if not certain and all(ip != source_ip for source_ip, _ in self._sources()):
            return
        network.told = finding
        log.warning("sip: %s", notice_of(ip, finding).en)

    def _forget(self) -> None:
        now_s = self._now_s()
        for ip in [ip for ip, network in self._networks.items() if now_s - network.began_s > _KEPT_S]:
            del self._networks[ip]
