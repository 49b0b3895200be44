"""A dialog: the two sequence numbers, tags, route set and remote target (RFC 3261 section 12).

Why: every request inside a call is made and checked here, so that legs never handle tags or
routes. Look next at `leg.py`.
"""

from __future__ import annotations

import logging

from firmware.sip.accounts.signer import Signer
from firmware.sip.calls.info import takes_relay
from firmware.sip.messages.compose import Outgoing
from firmware.sip.messages.headers import parse_name_addr
from firmware.sip.messages.identifiers import MAGIC
from firmware.sip.messages.message import Message, Request, Response
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.sip.transports.hop import Hop, next_hop
from firmware.sip.transports.transport import Address, Transport

log = logging.getLogger(__name__)


class Dialog:
    """local_line, remote_line: our From and To values with tags. target: the URI requests go to.

    transport and the source of the peer's last message are the dialog's flow: over a stream,
    requests go back over that connection while it lives. secure: it was begun with a sips URI.
    direct: no proxy stands between, as far as can be seen.
    takes_relay: the peer says that it reads digits in INFO.
    signer: puts our credentials into our requests, None where nobody wants them.
    Made by `as_server` from a received INVITE or `as_client` from a response to ours.
    """

    __slots__ = (
        "_first",
        "_hop",
        "_remote_seq",
        "_routes",
        "_source",
        "call_id",
        "direct",
        "local_line",
        "local_seq",
        "local_tag",
        "remote_line",
        "remote_tag",
        "secure",
        "signer",
        "takes_relay",
        "target",
        "transport",
    )

    def __init__(
        self, call_id: str, local: tuple[str, str], remote: tuple[str, str], seqs: tuple[int, int], transport: Transport
    ) -> None:
        """local, remote: (From/To value with its tag, tag). seqs: our last CSeq and the peer's."""
        self.call_id = call_id
        self.local_line, self.local_tag = local
        self.remote_line, self.remote_tag = remote
        self.local_seq, self._remote_seq = seqs
        self.transport = transport
        self.target = ""
        self.direct = True
        self.takes_relay = False
        self.secure = False
        self.signer: Signer | None = None
        self._routes: list[str] = []
        self._first = ""  # URI of the next station: the first route's, else the target
        self._source: Address = ("", 0)
        self._hop = Hop(transport, self._source)

    @classmethod
    def as_server(cls, request: Request, local_tag: str, transport: Transport) -> Dialog:
        """The dialog a received INVITE begins. Raises Refusal 400 for a missing or bad Contact."""
        local = f"{request.get('to')};tag={local_tag}"
        remote = (request.get("from"), request.from_.tag)
        dialog = cls(request.call_id, (local, local_tag), remote, (0, request.cseq[0]), transport)
        dialog._routes = request.values("record-route")
        dialog.direct = not dialog._routes and len(request.values("via")) == 1
        dialog.secure = is_secure(request.uri)
        dialog.takes_relay = takes_relay(request)
        if not dialog.refresh_target(request):
            if request.via.branch.startswith(MAGIC):
                raise Refusal(400, "Missing Contact")
            dialog.target = request.from_.uri  # RFC 2543 peers may leave it out
            dialog._source = request.source
            dialog._hop = Hop(transport, request.source)
        return dialog

    @classmethod
    def as_client(
        cls,
        invite: Outgoing,
        local_tag: str,
        response: Response,
        transport: Transport,
        signer: Signer | None = None,
    ) -> Dialog:
        """The dialog a response to our INVITE begins. Without a usable Contact it leads back to that one's source."""
        remote = (response.get("to"), response.to.tag)
        dialog = cls(invite.call_id, (invite.from_line, local_tag), remote, (invite.cseq, 0), transport)
        dialog.target = invite.uri
        dialog._source = response.source
        dialog.secure = is_secure(invite.uri)
        dialog.signer = signer
        dialog._hop = Hop(transport, response.source)
        dialog.learn(response)
        return dialog

    def learn(self, response: Response) -> None:
        """Take abilities, route set and target of a 1xx or 2xx; those of the 2xx stay (RFC 3261 12.1.2, 13.2.2.4)."""
        try:
            self._routes = response.values("record-route")[::-1]
            self.direct = not self._routes
            self.takes_relay = takes_relay(response)
            self.refresh_target(response)
        except Refusal as refusal:
            log.info("sip: %d from %s:%d: %s", response.status, *response.source, refusal)
            self._routes = []

    def contact(self, transport: Transport, remote_ip: str) -> str:
        """Our Contact in what goes to `remote_ip` by `transport`."""
        return transport.contact(remote_ip, secure=self.secure)

    @property
    def source_ip(self) -> str:
        """Where the peer's signalling comes from."""
        return self._source[0]

    @property
    def key(self) -> str:
        return dialog_key(self.call_id, self.local_tag)

    def refresh_target(self, message: Message) -> bool:
        """Take the peer's Contact as the new target (RFC 3261 12.2); False when there is none."""
        contacts = message.contacts()
        if not contacts:
            return False
        parse_uri(contacts[0].uri)
        self.target = contacts[0].uri
        self._source = message.source
        self._first = parse_name_addr(self._routes[0]).uri if self._routes else self.target
        self._find_hop()
        return True

    def _find_hop(self) -> None:
        self._hop = next_hop(self._first, self.transport, self._source, near_only=bool(self._routes))

    def check(self, request: Request, transport: Transport) -> None:
        """Accept a request of the peer in this dialog: Refusal 481 for a strange tag, 500 for an old CSeq.

        When the peer has come over a new connection, our requests follow it there.
        """
        if request.from_.tag != self.remote_tag:
            raise Refusal(481)
        number = request.cseq[0]
        if number <= self._remote_seq and request.method != "ACK":
            raise Refusal(500, "Sequence number out of order")
        self._remote_seq = max(number, self._remote_seq)
        if transport.reliable and request.source != self._source and self._first:
            self.transport, self._source = transport, request.source
            self._find_hop()

    def request(self, method: str, *, headers: str = "", body: str = "") -> Outgoing:
        """The next request of ours."""
        self.local_seq += 1
        return self._outgoing(method, self.local_seq, headers, body)

    def ack(self, cseq: int, *, headers: str = "", body: str = "") -> bytes:
        """The ACK for a 2xx to our INVITE number `cseq` (RFC 3261 13.2.2.4): octets for `send`."""
        hop = self.hop
        return self._outgoing("ACK", cseq, headers, body).octets(hop.transport.sent_by(hop.address[0]))

    def send(self, octets: bytes) -> None:
        hop = self.hop
        hop.transport.send(octets, hop.address)

    @property
    def hop(self) -> Hop:
        """Where the next request goes. Over a stream whose connection is gone, where the peer's Contact leads."""
        hop = self._hop
        if hop.transport.reliable and self._first and not hop.transport.has_flow(hop.address):
            self._find_hop()
        return self._hop

    def _outgoing(self, method: str, cseq: int, headers: str, body: str) -> Outgoing:
        uri, routes = self.target, self._routes
        if routes and "lr" not in parse_uri(parse_name_addr(routes[0]).uri).params:
            uri, routes = parse_name_addr(routes[0]).uri, [*routes[1:], f"<{self.target}>"]
        outgoing = Outgoing(
            method,
            uri,
            from_line=self.local_line,
            to_line=self.remote_line,
            call_id=self.call_id,
            cseq=cseq,
            routes="".join(f"Route: {route}\r\n" for route in routes),
            headers=headers,
            body=body,
        )
        if self.signer is not None:
            outgoing.signed = self.signer.repeated if method == "ACK" else self.signer.lines(method, uri, body)
        return outgoing


def is_secure(uri: str) -> bool:
    return uri[:5].lower() == "sips:"


def dialog_key(call_id: str, local_tag: str) -> str:
    return f"{local_tag} {call_id}"
