"""Measure the CPU of calls and registrations through an agent on loopback (run by hand and by test_sip_cost).

The agent runs in this process, the peers in another, so that only the agent is measured.
Usage: .venv/bin/python -m tests.sip.load [calls|digest|register] [COUNT] [RATE]
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings, SipUser
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
    "a=ptime:20\r\na=sendrecv\r\n"
)


def ha1(user: str, password: str, name: str = "md5") -> str:
    return hashlib.new(name, f"{user}:tipring:{password}".encode()).hexdigest()


USERS = {u: SipUser(u, f"User {u}", ha1(u, "pw"), ha1(u, "pw", "sha256")) for u in ("201", "202")}


def field(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", text, re.MULTILINE)
    return found.group(1) if found else ""


def credentials(challenge: str, method: str, uri: str, user: str, header: str, nc: int = 1) -> str:
    nonce = re.search(r'nonce="(.*?)"', challenge).group(1)  # type: ignore[union-attr]
    ha2 = hashlib.md5(f"{method}:{uri}".encode()).hexdigest()
    answer = hashlib.md5(f"{ha1(user, 'pw')}:{nonce}:{nc:08x}:c:auth:{ha2}".encode()).hexdigest()
    return (
        f'{header}: Digest username="{user}",realm="tipring",nonce="{nonce}",uri="{uri}",response="{answer}",'
        f'algorithm=MD5,qop=auth,nc={nc:08x},cnonce="c"\r\n'
    )


class Peers:
    """Callers and the called phone 202 on one socket; raw text, paced by the clock."""

    def __init__(self, port: int, mode: str, count: int, rate: float) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind(("127.0.0.1", 0))
        self.here = f"127.0.0.1:{self.sock.getsockname()[1]}"
        self.pbx = ("127.0.0.1", port)
        self.mode, self.count, self.rate = mode, count, rate
        self.done = 0
        self.texts: dict[str, str] = {}

    def request(self, method: str, uri: str, ident: str, cseq: int, to: str, headers: str = "", body: str = "") -> str:
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {self.here};branch=z9hG4bK{ident}.{cseq}.{method};rport\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:201@tipring>;tag={ident}\r\nTo: {to}\r\nCall-ID: {ident}@load\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <sip:201@{self.here}>\r\nUser-Agent: load\r\n{headers}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def send(self, text: str) -> None:
        self.sock.sendto(text.encode(), self.pbx)

    def begin(self, number: int) -> None:
        ident = f"i{number:07d}"
        if self.mode == "register":
            text = self.request("REGISTER", "sip:tipring", ident, 1, "<sip:201@tipring>", "Expires: 3600\r\n")
        else:
            text = self.request("INVITE", "sip:202@tipring", ident, 1, "<sip:202@tipring>", body=SDP)
        self.texts[ident] = text
        self.send(text)

    def received(self, text: str) -> None:
        start = text.split("\r\n", 1)[0]
        if start.startswith("SIP/2.0"):
            self.response(text, int(start[8:11]), field(text, "CSeq").split()[1])
        elif start.startswith("INVITE"):
            self.answer(text, "180 Ringing")
            self.answer(text, "200 OK", SDP)
        elif start.startswith("BYE"):
            self.answer(text, "200 OK")

    def answer(self, text: str, status: str, body: str = "") -> None:
        to = field(text, "To")
        to += "" if "tag=" in to else ";tag=called"
        kind = "Content-Type: application/sdp\r\n" if body else ""
        self.send(
            f"SIP/2.0 {status}\r\nVia: {field(text, 'Via')}\r\nFrom: {field(text, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {field(text, 'Call-ID')}\r\nCSeq: {field(text, 'CSeq')}\r\nContact: <sip:202@{self.here}>\r\n"
            f"{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def response(self, text: str, status: int, method: str) -> None:
        ident = field(text, "Call-ID").split("@")[0]
        if status in {401, 407}:
            self.challenged(text, status, method, ident)
        elif status == 200 and method == "INVITE":
            target = re.search(r"<(.*?)>", field(text, "Contact")).group(1)  # type: ignore[union-attr]
            cseq = int(field(text, "CSeq").split()[0])
            self.send(self.request("ACK", target, ident, cseq, field(text, "To")))
            self.send(self.request("BYE", target, ident, cseq + 1, field(text, "To")))
        elif status >= 200:
            self.done += 1
            self.texts.pop(ident, None)

    def challenged(self, text: str, status: int, method: str, ident: str) -> None:
        md5 = re.search(r"^\S+: Digest [^\r]*algorithm=MD5[^\r]*", text, re.MULTILINE).group()  # type: ignore[union-attr]
        if method == "REGISTER":
            line = credentials(md5, method, "sip:tipring", "201", "Authorization")
            headers = line + "Expires: 3600\r\n"
            self.send(self.request("REGISTER", "sip:tipring", ident, 2, "<sip:201@tipring>", headers))
        else:
            if "i" in ident:
                ack = self.request("ACK", "sip:202@tipring", ident, 1, field(text, "To"))
                self.send(ack.replace(".1.ACK;", ".1.INVITE;"))
            line = credentials(md5, method, "sip:202@tipring", "201", "Proxy-Authorization")
            self.send(self.request("INVITE", "sip:202@tipring", ident, 2, "<sip:202@tipring>", line, SDP))

    def run(self) -> None:
        if self.mode != "register":
            self.register_202()
        started = time.monotonic()
        begun = 0
        while self.done < self.count:
            while begun < self.count and begun < (time.monotonic() - started) * self.rate:
                self.begin(begun)
                begun += 1
            self.sock.settimeout(0.001)
            try:
                self.received(self.sock.recv(65535).decode())
            except TimeoutError:
                if time.monotonic() - started > self.count / self.rate + 10:
                    break
        print(f"done {self.done} of {self.count} in {time.monotonic() - started:.2f} s")

    def register_202(self) -> None:
        for cseq in (1, 2):
            headers = "Expires: 3600\r\n"
            if cseq == 2:
                md5 = re.search(r"^\S+: Digest [^\r]*algorithm=MD5[^\r]*", text, re.MULTILINE).group()  # type: ignore[union-attr] # noqa: F821
                headers += credentials(md5, "REGISTER", "sip:tipring", "202", "Authorization")
            raw = self.request("REGISTER", "sip:tipring", "reg", cseq, "<sip:202@tipring>", headers)
            self.send(raw.replace("sip:201@", "sip:202@"))
            text = self.sock.recv(65535).decode()
        assert " 200 " in text, text


async def serve(mode: str, count: int, rate: float) -> dict[str, float]:
    """CPU in ms per call (or registration), with the figures of the peers."""
    bridge = Bridge(record=False)
    trusted = ("127.0.0.0/8",) if mode == "calls" else ()
    users = {"202": USERS["202"]} if mode == "calls" else USERS
    settings = SipSettings(listen_ip="127.0.0.1", udp_port=0, trusted_networks=trusted)
    folder = tempfile.TemporaryDirectory()
    agent = SipAgent(settings, users, FakeEngine(), bridge, BindingStore(Path(folder.name) / "registrations.db"))
    bridge.agent = agent
    await agent.start()
    command = [sys.executable, "-m", "tests.sip.load", "peers", str(agent.udp_port), mode, str(count), str(rate)]
    before = time.process_time()
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert process.stdout
    said = (await process.stdout.read()).decode()
    await process.wait()
    spent_ms = (time.process_time() - before) * 1000
    counts = agent.debug()
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    await agent.stop(0.1)
    folder.cleanup()
    finished = int(said.split()[1]) if said else 0
    return {"cpu_ms": spent_ms / max(finished, 1), "finished": finished, "peak_rss_mb": rss_mb, **counts}


def main() -> None:
    if sys.argv[1:2] == ["peers"]:
        port, mode, count, rate = sys.argv[2:6]
        Peers(int(port), mode, int(count), float(rate)).run()
        return
    mode = sys.argv[1] if len(sys.argv) > 1 else "calls"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    rate = float(sys.argv[3]) if len(sys.argv) > 3 else 400.0
    if os.environ.get("PROFILE"):
        import cProfile
        import pstats

        profile = cProfile.Profile()
        print(profile.runcall(asyncio.run, serve(mode, count, rate)))
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    else:
        print(asyncio.run(serve(mode, count, rate)))


if __name__ == "__main__":
    main()
