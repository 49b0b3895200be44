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
from firmware.sip.accounts.contact_change import Change, check_order, expiry
from firmware.sip.accounts.gruu import find_gruu, gruu_params
from firmware.sip.accounts.outbound import FLOW_TIMER_S, Asked, asked_of
from firmware.sip.messages.headers import parse_name_addr
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import Uri, parse_uri
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

    def drop(self, binding: Binding) -> None:
        """Forget a binding whose flow is gone (RFC 5626 5.3)."""
        self._replace(binding.user, [other for other in self._bindings.get(binding.user, ()) if other is not binding])

    def behind_gruu(self, uri: Uri) -> tuple[str, str] | None:
        """(user, instance) that a GRUU of ours leads to, None when it is dead."""
        return find_gruu(uri, self.all_bindings())

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

        Raises Refusal: 400 bad contact, 403 too many contacts, 420 and 439 (`outbound.py`), 423 too brief,
        500 old CSeq.
        """
        lines = request.values("contact")
        asked = asked_of(request)
        if not lines:
            return self._listing(request, user.user, asked)
        current = self.bindings(user.user)
        default_s = self._header_expires(request)
        flows = 0
        if "*" in lines:
            if len(lines) > 1 or default_s != 0:
                raise Refusal(400, "Contact * needs Expires 0 and stands alone")
            for binding in current:
                check_order(binding, request)
            current = []
        elif len(lines) > 2 * MAX_CONTACTS:  # as many are removed as added, at most; thousands would take seconds
            raise Refusal(403, "Too many contacts")
        else:
            change = Change(self._settings, request, user.user, transport, asked, default_s, self.wall_s())
            flows = sum(change.apply(current, parse_name_addr(line)) for line in lines)
        if flows > 1:
            raise Refusal(400, "More than one flow")
        if len(current) > MAX_CONTACTS:
            raise Refusal(403, "Too many contacts")
        self._replace(user.user, current)
        log.info("sip:%s: registered with %d contact(s) by %s:%d", user.user, len(current), *request.source)
        answer = self._listing(request, user.user, asked)
        return f"{answer}{_flow_lines(transport)}" if flows else answer

    def _header_expires(self, request: Request) -> int:
        text = request.get("expires").partition(";")[0]
        return expiry(text, self._settings.default_expires_s) if text else self._settings.default_expires_s

    def _replace(self, user: str, after: list[Binding]) -> None:
        before = self._bindings.get(user, [])
        kept = {binding.key for binding in after}
        for binding in before:
            if binding.key not in kept:
                self._store.drop(binding)
        for binding in after:
            if binding not in before:
                self._store.put(binding)
        if after:
            self._bindings[user] = after
        else:
            self._bindings.pop(user, None)

    def _listing(self, request: Request, user: str, asked: Asked) -> str:
        """All contacts (RFC 3261 10.3 step 8), with what a telephone that asked for more wants to know."""
        now_s = self.wall_s()
        text = f"Path: {asked.path}\r\n" if asked.path and asked.path_back else ""
        house = _house(request) if asked.gruu else ""
        for binding in self.bindings(user):
            text += f"Contact: <{binding.contact}>;expires={max(1, round(binding.expires_wall_s - now_s))}"
            if binding.instance:
                text += f';+sip.instance="<{binding.instance}>"'
                if binding.reg_id:
                    text += f";reg-id={binding.reg_id}"
                if house and binding.gruu_key:
                    text += gruu_params(binding, house)
            text += "\r\n"
        return f"{text}Date: {formatdate(now_s, usegmt=True)}\r\n"


def _house(request: Request) -> str:
    """The host that the telephone knows us by, for its GRUUs."""
    uri = parse_uri(request.to.uri)
    return f"{uri.host}:{uri.port}" if uri.port else uri.host


def _flow_lines(transport: str) -> str:
    """Says that a flow was registered; over a connection also how often it must show life (RFC 5626 6)."""
    return "Require: outbound\r\n" + ("" if transport == "UDP" else f"Flow-Timer: {FLOW_TIMER_S}\r\n")
