"""GRUUs: addresses that lead to one telephone of a user and to no other (RFC 5627).

Why: who transfers or calls back wants the telephone that spoke, not whichever is lifted first.
A public GRUU names user and telephone openly. A temporary one hides both: its text is a
number and a seal made with a key that lies in the binding, so nothing else has to be stored,
and all of them die when the telephone registers with a new Call-ID. A telephone behind proxies (Path)
gets one only with a flow of its own (RFC 5626), which those proxies then follow: linphone names its
GRUU in calls too, and a plain proxy brings our BYE for it back to us, who end calls and pass none on.
Used by `registrar.py`.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from secrets import token_hex

from firmware.sip.accounts.binding_store import Binding
from firmware.sip.messages.headers import quote
from firmware.sip.messages.uri import Uri, escape_user, unescape

_TEMPORARY = "tgruu."
_SEAL_DIGITS = 24


def new_key() -> str:
    return token_hex(16)


def is_temporary(uri: Uri) -> bool:
    return uri.user.startswith(_TEMPORARY)


def gruu_params(binding: Binding, house: str) -> str:
    """The parameters of a Contact in the answer to a REGISTER (RFC 5627 5.3). house: host, and port if not 5060."""
    public = f"sip:{escape_user(binding.user)}@{house};gr={binding.instance}"
    temporary = f"sip:{_TEMPORARY}{binding.cseq:x}.{_seal(binding, binding.cseq)}@{house};gr"
    return f";pub-gruu={quote(public)};temp-gruu={quote(temporary)}"


def find_gruu(uri: Uri, bindings: Iterable[Binding]) -> tuple[str, str] | None:
    """(user, instance) that a Request-URI with a `gr` parameter means, None for a temporary one that is dead.

    bindings: all live ones; only looked at for temporary GRUUs.
    """
    if not is_temporary(uri):
        return uri.user, unescape(uri.params["gr"])
    number, _, seal = uri.user.removeprefix(_TEMPORARY).partition(".")
    try:
        cseq = int(number, 16)
    except ValueError:
        return None
    for binding in bindings:
        known = binding.gruu_key and cseq <= binding.cseq
        if known and hmac.compare_digest(_seal(binding, cseq).encode(), seal.encode("utf-8", "replace")):
            return binding.user, binding.instance
    return None


def _seal(binding: Binding, cseq: int) -> str:
    return hmac.digest(binding.gruu_key.encode(), f"{binding.user} {cseq}".encode(), "sha256").hex()[:_SEAL_DIGITS]
