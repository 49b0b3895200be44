"""The registrar: which contacts a user can be reached at (RFC 3261 section 10).

Why: pure rules on a dictionary; `agent.py` brings authenticated REGISTERs, `BindingStore`
keeps the outcome. All changes of one REGISTER happen or none. Look next at `binding_store.py`.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from email.utils import formatdate

from firmware.sip.accounts.binding_store import Binding, BindingStore
from firmware.sip.messages.headers import NameAddr, parse_name_addr, parse_number, parse_q, printable
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri, same_uri
from firmware.sip.settings import SipSettings, SipUser

log = logging.getLogger(__name__)

MAX_CONTACTS = 10
"""Contacts of one user at a time."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A live binding for people to read. source: "ip:port"; transport: "UDP"; expires_s: seconds left."""

    user: str
    name: str
    contact: str
    source: str
    transport: str
    agent: str
    expires_s: int


class Registrar:
    """Bindings of all users. `wall_s` may be replaced by tests."""

    def __init__(self, settings: SipSettings, store: BindingStore) -> None:
        self._settings = settings
        self._store = store
        self._bindings: dict[str, list[Binding]] = {}
        self.wall_s = time.time

    def load(self, bindings: list[Binding]) -> None:
        """Take over the bindings of last time."""
        for binding in bindings:
            self._bindings.setdefault(binding.user, []).append(binding)

    def bindings(self, user: str) -> list[Binding]:
        """Live contacts of `user`, highest q first."""
        now_s = self.wall_s()
        live = [binding for binding in self._bindings.get(user, ()) if binding.expires_wall_s > now_s]
        return sorted(live, key=lambda binding: -binding.q)

    def all_bindings(self) -> list[Binding]:
        now_s = self.wall_s()
        return [b for found in self._bindings.values() for b in found if b.expires_wall_s > now_s]

    def keep_only(self, users: set[str]) -> None:
        """Drop the bindings of users that no longer exist."""
        for user in set(self._bindings) - users:
            self._replace(user, [])

    def sweep(self) -> None:
        """Forget what has expired; called now and then."""
        for user in list(self._bindings):
            self._replace(user, self.bindings(user))

    def register(self, request: Request, user: SipUser, transport: str = "UDP") -> str:
        """Carry out a REGISTER for `user` that came by `transport`; returns the header lines of its 200.

        Raises Refusal: 400 bad contact, 423 too brief, 403 too many contacts, 500 old CSeq.
        """
        lines = request.values("contact")
        if not lines:
            return self._listing(user.user)
        call_id, cseq = request.call_id, request.cseq[0]
        default = self._header_expires(request)
        current = self.bindings(user.user)
        if "*" in lines:
            if len(lines) > 1 or default != 0:
                raise Refusal(400, "Contact * needs Expires 0 and stands alone")
            for binding in current:
                _check_order(binding, call_id, cseq)
            current = []
        elif len(lines) > 2 * MAX_CONTACTS:  # as many are removed as added, at most; thousands would take seconds
            raise Refusal(403, "Too many contacts")
        else:
            for line in lines:
                self._change(current, request, user.user, parse_name_addr(line), default, transport)
        if len(current) > MAX_CONTACTS:
            raise Refusal(403, "Too many contacts")
        self._replace(user.user, current)
        log.info("sip:%s: registered with %d contact(s) by %s:%d", user.user, len(current), *request.source)
        return self._listing(user.user)

    def _header_expires(self, request: Request) -> int:
        text = request.get("expires").partition(";")[0]
        if not text:
            return self._settings.default_expires_s
        return _expiry(text, self._settings.default_expires_s)

    def _change(
        self,
        current: list[Binding],
        request: Request,
        user: str,
        contact: NameAddr,
        default_s: int,
        transport: str,
    ) -> None:
        """Apply one Contact value to `current`."""
        uri = parse_uri(contact.uri)
        if uri.scheme == "tel":
            raise Refusal(400, "A contact must be a SIP URI")
        asked = contact.params.get("expires")
        expires_s = _expiry(asked, self._settings.default_expires_s) if asked is not None else default_s
        if 0 < expires_s < self._settings.min_expires_s:
            raise Refusal(423, headers=f"Min-Expires: {self._settings.min_expires_s}\r\n")
        for index, binding in enumerate(current):
            if binding.contact == contact.uri or same_uri(parse_uri(binding.contact), uri):
                _check_order(binding, request.call_id, request.cseq[0])
                del current[index]
                break
        if expires_s > 0:
            ends = self.wall_s() + min(expires_s, self._settings.max_expires_s)
            cseq, agent = request.cseq[0], printable(request.get("user-agent"))
            q = parse_q(contact.params.get("q"))
            current.append(
                Binding(user, contact.uri, request.call_id, cseq, ends, q, agent, *request.source, transport)
            )

    def _replace(self, user: str, after: list[Binding]) -> None:
        before = self._bindings.get(user, [])
        kept = {binding.contact for binding in after}
        for binding in before:
            if binding.contact not in kept:
                self._store.drop(binding)
        for binding in after:
            if binding not in before:
                self._store.put(binding)
        if after:
            self._bindings[user] = after
        else:
            self._bindings.pop(user, None)

    def _listing(self, user: str) -> str:
        now_s = self.wall_s()
        contacts = "".join(
            f"Contact: <{binding.contact}>;expires={max(1, round(binding.expires_wall_s - now_s))}\r\n"
            for binding in self.bindings(user)
        )
        return f"{contacts}Date: {formatdate(now_s, usegmt=True)}\r\n"


def _expiry(text: str, default_s: int) -> int:
    """Seconds; a malformed value counts as the default, as RFC 3261 10.3 step 6 and 20.19 want."""
    try:
        return parse_number(text, 2**32 - 1, "Expires")
    except Refusal:
        return default_s


def _check_order(binding: Binding, call_id: str, cseq: int) -> None:
    """RFC 3261 10.3 step 7: an older or repeated CSeq of the same Call-ID changes nothing."""
    if binding.call_id == call_id and cseq <= binding.cseq:
        raise Refusal(500, "Sequence number out of order")
