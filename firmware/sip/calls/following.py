"""Finds out where a redirection leads; a host name in it may take a moment to look up (RFC 3261 8.1.3.4).

Why: the Contacts of a 3xx are ours, of others or of nobody, and only when all are known can
they be rung in their order. Used by `hunt.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from firmware.sip.calls.context import SipContext
from firmware.sip.calls.directory import Directory
from firmware.sip.calls.redirection import contacts_of
from firmware.sip.calls.targets import Target, Way
from firmware.sip.dns.locate import Lookup
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.telephony.leg import Diversion

log = logging.getLogger(__name__)


class Following:
    """One 3xx of `target`. done: told when `groups` is complete, maybe from within `start`.

    groups: what may be rung, each list of one q of the 3xx, lowest first.
    """

    def __init__(
        self,
        context: SipContext,
        directory: Directory,
        target: Target,
        diversions: tuple[Diversion, ...],
        response: Response,
        done: Callable[[Following], None],
    ) -> None:
        self._directory = directory
        self._anywhere = context.settings.follow_redirects == "any"
        self._diversions = diversions
        self._contacts = contacts_of(response)
        self._done = done
        self._lookups: list[Lookup] = []
        self._open = 1
        self.target = target
        self.status = response.status
        self.groups: list[list[Target]] = [[] for _ in self._contacts]

    def start(self) -> None:
        for group, uris in zip(self.groups, self._contacts, strict=True):
            for uri in uris:
                self._find(uri, group)
        self._found()

    def cancel(self) -> None:
        """`done` is not called any more."""
        for lookup in self._lookups:
            lookup.cancel()

    def _find(self, uri: str, group: list[Target]) -> None:
        number = self._directory.own_number(uri)
        if number is not None:
            found = self._directory.behind(uri)
            if not found and "gr" not in parse_uri(uri).params:
                found = [Target(number, ())]  # no telephone of ours, but maybe a line
            group += [target._replace(diversions=self._diversions) for target in found]
        elif self._anywhere:

            def located(ways: list[Way]) -> None:
                if ways:
                    group.append(Target(parse_uri(uri).user, tuple(ways), diversions=self._diversions))
                self._found()

            self._open += 1
            try:
                self._lookups.append(self._directory.servers(uri, located))
            except Refusal as refusal:
                log.info("sip: redirection to %s: %s", uri, refusal)
                self._open -= 1

    def _found(self) -> None:
        self._open -= 1
        if not self._open:
            self._done(self)
