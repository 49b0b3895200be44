"""Bad octets on the SIP port and on a living call's RTP port: no gap, no traceback, no theft."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable

import pytest

from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.rtp_peer import missing, worst_lateness_ms
from tests.interop.site import Site
from tests.interop.sounds import longest_gap_ms, sine, tone_level_dbm0

DATAGRAMS = 3000
SEED = 20261124
LATE_MS = 60.0  # beyond this a usual jitter buffer of 60 ms would have played a gap

FIELDS = ("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Length", "Content-Type")
VALUES = (
    "", " ", ";", "<", "<sip:", "sip:@", "4294967296", "-1", "0", "99999999999999999999", "%00%ff", '"', "INVITE 1",
    "1 INVITE INVITE", "SIP/2.0/UDP", "SIP/2.0/UDP 127.0.0.1:0;branch=z9hG4bK", "<sip:a@[::1>;tag=", "*", "a" * 4000,
)  # fmt: skip


def one_field_away(rng: random.Random, message: str) -> bytes:
    """A message of the dialog with one field changed, cut, doubled or removed, or one octet flipped."""
    kind = rng.randrange(5)
    lines = message.split("\r\n")
    if kind == 0:
        name = rng.choice(FIELDS)
        lines = [
            f"{name}: {rng.choice(VALUES)}" if line.lower().startswith(name.lower() + ":") else line for line in lines
        ]
    elif kind == 1:
        del lines[rng.randrange(len(lines))]
    elif kind == 2:
        index = rng.randrange(len(lines))
        lines.insert(index, lines[index])
    data = bytearray("\r\n".join(lines).encode())
    if kind == 3:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 4:
        del data[rng.randrange(1, len(data)) :]
    return bytes(data)


def sip_datagrams(rng: random.Random, phone: RawPhone) -> list[bytes]:
    valid = [m for m in phone.sent if " sip:127.0.0.1" not in m.split("\r\n", 1)[0]]
    near = [one_field_away(rng, rng.choice(valid)) for _ in range(DATAGRAMS * 2 // 3)]
    # A mutation that is still a good BYE or CANCEL of this dialog rightly ends it: those are no bad input.
    near = [data for data in near if not data.startswith((b"BYE", b"CANCEL"))]
    noise = [rng.randbytes(rng.randrange(0, 1400)) for _ in range(DATAGRAMS - len(near))]
    mixed = near + noise
    rng.shuffle(mixed)
    return mixed


@pytest.fixture
def call(site: Site, raw_phone: Callable[..., RawPhone]) -> tuple[RawPhone, RawPhone]:
    caller, callee = raw_phone("201"), raw_phone("202")
    assert caller.call("202").startswith("SIP/2.0 200")
    caller.rtp.talk(sine(700, 5), caller.media)
    callee.rtp.talk(sine(900, 5), callee.media)
    eventually("audio flows both ways", lambda: len(caller.rtp.arrivals) > 25 and len(callee.rtp.arrivals) > 25, 5)
    return caller, callee


def log_is_clean(site: Site) -> None:
    assert site.process is not None
    assert "Traceback" not in site.process.output()


def no_gap(phone: RawPhone, mark: int, hz: float) -> None:
    arrivals = phone.rtp.arrivals[mark:]
    assert missing(arrivals) == 0
    assert worst_lateness_ms(arrivals) < LATE_MS
    heard = phone.rtp.heard()[mark * 160 :]
    assert longest_gap_ms(heard, hz) <= 10
    assert tone_level_dbm0(heard, hz) == pytest.approx(-10, abs=1)


def test_3000_bad_sip_datagrams(site: Site, call: tuple[RawPhone, RawPhone]) -> None:
    caller, callee = call
    mark = len(caller.rtp.arrivals)
    for number, data in enumerate(sip_datagrams(random.Random(SEED), caller)):
        caller.send(data)
        if number % 20 == 0:
            time.sleep(0.01)  # a bounded load, not a flood
    assert caller.options().startswith("SIP/2.0 200")
    no_gap(caller, mark, 900)
    log_is_clean(site)
    assert len(site.status()["calls"]) == 1
    assert caller.bye().startswith(("SIP/2.0 200", "SIP/2.0 481", "SIP/2.0 500"))
    callee.bye()


def rtp_datagrams(rng: random.Random, phone: RawPhone) -> list[bytes]:
    sequence = 5000
    datagrams: list[bytes] = []
    for _ in range(DATAGRAMS * 2 // 3):
        packet = bytearray(struct.pack("!BBHII", 0x80, 8, sequence & 0xFFFF, sequence * 160, 0x1234ABCD) + bytes(160))
        field = rng.choice([0, 0, 1, 1, 2, 4, 8, len(packet)])
        if field == len(packet):
            del packet[rng.randrange(len(packet)) :]
        else:
            packet[field] = rng.randrange(256)
        datagrams.append(bytes(packet))
    datagrams += [rng.randbytes(rng.randrange(0, 1500)) for _ in range(DATAGRAMS - len(datagrams))]
    rng.shuffle(datagrams)
    return datagrams


def test_3000_bad_rtp_datagrams_from_a_stranger(site: Site, call: tuple[RawPhone, RawPhone]) -> None:
    caller, callee = call
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))
    stranger.settimeout(0.2)
    mark, callee_mark = len(caller.rtp.arrivals), len(callee.rtp.arrivals)
    for number, data in enumerate(rtp_datagrams(random.Random(SEED + 1), caller)):
        stranger.sendto(data, caller.media)
        if number % 20 == 0:
            time.sleep(0.01)
    assert caller.options().startswith("SIP/2.0 200")
    with pytest.raises(TimeoutError):
        stranger.recv(2048)  # nothing of the call is ever sent to him
    stranger.close()
    no_gap(caller, mark, 900)
    no_gap(callee, callee_mark, 700)
    log_is_clean(site)
    caller.bye()


def test_unauthenticated_invite_never_rings_a_line(site: Site, raw_phone: Callable[..., RawPhone]) -> None:
    phone = raw_phone("201")
    phone.password = "not the password"
    assert phone.call("101").startswith(("SIP/2.0 407", "SIP/2.0 401", "SIP/2.0 403"))
    assert not site.phone("fxs1", "state")["ringing"]
