"""Where somebody can be reached: a user's telephones, and whether an address is one of ours.

Why: a called leg asks this and nothing else, so that registrations and our own addresses
stay out of call logic. Look next at `targets.py` and `accounts/registrar.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.accounts.registrar import Registrar
from firmware.sip.calls.targets import Target, Way
from firmware.sip.dns.search import numeric
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import dialled_number, parse_uri
from firmware.sip.settings import REALM, SipSettings
from firmware.sip.transports.hop import next_hop
from firmware.sip.transports.transport import Transport

log = logging.getLogger(__name__)


class Directory:
    """One per agent. transports: those in use, by name."""

    def __init__(self, settings: SipSettings, transports: Mapping[str, Transport], registrar: Registrar) -> None:
        self._domains = {REALM, *settings.domains}
        self._named = bool(settings.domains)
        self._transports = transports
        self._registrar = registrar

    def telephones(self, user: str) -> list[Target]:
        """What `user` can be rung at now."""
        found = []
        for binding in self._registrar.bindings(user):
            try:
                found.append(Target(binding.user, (self.way(binding),), binding.q))
            except Refusal as refusal:
                log.info("sip:%s: %s cannot be reached: %s", user, binding.contact, refusal)
        return found

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

    def way(self, binding: Binding) -> Way:
        """To a contact, over the connection it registered from while that lives.

        Raises Refusal when no transport leads there.
        """
        uri = binding.contact.partition("?")[0]
        transport = self._transports.get(binding.transport) or self._transports["UDP"]
        return Way(uri, next_hop(uri, transport, (binding.source_ip, binding.source_port)))
