"""Where somebody can be reached: a user's telephones, the servers of a URI, and which addresses are ours.

Why: a called leg asks this and nothing else, so that registrations, DNS and our own addresses
stay out of call logic. Look next at `targets.py`, `accounts/registrar.py` and `dns/locate.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.accounts.registrar import Registrar
from firmware.sip.calls.targets import Target, Way
from firmware.sip.dns.locate import Locator, Lookup
from firmware.sip.dns.search import Target as Server
from firmware.sip.dns.search import numeric
from firmware.sip.messages.headers import parse_name_addr, parse_number, split_outside
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import Uri, dialled_number, parse_uri
from firmware.sip.settings import REALM, SipSettings
from firmware.sip.transports.hop import Hop, next_hop
from firmware.sip.transports.transport import Transport

log = logging.getLogger(__name__)


class Directory:
    """One per agent. transports: those in use, by name. locator: where servers are found."""

    def __init__(
        self, settings: SipSettings, transports: Mapping[str, Transport], registrar: Registrar, locator: Locator
    ) -> None:
        self._domains = {REALM, *settings.domains}
        self._named = bool(settings.domains)
        self._transports = transports
        self._registrar = registrar
        self._locator = locator

    def telephones(self, user: str, instance: str = "") -> list[Target]:
        """What `user` can be rung at now. instance: only that one telephone.

        The flows of one telephone are ways of one target, the one registered last first (RFC 5626 5.3).
        """
        found: list[Target] = []
        for binding in self._registrar.bindings(user):
            if instance and binding.instance.lower() != instance.lower():
                continue
            try:
                way = self.way(binding)
            except Refusal as refusal:
                log.info("sip:%s: %s cannot be reached: %s", user, binding.contact, refusal)
                continue
            if binding.reg_id:
                first = next((each for each in found if _is_flow_of(binding, each)), None)
                if first is not None:
                    found[found.index(first)] = first._replace(ways=(way, *first.ways), q=max(first.q, binding.q))
                    continue
            found.append(Target(user, (way,), binding.q, binding.instance))
        return found

    def behind(self, text: str) -> list[Target]:
        """What the URI `text` can be rung at when it is one of this house; [] when it is not, or nobody is there."""
        number = self.own_number(text)
        if number is None:
            return []
        meant = self.meant_by(parse_uri(text)) if "gr" in parse_uri(text).params else (number, "")
        return self.telephones(*meant) if meant is not None else []

    def meant_by(self, gruu: Uri) -> tuple[str, str] | None:
        """(user, instance) behind a GRUU of ours, None when it leads nowhere any more."""
        return self._registrar.behind_gruu(gruu)

    def servers(self, uri: str, done: Callable[[list[Way]], None]) -> Lookup:
        """Tell `done` the ways to a URI that is not of this house, the best first: at once if nothing must be asked.

        Raises Refusal for what is no sip or sips URI.
        """
        bare = uri.partition("?")[0]

        def located(found: list[Server]) -> None:
            done([self._to_server(bare, server) for server in found if server.transport in self._transports])

        return self._locator.locate(bare, located)

    def failed(self, way: Way, status: int, response: Response | None) -> None:
        """A way ended in 408, 430 or 503. response: None when nothing came (408) or nothing could be sent (503).

        A flow that is gone takes its registration along (RFC 5626 5.3); a server is not tried first for a while.
        """
        if way.server is not None:
            self._locator.targets.mark_bad(way.server, retry_after_s=_retry_after_s(response))
        elif way.binding is not None and way.binding.reg_id and (status == 430 or (status == 503 and response is None)):
            log.info("sip:%s: flow %d is gone", way.binding.user, way.binding.reg_id)
            self._registrar.drop(way.binding)

    def worked(self, way: Way) -> None:
        """Something came back that says that the server is well."""
        if way.server is not None:
            self._locator.targets.mark_good(way.server)

    def own_number(self, text: str) -> str | None:
        """The number that the URI `text` names if it is one of this house: a tel URI, or our name or address.

        Raises Refusal for what is no sip, sips or tel URI.
        """
        uri = parse_uri(text)
        if uri.scheme == "tel" or uri.host in self._domains or self._is_ours(uri.host, uri.port):
            return dialled_number(uri)
        return None

    def serves(self, text: str) -> bool:
        """Whether a request for the URI `text` is for us. Without named domains any name is taken for ours."""
        return not self._named or self.own_number(text) is not None

    def _is_ours(self, host: str, port: int) -> bool:
        ip = numeric(host)
        return ip is not None and any(
            (port or transport.default_port) == transport.port and transport.local_ip(ip) == ip
            for transport in self._transports.values()
        )

    def _to_server(self, uri: str, server: Server) -> Way:
        transport, address = self._transports[server.transport], (server.ip, server.port)
        transport.expect(address, server.name)
        return Way(uri, Hop(transport, address), server=server)

    def way(self, binding: Binding) -> Way:
        """To a contact: by its Path, over its flow, else over the connection it registered from while that lives.

        Raises Refusal when no transport leads there, 430 when its flow is gone.
        """
        uri = binding.contact.partition("?")[0]
        transport = self._transports.get(binding.transport) or self._transports["UDP"]
        source = (binding.source_ip, binding.source_port)
        if binding.path:
            first = parse_name_addr(split_outside(binding.path, ",")[0]).uri
            hop = next_hop(first, transport, source, near_only=True)
            return Way(uri, hop, f"Route: {binding.path}\r\n", binding)
        if not binding.reg_id:
            return Way(uri, next_hop(uri, transport, source), "", binding)
        if transport.name != binding.transport or not transport.has_flow(source):
            raise Refusal(430)
        return Way(uri, Hop(transport, source), "", binding)


def _retry_after_s(response: Response | None) -> float | None:
    """Of a 503; None when it does not say, or not in a way that can be read."""
    text = response.get("retry-after") if response is not None else ""
    try:
        return float(parse_number(text.partition(";")[0].partition("(")[0], 2**31, "Retry-After")) if text else None
    except Refusal:
        return None


def _is_flow_of(binding: Binding, target: Target) -> bool:
    other = target.ways[0].binding
    return other is not None and other.reg_id > 0 and target.instance.lower() == binding.instance.lower()
