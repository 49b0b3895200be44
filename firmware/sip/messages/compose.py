"""Writing SIP messages: responses to a request, and requests of our own (RFC 3261 8.1.1, 8.2.6).

Why: messages leave as text put together by one f-string each; nothing is built to be
serialised later. An `Outgoing` keeps the few parts that its ACK or CANCEL must repeat.
Look next at `transaction.py`, which sends them.
"""

from __future__ import annotations

from random import randrange

from firmware.sip.messages.identifiers import new_branch
from firmware.sip.messages.message import Request, Response
from firmware.sip.messages.status import reason_of

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "INFO")
"""What works, and exactly what Allow lists."""
EXTENSIONS = ("100rel", "timer")
"""The option tags that work (RFC 3262, RFC 4028): what Supported lists and Require may name."""
INFO_BODIES = ("application/dtmf-relay", "application/dtmf", "application/hook-flash", "application/media_control+xml")
"""What an INFO may hold (`calls/info.py`)."""

ALLOW = "Allow: " + ", ".join(METHODS) + "\r\n"
SUPPORTED = "Supported: " + ", ".join(EXTENSIONS) + "\r\n"
SESSION_BODIES = ("application/sdp", "multipart/mixed", "multipart/alternative")
"""What an INVITE may hold (`body.py`)."""
ACCEPT_SDP = "Accept: " + ", ".join(SESSION_BODIES) + "\r\nAccept-Encoding: identity\r\n"
ACCEPT_INFO = "Accept: " + ", ".join(INFO_BODIES) + "\r\n"
ACCEPT = "Accept: " + ", ".join((*SESSION_BODIES, *INFO_BODIES)) + "\r\nAccept-Encoding: identity\r\n"


def retry_after() -> str:
    """The line of a 503: 5 to 14 s, by chance, so that those who were refused together do not come back together."""
    return f"Retry-After: {randrange(5, 15)}\r\n"


def response(
    request: Request, status: int, *, reason: str = "", to_tag: str = "", headers: str = "", body: str = ""
) -> bytes:
    """A response as octets. headers: whole lines ended by CRLF. reason: plain ASCII, default the standard's phrase.

    Works for requests that lack the headers to copy: those are left out.
    """
    lines = [f"SIP/2.0 {status} {reason or reason_of(status)}\r\n{request.reply_via}"]
    found = request.headers
    for name, spelled in (("from", "From"), ("to", "To"), ("call-id", "Call-ID"), ("cseq", "CSeq")):
        if name in found:
            value = found[name][0]
            if to_tag and name == "to" and "tag=" not in value.lower():
                value = f"{value};tag={to_tag}"
            lines.append(f"{spelled}: {value}\r\n")
    if status == 100 and "timestamp" in found:
        lines.append(f"Timestamp: {found['timestamp'][0]}\r\n")  # RFC 3261 8.2.6.1
    octets = body.encode()
    lines.append(f"{headers}Content-Length: {len(octets)}\r\n\r\n")
    return "".join(lines).encode("utf-8", "surrogateescape") + octets


class Outgoing:
    """A request of ours. shared: From, To and Call-ID lines, also repeated by its ACK and CANCEL.

    headers, routes and signed (credentials) are whole lines. `octets` renders it with the transport's sent-by.
    """

    __slots__ = (
        "body",
        "branch",
        "call_id",
        "cseq",
        "from_line",
        "headers",
        "method",
        "routes",
        "signed",
        "to_line",
        "uri",
    )

    def __init__(
        self,
        method: str,
        uri: str,
        *,
        from_line: str,
        to_line: str,
        call_id: str,
        cseq: int,
        routes: str = "",
        headers: str = "",
        body: str = "",
    ) -> None:
        self.method = method
        self.uri = uri
        self.branch = new_branch()
        self.from_line = from_line
        self.to_line = to_line
        self.call_id = call_id
        self.cseq = cseq
        self.routes = routes
        self.signed = ""
        self.headers = headers
        self.body = body

    def octets(self, sent_by: str, hops: int = 70) -> bytes:
        """The request on the wire. sent_by: "UDP 192.0.2.1:5060"."""
        body = self.body.encode()
        text = (
            f"{self.method} {self.uri} SIP/2.0\r\nVia: SIP/2.0/{sent_by};branch={self.branch};rport\r\n"
            f"Max-Forwards: {hops}\r\n{self.routes}From: {self.from_line}\r\nTo: {self.to_line}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.cseq} {self.method}\r\n"
            f"{self.signed}{self.headers}Content-Length: {len(body)}\r\n\r\n"
        )
        return text.encode("utf-8", "surrogateescape") + body

    def again(self, headers: str) -> Outgoing:
        """The same request once more as a new one: next CSeq, new branch, `headers` in place of its own."""
        twin = self._sibling(self.method, self.to_line, headers)
        twin.branch = new_branch()
        twin.cseq += 1
        twin.body = self.body
        return twin

    def ack_for(self, answer: Response) -> Outgoing:
        """The ACK inside the transaction, for 300 to 699 (RFC 3261 17.1.1.3)."""
        return self._sibling("ACK", answer.get("to"), "")

    def cancel(self, headers: str = "") -> Outgoing:
        """The CANCEL of this INVITE (RFC 3261 9.1)."""
        return self._sibling("CANCEL", self.to_line, headers)

    def _sibling(self, method: str, to_line: str, headers: str) -> Outgoing:
        twin = Outgoing(
            method,
            self.uri,
            from_line=self.from_line,
            to_line=to_line,
            call_id=self.call_id,
            cseq=self.cseq,
            routes=self.routes,
            headers=headers,
        )
        twin.branch = self.branch
        return twin
