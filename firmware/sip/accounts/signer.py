"""Answers the challenges of others: digest from the client's side (RFC 7616 3.4, RFC 8760 2.5, RFC 3261 22).

Why: an operator wants our INVITE signed, and each later request of the call too. One `Signer` a
call knows the newest challenge of every realm, counts its uses, and says when another try makes
no sense. The other side, where we challenge, is `digest.py`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from typing import NamedTuple

from firmware.sip.accounts.digest import ALGORITHMS, parse_digest
from firmware.sip.messages.headers import quote
from firmware.sip.messages.message import Response
from firmware.sip.messages.status import Refusal

log = logging.getLogger(__name__)

_MAX_REALMS = 4
_HEADERS = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}
CHALLENGES = frozenset(_HEADERS)


def _sha512_256(text: str) -> str:
    return hashlib.new("sha512_256", text.encode("utf-8", "surrogateescape")).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {**ALGORITHMS, "SHA-512-256": _sha512_256}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account elsewhere. realm: the only one that may ask for it, "" for any."""

    user: str
    password: str = field(repr=False)
    realm: str = ""


class _Challenge(NamedTuple):
    """One that we can answer. hash_name: a key of _HASHES. qop: "auth", "auth-int" or ""."""

    header: str
    realm: str
    nonce: str
    opaque: str
    algorithm: str
    hash_name: str
    qop: str


class Signer:
    """Of one call. The same for all its requests, which must be signed in the order they are sent."""

    __slots__ = ("_challenges", "_counts", "_credentials", "repeated")

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._challenges: dict[tuple[str, str], _Challenge] = {}
        self._counts: dict[str, int] = {}
        self.repeated = ""
        """The lines of the last INVITE, for its ACK (RFC 3261 22.1)."""

    def learn(self, response: Response, *, again: bool) -> bool:
        """Take the challenges of a 401 or 407; whether another try makes sense.

        again: the request had answered a challenge already. Then only a nonce that was too old, or
        a realm that did not ask before, is worth one more try; else the password is wrong.
        """
        name, header = _HEADERS[response.status]
        worth_it = False
        for realm, found in self._usable(response.headers.get(name, []), header).items():
            challenge, stale = found
            known = (header, realm) in self._challenges
            worth_it = worth_it or stale or not known or not again
            if known or len(self._challenges) < _MAX_REALMS:
                before = self._challenges.get((header, realm))
                self._challenges[header, realm] = challenge
                if before is not None and before.nonce != challenge.nonce:
                    self._counts.pop(before.nonce, None)
        if not worth_it:
            why = "does not take them" if self._challenges else "asks in a way that we cannot answer"
            log.warning("sip: credentials of %r: %s:%d %s", self._credentials.user, *response.source, why)
        return worth_it

    def _usable(self, lines: list[str], header: str) -> dict[str, tuple[_Challenge, bool]]:
        """Of each realm the first challenge that we can answer, and whether it only wants a newer nonce."""
        found: dict[str, tuple[_Challenge, bool]] = {}
        for line in lines:
            try:
                given = parse_digest(line) or {}
            except Refusal:
                continue
            realm = given.get("realm", "")
            algorithm = given.get("algorithm", "MD5")
            hash_name = algorithm.upper().removesuffix("-SESS")
            offered = [value.strip().lower() for value in given.get("qop", "").split(",")]
            qop = next((value for value in ("auth", "auth-int", "") if value in offered), None)
            ours = not self._credentials.realm or self._credentials.realm == realm
            if given.get("nonce") and ours and realm not in found and hash_name in _HASHES and qop is not None:
                opaque = given.get("opaque", "")
                challenge = _Challenge(header, realm, given["nonce"], opaque, algorithm, hash_name, qop)
                found[realm] = (challenge, given.get("stale", "").lower() == "true")
        return found

    def lines(self, method: str, uri: str, body: str = "") -> str:
        """The header lines that sign a request, "" while nobody has asked."""
        text = "".join(self._answer(challenge, method, uri, body) for challenge in self._challenges.values())
        if method == "INVITE":
            self.repeated = text
        return text

    def _answer(self, challenge: _Challenge, method: str, uri: str, body: str) -> str:
        """RFC 7616 3.4.1 to 3.4.3."""
        h = _HASHES[challenge.hash_name]
        user, realm, nonce, qop = self._credentials.user, challenge.realm, challenge.nonce, challenge.qop
        count = self._counts[nonce] = self._counts.get(nonce, 0) + 1
        nc, cnonce = f"{count:08x}", token_hex(8)
        ha1 = h(f"{user}:{realm}:{self._credentials.password}")
        if challenge.algorithm.upper().endswith("-SESS"):
            ha1 = h(f"{ha1}:{nonce}:{cnonce}")
        ha2 = h(f"{method}:{uri}:{h(body)}" if qop == "auth-int" else f"{method}:{uri}")
        answer = h(f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}" if qop else f"{ha1}:{nonce}:{ha2}")
        text = (
            f"{challenge.header}: Digest username={quote(user)},realm={quote(realm)},nonce={quote(nonce)},"
            f'uri="{uri}",response="{answer}",algorithm={challenge.algorithm}'
        )
        if qop:
            text += f',qop={qop},nc={nc},cnonce="{cnonce}"'
        if challenge.opaque:
            text += f",opaque={quote(challenge.opaque)}"
        return text + "\r\n"
