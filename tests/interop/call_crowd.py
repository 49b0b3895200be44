"""Many calls held by one thread on one socket: callers from a trusted network, and the registered phone they call.

For tests that need calls that are up while something else happens. Strings and one socket, sharing nothing with
the firmware's stack; audio is `rtp_crowd.py`: call n has its ends 2n (caller) and 2n+1 (called).
"""

from __future__ import annotations

import re
import socket
import threading
import time

from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone, header
from tests.interop.rtp_crowd import RtpCrowd


class CrowdCall:
    """One call. ok: the 200 the caller got. ended_s: when the 200 to its BYE came, 0.0 before."""

    def __init__(self, number: int, call_id: str) -> None:
        self.number = number
        self.call_id = call_id
        self.ok = ""
        self.refused = ""
        self.cseq = 1
        self.bye_sent_s = self.bye_answered_s = 0.0
        self.byes_sent = 0


class CallCrowd:
    """phone: who is called; registered by the test, `answer` "" (this class answers for it)."""

    def __init__(self, sip_port: int, audio: RtpCrowd, user: str, password: str) -> None:
        self._server = ("127.0.0.1", sip_port)
        self._audio = audio
        self._user = user
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self._here = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.calls: dict[str, CrowdCall] = {}
        self._answered = 0
        self._ending = threading.Event()
        self._phone = Answerer(self, user, password, sip_port)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    # -- doing -------------------------------------------------------------------------
    def call(self, timeout_s: float = 5.0) -> CrowdCall:
        """Make one more call and wait until it is up, with audio flowing both ways."""
        number = len(self.calls)
        call = CrowdCall(number, f"crowd{number}-{time.monotonic_ns()}")
        self.calls[call.call_id] = call
        self._phone.next_end = 2 * number + 1
        self._send(self._request("INVITE", f"sip:{self._user}@{self._here}", call, "", self._sdp(2 * number)))
        eventually(f"call {number} answered or refused", lambda: call.ok or call.refused, timeout_s)
        if not call.ok:
            del self.calls[call.call_id]
            raise AssertionError(call.refused.partition("\r\n")[0])
        return call

    def hang_up(self, call: CrowdCall) -> None:
        """Send BYE; again every 500 ms until it is answered."""
        call.cseq += 1
        call.bye_sent_s = time.monotonic()
        target = re.sub(r"[<>].*", "", header(call.ok, "Contact").lstrip("<"))
        bye = self._request("BYE", target, call, header(call.ok, "To"))
        while not call.bye_answered_s and call.byes_sent < 10:
            self._send(bye)
            call.byes_sent += 1
            waiting_s = time.monotonic() + 0.5
            while not call.bye_answered_s and time.monotonic() < waiting_s:
                time.sleep(0.002)
        self._audio.stop_sending(2 * call.number)
        self._audio.stop_sending(2 * call.number + 1)

    def stop(self) -> None:
        self._ending.set()
        self._thread.join(2)
        self._socket.close()
        self._phone.stop()

    # -- the wire ----------------------------------------------------------------------
    def _sdp(self, end: int) -> str:
        return (
            "v=0\r\no=crowd 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._audio.ports[end]} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
        )

    def sdp_of_answer(self, end: int, offer: str) -> str:
        """The called phone takes the call: its audio begins."""
        self._audio.send_to(end, media_port(offer))
        return self._sdp(end)

    def _request(self, method: str, target: str, call: CrowdCall, to: str, body: str = "") -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bK{call.call_id}{method}{call.cseq};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:900@{self._here}>;tag={call.call_id}\r\n"
            f"To: {to or f'<{target}>'}\r\nCall-ID: {call.call_id}\r\nCSeq: {call.cseq} {method}\r\n"
            f"Contact: <sip:900@{self._here}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def _send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self._server)

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                text = self._socket.recv(65536).decode()
            except TimeoutError:
                continue
            except OSError:
                return
            call = self.calls.get(header(text, "Call-ID"))
            if call is not None and text.startswith("SIP/2.0"):
                self._response(call, text, int(text[8:11]), header(text, "CSeq").split()[1])
            elif text.startswith(("BYE", "OPTIONS", "UPDATE")):
                self._send(response_to(text, "200 OK"))

    def _response(self, call: CrowdCall, text: str, status: int, method: str) -> None:
        if method == "BYE" and status >= 200:
            call.bye_answered_s = call.bye_answered_s or time.monotonic()
        elif method == "INVITE" and 200 <= status < 300:
            target = re.sub(r"[<>].*", "", header(text, "Contact").lstrip("<"))
            self._send(self._request("ACK", target, call, header(text, "To")))
            if not call.ok:
                self._audio.send_to(2 * call.number, media_port(text))
                call.ok = text
        elif method == "INVITE" and status >= 300:
            call.refused = text


class Answerer(RawPhone):
    """The registered phone that all calls go to; every call gets the audio end that the crowd names."""

    def __init__(self, crowd: CallCrowd, user: str, password: str, sip_port: int) -> None:
        self._crowd = crowd
        self.next_end = 0
        super().__init__(user, password, sip_port, "")
        self.register(3600)

    def _serve(self, request: str) -> None:
        if request.startswith("INVITE"):
            self._reply(request, "180 Ringing")
            self._reply(request, "200 OK", self._crowd.sdp_of_answer(self.next_end, request))
        else:
            super()._serve(request)


def media_port(text: str) -> int:
    found = re.search(r"^m=audio (\d+)", text, re.M)
    assert found, text
    return int(found.group(1))


def response_to(request: str, status: str) -> str:
    vias = "".join(f"Via: {via}\r\n" for via in re.findall(r"^Via:[ \t]*(.*?)\r?$", request, re.I | re.M))
    return (
        f"SIP/2.0 {status}\r\n{vias}From: {header(request, 'From')}\r\nTo: {header(request, 'To')}\r\n"
        f"Call-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\nContent-Length: 0\r\n\r\n"
    )
