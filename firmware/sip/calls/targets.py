"""Where one call may be tried, and in which order: contacts by q, serial and parallel (RFC 3261 16.5, 16.6).

Why: the order is a thing of its own, without clock and network: equal q rings together, lower q
comes when all above have failed or rung long enough, a redirection is followed once.
Who sends the INVITEs: `called.py`. Who finds the ways: `directory.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.accounts.signer import Credentials
from firmware.sip.dns.search import Target as Server
from firmware.sip.transports.hop import Hop
from firmware.telephony.leg import Diversion

MAX_TARGETS = 30
"""Places tried for one leg, redirections included; more are not taken up."""


class Way(NamedTuple):
    """One way to a target. routes: Route header lines for requests that go there, or "".

    binding: the registration it is known by; server: what was located; one of them is None.
    """

    uri: str
    hop: Hop
    routes: str = ""
    binding: Binding | None = None
    server: Server | None = None


class Target(NamedTuple):
    """Somebody to ring. number: whose telephone, "" when unknown. instance: which one, "" when it did not say.

    ways: tried one after another, for they lead to the same telephone or server (RFC 3263 4.3, RFC 5626 5.3);
    without any it is a number of this house that is not ours to ring.
    diversions: the redirections that led here, newest first. breadth: its share of the call's breadth.
    credentials: for the challenges of this target, and of no other.
    """

    number: str
    ways: tuple[Way, ...]
    q: float = 1.0
    instance: str = ""
    diversions: tuple[Diversion, ...] = ()
    breadth: int = 0
    credentials: Credentials | None = None


class TargetSet:
    """Groups of targets in descending q, each handed out once by `next_group`.

    A way that was ever in the set is not taken up a second time, so redirections cannot go in a circle.
    """

    __slots__ = ("_groups", "_seen")

    def __init__(self, targets: Iterable[Target]) -> None:
        self._seen: set[Way | str] = set()
        self._groups: list[list[Target]] = []
        self.put_first(targets)

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return bool(self._groups)

    def next_group(self) -> list[Target]:
        """The targets to ring together now; [] when none is left."""
        return self._groups.pop(0) if self._groups else []

    def drop_rest(self) -> None:
        """Nobody else is to be rung."""
        self._groups.clear()

    def put_first(self, targets: Iterable[Target]) -> bool:
        """Take up new targets in front of what is left, in groups of equal q. False when none of them is new."""
        groups: dict[float, list[Target]] = {}
        for target in targets:
            first = target.ways[0] if target.ways else target.number
            if first not in self._seen and len(self._seen) < MAX_TARGETS:
                self._seen.add(first)
                groups.setdefault(target.q, []).append(target)
        self._groups[:0] = [groups[q] for q in sorted(groups, reverse=True)]
        return bool(groups)
