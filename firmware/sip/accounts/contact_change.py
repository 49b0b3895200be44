"""What one Contact of a REGISTER does to a user's bindings (RFC 3261 10.3 steps 6 and 7, RFC 5626 6).

Why: add, refresh, move and remove differ only in what is found and what is left. The list it
works on is a copy: `registrar.py` keeps it when all Contacts of the REGISTER are in order.
"""

from __future__ import annotations

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.accounts.gruu import is_temporary, new_key
from firmware.sip.accounts.outbound import NO_FLOW, Asked, Flow, flow_of
from firmware.sip.messages.headers import NameAddr, parse_number, parse_q, printable
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import Uri, parse_uri, same_uri
from firmware.sip.settings import SipSettings


class Change:
    """Of one REGISTER by `user` over `transport`. default_s: expiry of a Contact that does not say."""

    __slots__ = ("_asked", "_default_s", "_now_s", "_request", "_settings", "_transport", "_user")

    def __init__(
        self,
        settings: SipSettings,
        request: Request,
        user: str,
        transport: str,
        asked: Asked,
        default_s: int,
        now_s: float,
    ) -> None:
        self._settings = settings
        self._request = request
        self._user = user
        self._transport = transport
        self._asked = asked
        self._default_s = default_s
        self._now_s = now_s

    def apply(self, current: list[Binding], contact: NameAddr) -> bool:
        """Change `current`; True when that registered a flow.

        Raises Refusal: 400 bad contact, 403 a GRUU as contact, 423 too brief, 439, 500 old CSeq.
        """
        uri = parse_uri(contact.uri)
        if uri.scheme == "tel":
            raise Refusal(400, "A contact must be a SIP URI")
        if "gr" in uri.params and (uri.user == self._user or is_temporary(uri)):
            raise Refusal(403, "A GRUU leads to a contact and is none")  # RFC 5627 5.1
        expires_s = self._expires(contact)
        flow = flow_of(contact, self._asked, self._request) if "+sip.instance" in contact.params else NO_FLOW
        before = self._take_out(current, contact, uri, flow)
        if expires_s > 0:
            current.append(self._binding(contact, flow, expires_s, before))
        return flow.reg_id > 0 and expires_s > 0

    def _expires(self, contact: NameAddr) -> int:
        """Seconds to grant."""
        settings = self._settings
        asked = contact.params.get("expires")
        expires_s = expiry(asked, settings.default_expires_s) if asked is not None else self._default_s
        if 0 < expires_s < settings.min_expires_s:
            raise Refusal(423, headers=f"Min-Expires: {settings.min_expires_s}\r\n")
        return min(expires_s, settings.max_expires_s)

    def _take_out(self, current: list[Binding], contact: NameAddr, uri: Uri, flow: Flow) -> Binding | None:
        """Remove the binding that this Contact is about: the same flow of the same telephone, else the same URI."""
        found = [binding for binding in current if _is_about(binding, contact, uri, flow)]
        for binding in found:
            check_order(binding, self._request)
            current.remove(binding)
        return found[0] if found else None

    def _binding(self, contact: NameAddr, flow: Flow, expires_s: int, before: Binding | None) -> Binding:
        request = self._request
        key = ""
        if self._asked.gruu and flow.instance and (flow.reg_id or not self._asked.path):  # see `gruu.py`
            same_run = before is not None and before.call_id == request.call_id
            key = (before.gruu_key if before is not None and same_run else "") or new_key()
        return Binding(
            self._user,
            contact.uri,
            request.call_id,
            request.cseq[0],
            self._now_s + expires_s,
            parse_q(contact.params.get("q")),
            printable(request.get("user-agent")),
            *request.source,
            self._transport,
            self._asked.path,
            flow.instance,
            flow.reg_id,
            key,
        )


def _is_about(binding: Binding, contact: NameAddr, uri: Uri, flow: Flow) -> bool:
    if flow.reg_id:
        return binding.reg_id == flow.reg_id and binding.instance.lower() == flow.instance.lower()
    return binding.contact == contact.uri or same_uri(parse_uri(binding.contact), uri)


def check_order(binding: Binding, request: Request) -> None:
    """RFC 3261 10.3 step 7: an older or repeated CSeq of the same Call-ID changes nothing. Raises Refusal 500."""
    if binding.call_id == request.call_id and request.cseq[0] <= binding.cseq:
        raise Refusal(500, "Sequence number out of order")


def expiry(text: str, default_s: int) -> int:
    """Seconds; a malformed value counts as the default, as RFC 3261 10.3 step 6 and 20.19 want."""
    try:
        return parse_number(text, 2**32 - 1, "Expires")
    except Refusal:
        return default_s
