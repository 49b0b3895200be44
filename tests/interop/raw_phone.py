"""A SIP telephone of about 150 lines whose every octet a test can see and twist.

It shares nothing with the firmware's stack: strings, one UDP socket, one thread. It registers,
calls with digest, answers or refuses, and keeps the last messages of its dialog so that a test
can send them again with one field changed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time

from tests.interop.host import LOOPBACK, Host, bracketed
from tests.interop.processes import eventually
from tests.interop.rtp_peer import RtpPeer


def header(message: str, name: str) -> str:
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.*?)\r?$", message, re.I | re.M)
    return found.group(1).strip() if found else ""


def parameter(value: str, name: str) -> str:
    found = re.search(rf'\b{name}="?([^",;>\s]+)"?', value)
    return found.group(1) if found else ""


def audio_place(message: str) -> tuple[str, int] | None:
    """Where the SDP of a message wants IPv4 audio, None without."""
    port = re.search(r"^m=audio (\d+)", message, re.M)
    ip = re.search(r"^c=IN IP4 (\S+)", message, re.M)
    return (ip.group(1), int(port.group(1))) if port and ip else None


class RawPhone:
    """user/password at a registrar. server: its port on our own machine, or (ip, port).

    answer: "200", "183", "486" …, "" to ring for ever. machine: where it lives. via: more parameters of its Via.
    host: what it calls itself in Via and Contact; a name keeps it reachable at the address it sends from.
    contact: the URI to be reached at instead of its own. audio_port: of whoever hears and speaks in place of `rtp`.
    """

    def __init__(
        self,
        user: str,
        password: str,
        server: int | tuple[str, int],
        answer: str = "200",
        *,
        host: str = "",
        machine: Host = LOOPBACK,
        via: str = ";rport",
        contact: str = "",
        audio_port: int = 0,
    ) -> None:
        self.user, self.password, self.ip, self.via = user, password, machine.ip, via
        self.server = (self.ip, server) if isinstance(server, int) else server
        self.realm = f"{bracketed(self.server[0])}:{self.server[1]}"
        self.answer = answer
        self.host = host or bracketed(self.ip)
        self.socket = machine.socket()
        self.socket.bind((self.ip, 0))
        self.socket.settimeout(0.2)
        self.port = int(self.socket.getsockname()[1])
        self.contact = contact or f"sip:{user}@{self.host}:{self.port}"
        self.rtp = RtpPeer(machine)
        self.audio_port = audio_port or self.rtp.port
        self.tag, self.call_id, self.sequence = secrets.token_hex(4), f"{secrets.token_hex(6)}@raw", 0
        self.received: list[str] = []
        self.heard_at_s: list[float] = []
        self.sent: list[str] = []
        self.remote_to = self.remote_target = ""
        self.media: tuple[str, int] = ("", 0)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    # -- the wire ----------------------------------------------------------------------
    def send(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.sent.append(message)
            message = message.encode()
        self.socket.sendto(message, self.server)

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                return
            text = data.decode("utf-8", "replace")
            self.heard_at_s.append(time.monotonic())
            self.received.append(text)
            if not text.startswith("SIP/2.0"):
                self._serve(text)

    def _serve(self, request: str) -> None:
        method = request.split(" ", 1)[0]
        if method == "INVITE":
            self._learn_media(request)
            self.call_id = header(request, "Call-ID")
            self.remote_to, self.remote_target = header(request, "From"), header(request, "Contact").strip("<>")
            self._reply(request, "180 Ringing")
            if self.answer:
                reason = {"183": "Session Progress", "200": "OK", "486": "Busy Here", "603": "Decline"}[self.answer]
                self._reply(request, f"{self.answer} {reason}", self.sdp() if self.answer in {"183", "200"} else "")
        elif method == "CANCEL":
            self._reply(request, "200 OK")
            invite = next(r for r in reversed(self.received) if r.startswith("INVITE"))
            self._reply(invite, "487 Request Terminated")
        elif method != "ACK":
            self._reply(request, "200 OK")

    def _reply(self, request: str, status: str, body: str = "") -> None:
        to = header(request, "To")
        if "tag=" not in to:
            to += f";tag={self.tag}"
        vias = "".join(f"Via: {v}\r\n" for v in re.findall(r"^Via:[ \t]*(.*?)\r?$", request, re.I | re.M))
        self.send(
            f"SIP/2.0 {status}\r\n{vias}From: {header(request, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
            f"Contact: <{self.contact}>\r\n" + self._body(body)
        )

    def _body(self, body: str) -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"

    def sdp(self, direction: str = "sendrecv") -> str:
        return (
            f"v=0\r\no=raw 1 1 IN IP4 {self.ip}\r\ns=-\r\nc=IN IP4 {self.ip}\r\nt=0 0\r\n"
            f"m=audio {self.audio_port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
            f"a=fmtp:101 0-16\r\na={direction}\r\n"
        )

    def _learn_media(self, message: str) -> None:
        self.media = audio_place(message) or self.media

    # -- requests ----------------------------------------------------------------------
    def request(self, method: str, target: str, to: str, *, body: str = "", extra: str = "", number: int = 0) -> str:
        """Build and send one request of this phone's dialog; the text that was sent."""
        text = (
            f"{method} {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{secrets.token_hex(6)}{self.via}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{self.user}@{self.realm}>;tag={self.tag}\r\n"
            f"To: {to}\r\nCall-ID: {self.call_id}\r\nCSeq: {number or self.sequence} {method}\r\n"
            f"Contact: <{self.contact}>\r\n{extra}" + self._body(body)
        )
        self.send(text)
        return text

    def wait_response(self, method: str, final: bool = True, timeout_s: float = 10.0) -> str:
        """The newest response to this phone's request numbered `sequence`."""

        def find() -> str | None:
            wanted = f"{self.sequence} {method}"
            for message in reversed(self.received):
                mine = header(message, "CSeq") == wanted and header(message, "Call-ID") == self.call_id
                if message.startswith("SIP/2.0") and mine and (not final or message[8] != "1"):
                    return message
            return None

        found = eventually(f"{self.user}: response to {method}", find, timeout_s)
        assert found is not None
        return found

    def _credentials(self, challenge: str, method: str, target: str) -> str:
        lines = re.findall(r"^(WWW|Proxy)-Authenticate:[ \t]*(.*?)\r?$", challenge, re.I | re.M)
        kind, value = next((k, v) for k, v in lines if parameter(v, "algorithm") in {"MD5", ""})

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        nonce, cnonce = parameter(value, "nonce"), secrets.token_hex(4)
        ha1 = md5(f"{self.user}:{parameter(value, 'realm')}:{self.password}")
        response = md5(f"{ha1}:{nonce}:00000001:{cnonce}:auth:{md5(f'{method}:{target}')}")
        name = "Authorization" if kind.upper() == "WWW" else "Proxy-Authorization"
        opaque = f', opaque="{o}"' if (o := parameter(value, "opaque")) else ""
        return (
            f'{name}: Digest username="{self.user}", realm="{parameter(value, "realm")}", nonce="{nonce}", '
            f'uri="{target}", response="{response}", algorithm=MD5, '
            f'qop=auth, nc=00000001, cnonce="{cnonce}"{opaque}\r\n'
        )

    def _ask(self, method: str, target: str, to: str, body: str = "", extra: str = "") -> str:
        """Send with the challenge answered; the final response."""
        self.sequence += 1
        first = self.request(method, target, to, body=body, extra=extra)
        response = self.wait_response(method)
        if response[8:11] in {"401", "407"}:
            if method == "INVITE":
                self._ack_failure(first, response)
            credentials = self._credentials(response, method, target)
            self.sequence += 1
            first = self.request(method, target, to, body=body, extra=extra + credentials)
            response = self.wait_response(method)
        if method == "INVITE" and response[8] != "2":
            self._ack_failure(first, response)
        return response

    def _ack_failure(self, invite: str, response: str) -> None:
        self.send(
            f"ACK {invite.split(' ')[1]} SIP/2.0\r\nVia: {header(invite, 'Via')}\r\nMax-Forwards: 70\r\n"
            f"From: {header(invite, 'From')}\r\nTo: {header(response, 'To')}\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: {self.sequence} ACK\r\n" + self._body("")
        )

    def register(self, expires_s: int = 300) -> RawPhone:
        target = f"sip:{self.realm}"
        to = f"<sip:{self.user}@{self.realm}>"
        response = self._ask("REGISTER", target, to, extra=f"Expires: {expires_s}\r\n")
        assert response.startswith("SIP/2.0 200"), response
        self.call_id, self.sequence = f"{secrets.token_hex(6)}@raw", 0
        return self

    def call(self, number: str) -> str:
        """Call and return the final response; on 200 the dialog is up and acknowledged."""
        target = f"sip:{number}@{self.realm}"
        self.call_id, self.sequence = f"{secrets.token_hex(6)}@raw", 0
        response = self._ask("INVITE", target, f"<{target}>", body=self.sdp())
        if response.startswith("SIP/2.0 200"):
            self._learn_media(response)
            self.remote_to = header(response, "To")
            self.remote_target = re.sub(r"[<>].*", "", header(response, "Contact").lstrip("<"))
            self.request("ACK", self.remote_target, self.remote_to)
        return response

    def reinvite(self, direction: str) -> str:
        response = self._ask("INVITE", self.remote_target, self.remote_to, body=self.sdp(direction))
        self.request("ACK", self.remote_target, self.remote_to)
        return response

    def options(self) -> str:
        """An OPTIONS outside the dialog; its response proves that the server lives."""
        keep = self.call_id, self.sequence
        self.call_id, self.sequence = f"{secrets.token_hex(6)}@ping", 1
        target = f"sip:{self.realm}"
        self.request("OPTIONS", target, f"<{target}>")
        response = self.wait_response("OPTIONS", timeout_s=3)
        self.call_id, self.sequence = keep
        return response

    def bye(self) -> str:
        return self._ask("BYE", self.remote_target, self.remote_to)

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(2)
        self.socket.close()
        self.rtp.stop()
