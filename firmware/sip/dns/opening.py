"""Makes the agent's locator from its settings.

Why: what can be located depends on what was opened: a TCP target is no use without TCP, an
IPv6 address none without IPv6. Look next at `locate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.sip.dns.locate import Locator, Names
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import Resolver
from firmware.sip.dns.search import Means
from firmware.sip.settings import SipSettings

_PORT = 53


def open_locator(settings: SipSettings, transports: Iterable[str], names: Names | None = None) -> Locator:
    """transports: names of those that are open, the one liked best first. IPv6 is liked better (RFC 6724 2.1).

    names: who is asked, in place of the name servers of the settings. Opens no socket and reads no file yet.
    """
    if names is None:
        names = Resolver(NameServers([(ip, _PORT) for ip in settings.dns_servers]))
    families = sorted((6 if ":" in ip else 4 for ip in settings.listen), reverse=True)
    return Locator(names, Means(tuple(transports), tuple(families)))
