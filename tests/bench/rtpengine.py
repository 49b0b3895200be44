"""rtpengine in user space, where it is installed: a media relay of some renown to stand beside.

Started in the foreground on loopback with ports of its own, no kernel table and one worker, as the others have; calls
are made with offer and answer over its control protocol "ng": a cookie and a bencoded dictionary in a UDP datagram.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.interop.processes import free_port, free_rtp_range

START_S = 10
PAYLOADS = {"PCMA": 8, "PCMU": 0, "G722": 9}

Value = bytes | int | list["Value"] | dict[str, "Value"]


def installed() -> bool:
    """Debian's package is rtpengine-daemon."""
    return shutil.which("rtpengine") is not None


def bencode(value: Value | str) -> bytes:
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def bdecode(data: bytes, at: int = 0) -> tuple[Value, int]:
    """The value that begins at `at`, and where it ends."""
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items: list[Value] = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = bdecode(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        keys = [key.decode() for key in items[::2] if isinstance(key, bytes)]
        return dict(zip(keys, items[1::2], strict=True)), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end], end


def description(port: int, codec: str) -> str:
    payload = PAYLOADS[codec]
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {payload}\r\na=rtpmap:{payload} {codec}/8000\r\n"
    )


class RtpEngine:
    """One rtpengine. `relay` makes calls in it; `with` ends it."""

    def __init__(self, folder: Path, calls: int) -> None:
        first, last = free_rtp_range(4 * calls + 50)
        self._place = ("127.0.0.1", free_port())
        self._log = (folder / "rtpengine.log").open("ab")
        self.process = subprocess.Popen(
            ["rtpengine", "--config-file=none", "--foreground", "--log-stderr", "--log-level=3",
             "--table=-1", "--num-threads=1",
             "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{self._place[1]}",
             f"--port-min={first}", f"--port-max={last}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(0.2)
        self._cookie = 0
        self._await_start()

    def __enter__(self) -> RtpEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self._socket.close()
        self._log.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def _await_start(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                self.order({"command": b"ping"})
                return
            except OSError:
                assert self.process.poll() is None, "rtpengine ended"
        raise AssertionError("rtpengine does not answer")

    def order(self, what: dict[str, Value]) -> dict[str, Value]:
        """Raises OSError when it does not answer, AssertionError when it refuses."""
        self._cookie += 1
        cookie = b"c%d " % self._cookie
        self._socket.sendto(cookie + bencode(what), self._place)
        while not (answer := self._socket.recv(65536)).startswith(cookie):
            pass
        said, _ = bdecode(answer, len(cookie))
        assert isinstance(said, dict) and said["result"] in {b"ok", b"pong"}, said
        return said

    def relay(self, codecs: tuple[str, str], calls: int, ports: tuple[int, int]) -> list[tuple[int, int]]:
        """Calls between what speaks codecs at ports of loopback. The ports it takes from A and from B, for each."""
        a, b = (description(port, codec) for port, codec in zip(ports, codecs, strict=True))
        changed: dict[str, Value] = {"mask": [codecs[0].encode()], "transcode": [codecs[1].encode()]}
        made = []
        for call in range(calls):
            who: dict[str, Value] = {
                "call-id": b"bench-%d-%d" % (self._cookie, call),
                "from-tag": b"a",
                "ICE": b"remove",
            }
            codec: dict[str, Value] = {} if codecs[0] == codecs[1] else {"codec": changed}
            to_b = self.order({**who, **codec, "command": b"offer", "sdp": a.encode()})
            to_a = self.order({**who, "command": b"answer", "to-tag": b"b", "sdp": b.encode()})
            made.append((_audio_port(to_a), _audio_port(to_b)))
        return made


def _audio_port(said: dict[str, Value]) -> int:
    sdp = said["sdp"]
    assert isinstance(sdp, bytes)
    found = re.search(rb"m=audio (\d+)", sdp)
    assert found, sdp
    return int(found[1])
