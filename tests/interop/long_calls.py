"""One call of every telephone on every transport, long enough for a session timer to be seen at work.

The shortest interval that RFC 4028 allows is 90 s, so that a refresh comes after 45; all calls wait for theirs at
one time, beside whatever else a test module does.
"""

from __future__ import annotations

import re

from tests.interop.fleet import Fleet
from tests.interop.matrix import PHONES, WAYS, cell
from tests.interop.processes import eventually
from tests.interop.site import Site
from tests.interop.soft_phone import SoftPhone


CALLERS = dict(zip(PHONES, ("301", "302", "303"), strict=True))
CALLEE = "304"


class LongCalls:
    """All go to one peer that only speaks, though it never does: a silent telephone would be hung up on."""

    def __init__(self, site: Site, fleet: Fleet) -> None:
        self._site, self._fleet = site, fleet
        self._phones: dict[tuple[str, str], SoftPhone] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def begin(self) -> None:
        self._callee = self._fleet.raw(CALLEE, direction="sendonly")
        for way in WAYS:
            for kind in PHONES:
                phone = self._fleet.start(kind, self._fleet.account(CALLERS[kind], way))
                phone.registered().dial(CALLEE)
                phone.wait_up()
                self._phones[kind, way] = phone
        self._seen = {column: _changes(phone) for column, phone in self._phones.items()}

    def judge(self) -> None:
        """Each has been confirmed to be alive, and is."""
        for (kind, way), phone in self._phones.items():
            with cell("refreshed", kind, way):
                before = self._seen[kind, way]
                eventually("confirmed", lambda p=phone, n=before: _changes(p) > n, 60, every_s=1)  # type: ignore[misc]
        assert len(self._site.status()["calls"]) == len(self._phones)
        for phone in self._phones.values():
            phone.hangup()
            phone.wait_closed()
        wanted = len(self._phones)
        eventually("all hung up", lambda: sum(m.startswith("BYE") for m in self._callee.received) == wanted, 5)


def _changes(phone: SoftPhone) -> int:
    """How many INVITEs and UPDATEs it has sent and received."""
    return len(re.findall(r"^(?:INVITE|UPDATE) sip\S+ SIP/2\.0", phone.output(), re.MULTILINE))
