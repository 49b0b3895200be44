"""Who may register and call: the rules in front of the digest check.

Why: one place decides between credentials, trusted networks, and 401, 403, 407.
REGISTER is challenged as a registrar does (401), INVITE as a proxy does (407), which every
phone understands. Look next at `digest.py`.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Mapping

from firmware.sip.accounts.digest import ALGORITHMS, Authenticator, Verdict
from firmware.sip.messages.message import Request
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.sip.settings import SipSettings, SipUser

log = logging.getLogger(__name__)

_MAX_REMEMBERED = 4096
_STRONGEST_FIRST = tuple(ALGORITHMS)
_MD5_FIRST = ("MD5", "SHA-256")
_MD5_ONLY = ("MD5",)


class Gate:
    """now_s: the loop's clock. Raises ValueError at once for a bad network in the settings."""

    def __init__(self, settings: SipSettings, users: Mapping[str, SipUser], now_s: Callable[[], float]) -> None:
        self._digest = Authenticator(users, settings.nonce_life_s)
        self._networks = [ipaddress.ip_network(text, strict=False) for text in settings.trusted_networks]
        self._trusted: dict[str, bool] = {}
        self._now_s = now_s

    def set_users(self, users: Mapping[str, SipUser]) -> None:
        self._digest.users = users

    def register(self, request: Request) -> SipUser:
        """The user whose contacts this REGISTER may change. Raises Refusal 400, 401, 403."""
        wanted = request.to.uri
        if not wanted.lower().startswith(("sip:", "sips:")):
            raise Refusal(400, "To is no SIP address")
        user = self._authenticated(request, "authorization", 401, "WWW-Authenticate")
        if parse_uri(wanted).user != user.user:
            raise Refusal(403, "Not your address")
        self._check_from(request, user)
        return user

    def invite(self, request: Request) -> SipUser | None:
        """The calling user, None for a stranger of a trusted network. Raises Refusal 400, 403, 407.

        A From that names one of our users always needs that user's password.
        """
        credentials = "proxy-authorization" in request.headers
        if not credentials and self.is_trusted(request.source[0]):
            claimed = request.from_.uri
            if not (claimed.startswith("sip") and parse_uri(claimed).user in self._digest.users):
                return None
        user = self._authenticated(request, "proxy-authorization", 407, "Proxy-Authenticate")
        self._check_from(request, user)
        return user

    def is_trusted(self, ip: str) -> bool:
        if not self._networks:
            return False
        known = self._trusted.get(ip)
        if known is None:
            if len(self._trusted) >= _MAX_REMEMBERED:
                self._trusted.clear()
            address = ipaddress.ip_address(ip)
            known = self._trusted[ip] = any(address in network for network in self._networks)
        return known

    def _authenticated(self, request: Request, header: str, status: int, challenge: str) -> SipUser:
        now_s = self._now_s()
        credentials = request.headers.get(header, [])
        finding = self._digest.check(credentials, request.method, request.uri, now_s)
        if finding.user is not None:
            return finding.user
        if finding.verdict is Verdict.WRONG:
            log.warning("sip: wrong credentials for %r from %s:%d", finding.claimed[:40], *request.source)
        stale = finding.verdict is Verdict.STALE
        offered = _algorithms_for(request.get("user-agent"))
        raise Refusal(status, headers=self._digest.challenge(challenge, now_s, offered, stale=stale))

    @staticmethod
    def _check_from(request: Request, user: SipUser) -> None:
        if parse_uri(request.from_.uri).user != user.user:
            raise Refusal(403, "From is not the authenticated user")


def _algorithms_for(user_agent: str) -> tuple[str, ...]:
    """What to challenge with, in order: strongest first (RFC 8760 2.4) for all but two kinds of old clients.

    baresip before 2.0 gives up when any challenge names an algorithm it does not know; sipp before
    3.7, which does not name itself, reads the first challenge only. Both were tried.
    """
    agent = user_agent.lower()
    if agent.startswith(("baresip v0.", "baresip v1.")):
        return _MD5_ONLY
    return _MD5_FIRST if not agent or "sipp" in agent else _STRONGEST_FIRST
