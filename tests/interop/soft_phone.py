"""What every real SIP telephone of the tests can be asked to do, whatever its maker calls it.

The matrix runs the same steps on three stacks that share no code with each other or with us:
`baresip.py` (libre), `linphone.py` (belle-sip) and `pjsua.py` (PJSIP). Look next at `test_matrix.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from tests.interop.sounds import Samples


@dataclass(frozen=True, slots=True)
class Account:
    """A user at a registrar. host: as it stands in a URI, so "[::1]" for IPv6; ca: whom TLS peers trust.

    proxy_realm: of a proxy on the way that asks for the same password, "" without.
    """

    user: str
    password: str
    port: int
    host: str = "127.0.0.1"
    transport: str = "udp"
    ca: Path | None = None
    proxy_realm: str = ""

    @property
    def ip(self) -> str:
        return self.host.strip("[]")

    @property
    def is_ipv6(self) -> bool:
        return self.host.startswith("[")

    def uri(self, user: str = "") -> str:
        """Of the registrar, or of `user` there."""
        return f"sip:{user and user + '@'}{self.host}:{self.port};transport={self.transport}"


class SoftPhone(Protocol):
    """One account on one process. It offers what its maker offers by default; nothing is tuned for us."""

    account: Account
    ear_survives_hold: bool
    """False: `heard` ends with the first hold."""

    def registered(self) -> Self:
        """Wait until the registrar has said 200."""

    def say(self, samples: Samples) -> None:
        """What it says into calls that begin from now on."""

    def dial(self, number: str) -> None: ...

    def wait_incoming(self) -> None:
        """Until a call rings here."""

    def accept(self) -> None: ...

    def wait_up(self) -> None:
        """Until the newest call is answered."""

    def hold(self) -> None: ...

    def resume(self) -> None: ...

    def send_digit(self, digit: str) -> None:
        """By the way the phone was started with: RFC 4733 or SIP INFO."""

    def digits_heard(self) -> str:
        """Of the newest call."""

    def hangup(self) -> None: ...

    def wait_closed(self) -> None:
        """Until no call is left."""

    def heard(self) -> Samples:
        """What it heard in the newest call so far."""

    def output(self) -> str:
        """Its own log, for when a test fails."""

    def stop(self) -> None: ...
