"""Digest authentication of requests (RFC 2617, 7616, 8760): challenges and their check.

Why: nonces are not stored. A nonce is a time stamp and a serial number sealed with an HMAC;
the highest nonce count seen for a serial number lies in a ring of fixed size, so that
a flood of requests costs no memory and a replayed request is noticed all the same.
An unknown user costs the same work and gets the same answer as a wrong password.
Look next at `gate.py`, which decides who must pass here.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import secrets
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from firmware.sip.messages.headers import split_outside, unquote
from firmware.sip.messages.status import Refusal
from firmware.sip.settings import REALM, SipUser

_RING = 1 << 18
_SEAL_DIGITS = 24


class Verdict(enum.Enum):
    """stale: the hash is right but the nonce is too old or was used before: a fresh one will do."""

    GOOD = "good"
    NONE = "none"
    STALE = "stale"
    WRONG = "wrong"


class Finding(NamedTuple):
    """What `Authenticator.check` found; user only when good."""

    verdict: Verdict
    user: SipUser | None = None
    claimed: str = ""


_NOTHING = Finding(Verdict.NONE)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


ALGORITHMS: dict[str, Callable[[str], str]] = {"SHA-256": _sha256, "MD5": _md5}
"""Strongest first, as RFC 8760 2.4 wants the challenges."""


def digest_response(
    algorithm: str, ha1: str, method: str, uri: str, nonce: str, nc: str = "", cnonce: str = "", qop: str = ""
) -> str:
    """The `response` value (RFC 7616 3.4.1). ha1: H(user:realm:password). algorithm: a key of ALGORITHMS.

    qop "" is the form of RFC 2069.
    """
    function = ALGORITHMS[algorithm]
    ha2 = function(f"{method}:{uri}")
    return function(f"{ha1}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}" if qop else f"{ha1}:{nonce}:{ha2}")


def parse_digest(text: str) -> dict[str, str] | None:
    """The parameters of `Digest a="b", c=d`, names in lower case; None for another scheme. Raises Refusal 400."""
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found: dict[str, str] = {}
    for piece in split_outside(rest, ","):
        name, _, value = piece.partition("=")
        found[name.strip().lower()] = unquote(value.strip())
    return found


class Authenticator:
    """Challenges and checks for one realm. life_s: how long a nonce may be used.

    users: by user name; replaceable at any time. now_s is an argument everywhere.
    """

    def __init__(self, users: Mapping[str, SipUser], life_s: float) -> None:
        self.users = users
        self._life_s = life_s
        self._secret = secrets.token_bytes(32)
        self._serial = 0
        self._counts = array("I", bytes(4 * _RING))
        self._nobody = {name: function(secrets.token_hex(16)) for name, function in ALGORITHMS.items()}

    def challenge(self, header: str, now_s: float, algorithms: Iterable[str], *, stale: bool = False) -> str:
        """Header lines with one challenge an algorithm, in that order, all with one nonce.

        header: "WWW-Authenticate" or "Proxy-Authenticate".
        """
        nonce = self._new_nonce(now_s)
        late = ",stale=true" if stale else ""
        return "".join(
            f'{header}: Digest realm="{REALM}",nonce="{nonce}",algorithm={algorithm},qop="auth"{late}\r\n'
            for algorithm in algorithms
        )

    def check(self, credentials: list[str], method: str, uri: str, now_s: float) -> Finding:
        """Judge the (Proxy-)Authorization lines of a request. uri: its Request-URI.

        Raises Refusal 400 for unparsable credentials.
        """
        for text in credentials:
            given = parse_digest(text)
            if given is not None and given.get("realm") == REALM:
                return self._check_one(given, method, uri, now_s)
        return _NOTHING

    def _check_one(self, given: dict[str, str], method: str, uri: str, now_s: float) -> Finding:
        algorithm = given.get("algorithm", "MD5").upper()
        name = given.get("username", "")
        if algorithm not in ALGORITHMS or given.get("qop", "auth") != "auth":
            return Finding(Verdict.WRONG, claimed=name)
        user = self.users.get(name)
        ha1 = self._nobody[algorithm]
        if user is not None:
            ha1 = (user.ha1_sha256 if algorithm == "SHA-256" else user.ha1_md5) or ha1
        nonce = given.get("nonce", "")
        nc = given.get("nc", "")
        digest_uri = given.get("uri", "")
        expected = digest_response(
            algorithm, ha1, method, digest_uri, nonce, nc, given.get("cnonce", ""), given.get("qop", "")
        )
        answer = given.get("response", "").lower().encode("utf-8", "surrogateescape")
        right = hmac.compare_digest(expected.encode(), answer)
        serial = self._open_nonce(nonce, now_s)
        if not right or user is None or not _same_place(digest_uri, uri):
            return Finding(Verdict.WRONG, claimed=name)
        if serial is None or not self._first_use(serial, nc):
            return Finding(Verdict.STALE, claimed=name)
        return Finding(Verdict.GOOD, user, name)

    def _new_nonce(self, now_s: float) -> str:
        self._serial = (self._serial + 1) & 0xFFFFFFFF
        self._counts[self._serial % _RING] = 0
        body = f"{int(now_s) & 0xFFFFFFFF:08x}{self._serial:08x}"
        return body + self._seal(body)

    def _seal(self, body: str) -> str:
        return hmac.digest(self._secret, body.encode(), "sha256").hex()[:_SEAL_DIGITS]

    def _open_nonce(self, nonce: str, now_s: float) -> int | None:
        """The serial number of a nonce that is ours and still good."""
        body, seal = nonce[:16], nonce[16:]
        if not nonce.isascii() or not hmac.compare_digest(self._seal(body), seal):
            return None
        age_s = (int(now_s) - int(body[:8], 16)) & 0xFFFFFFFF
        serial = int(body[8:], 16)
        fresh = age_s <= self._life_s and (self._serial - serial) & 0xFFFFFFFF < _RING
        return serial if fresh else None

    def _first_use(self, serial: int, nc: str) -> bool:
        """Whether the nonce count rises (RFC 7616 3.4); without one (RFC 2069) a nonce is good once."""
        try:
            count = int(nc, 16) if nc else 0xFFFFFFFF
        except ValueError:
            raise Refusal(400, "Bad nonce count") from None
        place = serial % _RING
        if not self._counts[place] < count <= 0xFFFFFFFF:
            return False
        self._counts[place] = count
        return True


def _same_place(digest_uri: str, uri: str) -> bool:
    """Whether the digest's uri names the request's target; parameters, port and case may differ."""
    if digest_uri == uri:
        return True
    return _user_part(digest_uri) in {_user_part(uri), ""}


def _user_part(uri: str) -> str:
    rest = uri.partition(":")[2]
    user, at, _ = rest.partition("@")
    return user.lower() if at else ""
