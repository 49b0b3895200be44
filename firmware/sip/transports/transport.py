"""Carrying SIP over the network: the face every transport has (RFC 3261 section 18).

Why: everything above speaks to `Transport`, so that UDP, TCP and TLS stand side by side and
tests join two agents by a pipe. An `Address` names a peer; on a stream transport it also names
the connection: what came in from an address goes back over the connection from there.
Look next at `udp.py`, `stream.py` and `hop.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Protocol

from firmware.sip.messages.headers import Via
from firmware.sip.messages.status import Refusal
from firmware.sip.nat.networks import is_private
from firmware.sip.transports.own_addresses import OwnAddresses

Address = tuple[str, int]
"""(ip, port). An IPv6 address stands in its shortest form and without brackets."""


class Transport(ABC):
    """One way of carrying messages.

    name: as in Via ("UDP"). reliable: no retransmissions wanted. port: where we listen.
    siblings: every transport of the agent by its name, this one included; set by the agent.
    fault: what keeps it from working as the settings say, "" while all is well.
    """

    name: str
    reliable: bool
    default_port = 5060
    port: int
    fault = ""

    def __init__(self, own: OwnAddresses) -> None:
        self.own = own
        self.siblings: Mapping[str, Transport] = {self.name: self}

    @abstractmethod
    def send(self, data: bytes, address: Address) -> bool:
        """Send to `address`, over a connection from or to there if there is one; a stream opens one if not.

        False when it is refused at once. Loss is not noticed; a connection that breaks or cannot
        be made is told to the transport's user (`TransportUser.lost`).
        """

    @abstractmethod
    def close(self) -> None: ...

    async def refresh(self, *, force: bool = False) -> None:  # noqa: B027
        """Take what changed on disk into use (TLS: certificates); force: even if it seems unchanged."""

    def has_flow(self, address: Address) -> bool:
        """Whether `send` needs no new connection. Always so without connections."""
        return True

    def expect(self, address: Address, name: str) -> None:  # noqa: B027
        """Whom a connection we open to `address` must lead to, when that is not its IP address (TLS)."""

    @property
    def connections(self) -> int:
        """How many there are, those being made included."""
        return 0

    def local_ip(self, remote_ip: str) -> str:
        """Our address as `remote_ip` should know it."""
        return self.own.towards(remote_ip)

    def told_port(self, told_ip: str) -> int:
        """Our port beside the address `told_ip` of ours."""
        return self.port

    def sent_by(self, remote_ip: str) -> str:
        """For Via: "UDP 192.0.2.1:5060" or "TCP [2001:db8::1]:5060"."""
        ip = self.local_ip(remote_ip)
        return f"{self.name} {host_text(ip)}:{self.told_port(ip)}"

    def contact_place(self, remote_ip: str) -> str:
        """For From and the like: "192.0.2.1:5060", without the port if it is the default one."""
        ip = self.local_ip(remote_ip)
        port = self.told_port(ip)
        return host_text(ip) if port == self.default_port else f"{host_text(ip)}:{port}"

    def contact(self, remote_ip: str, user: str = "", *, secure: bool = False) -> str:
        """The value of our Contact header: "<sip:201@192.0.2.1;transport=tcp>".

        secure: for a dialog begun with a sips URI, which needs one in return (RFC 3261 12.1.1).
        """
        at = f"{user}@" if user else ""
        if secure and "TLS" in self.siblings:
            return f"<sips:{at}{self.siblings['TLS'].contact_place(remote_ip)}>"
        kind = "" if self.name == "UDP" else f";transport={self.name.lower()}"
        return f"<sip:{at}{self.contact_place(remote_ip)}{kind}>"


class TransportUser(Protocol):
    """Who takes what arrives (`transactions.arrivals.Arrivals`)."""

    def receive(self, transport: Transport, data: bytes, source: Address, fault: Refusal | None = None) -> None:
        """One message. fault: its frame on a stream was broken, and it is to be refused with this."""

    def lost(self, transport: Transport, address: Address) -> None:
        """The connection from or to `address` is gone, or could not be made."""


Receiver = Callable[[Transport, bytes, Address], None]
OpenTransport = Callable[[Receiver], Transport]


def host_text(ip: str) -> str:
    """An address as it stands in a URI or Via: IPv6 in brackets, without its zone."""
    return f"[{ip.partition('%')[0]}]" if ":" in ip else ip


def response_address(via: Via, source: Address, transport: Transport, *, force_rport: bool) -> Address:
    """Where a response goes (RFC 3261 18.2.2, RFC 3581 4).

    Over a stream to where the request came from, by the same connection; over UDP there too
    when rport is asked for, else to the source's sent-by port. force_rport: there too when the client,
    without asking, names a private address that is not its source: NAT has changed its port as well.
    """
    if transport.reliable or "rport" in via.params:
        return source
    if force_rport and via.host != source[0] and is_private(via.host):
        return source
    return source[0], via.port or transport.default_port
