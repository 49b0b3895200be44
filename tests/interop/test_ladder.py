"""tshark looks at basic calls: the seed's ladder, no malformed packet, no RTP timestamp error."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.interop.fleet import Fleet
from tests.interop.handset import Handset
from tests.interop.matrix import PHONES
from tests.interop.processes import Process, eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import Site
from tests.interop.sounds import sine


@contextmanager
def capture(folder: Path, site: Site) -> Iterator[Path]:
    """Record the site's SIP and RTP ports on loopback; a marker packet proves that capturing began and ended."""
    pcap = folder / "call.pcap"
    ports = f"udp port {site.sip_port} or udp portrange {site.rtp_first}-{site.rtp_last}"
    tshark = Process("tshark", ["tshark", "-q", "-i", "lo", "-f", ports, "-w", str(pcap)], folder / "tshark.log")
    try:
        eventually("tshark captures", lambda: "Capturing" in tshark.output() and pcap.exists(), 20)
        time.sleep(0.5)  # tshark says so shortly before its socket listens
        yield pcap
        time.sleep(0.5)
    finally:
        tshark.stop()


def tshark(pcap: Path, site: Site, *options: str) -> list[str]:
    argv = ["tshark", "-r", str(pcap), "-d", f"udp.port=={site.sip_port},sip", *options]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()


def test_basic_call_ladder(site: Site, raw_phone: Callable[..., RawPhone], tmp_path: Path) -> None:
    caller, callee = raw_phone("201"), raw_phone("202")
    with capture(tmp_path, site) as pcap:
        assert caller.call("202").startswith("SIP/2.0 200")
        caller.rtp.talk(sine(700, 5), caller.media)
        callee.rtp.talk(sine(900, 5), callee.media)
        time.sleep(4)
        assert caller.bye().startswith("SIP/2.0 200")
        eventually("callee got BYE", lambda: any(m.startswith("BYE") for m in callee.received), 3)
    leg = f"sip && udp.port=={caller.port}"
    lines = tshark(pcap, site, "-Y", leg, "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code")
    ladder = [line.replace("\t", "") for line in lines]
    # The challenge comes first, as for every call of a user; then the seed's ladder.
    assert ladder == SIMPLE
    assert tshark(pcap, site, "-Y", "_ws.malformed") == []
    decode: list[str] = []
    for port in (caller.media[1], callee.media[1]):
        decode += ["-d", f"udp.port=={port},rtp"]
    streams = [line for line in tshark(pcap, site, *decode, "-q", "-z", "rtp,streams") if "g711A" in line]
    assert len(streams) == 4, streams
    for stream in streams:
        assert " 0 (0.0%)" in stream, f"RTP lost: {stream}"
    check_timestamps(pcap, site, decode)


SIMPLE = ["INVITE", "407", "ACK", "INVITE", "100", "180", "200", "ACK", "BYE", "200"]


@pytest.mark.parametrize("kind", PHONES)
def test_ladder_with_a_real_telephone(site: Site, tmp_path: Path, kind: str) -> None:
    """It calls a line and hangs up."""
    handset = Handset(site, tmp_path)
    with ExitStack() as stack:
        phone = Fleet(site, tmp_path, stack).start(kind, site.account("201")).registered()
        with capture(tmp_path, site) as pcap:
            phone.dial("101")
            handset.answer()
            phone.wait_up()
            handset.wait_tone(1000)
            time.sleep(1.5)
            phone.hangup()
            phone.wait_closed()
            handset.hang_up()
    call = 'sip && sip.CSeq.method != "REGISTER"'
    lines = tshark(pcap, site, "-Y", call, "-T", "fields", "-e", "sip.Method", "-e", "sip.Status-Code")
    assert [line.replace("\t", "") for line in lines] == SIMPLE
    assert tshark(pcap, site, "-Y", "_ws.malformed") == []
    ours = range(site.rtp_first, site.rtp_last, 2)
    decode = [word for port in ours for word in ("-d", f"udp.port=={port},rtp")]
    check_timestamps(pcap, site, decode, f"rtp && udp.srcport in {{{ours[0]}..{ours[-1]}}}", streams=1)


def check_timestamps(pcap: Path, site: Site, decode: list[str], which: str = "rtp", streams: int = 4) -> None:
    """Within each stream the timestamp advances by 160 with every sequence number."""
    fields = ["-e", "rtp.ssrc", "-e", "udp.srcport", "-e", "rtp.seq", "-e", "rtp.timestamp"]
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for line in tshark(pcap, site, *decode, "-Y", which, "-T", "fields", *fields):
        ssrc, port, sequence, timestamp = line.split("\t")
        if (ssrc, port) in last:
            steps = (int(sequence) - last[ssrc, port][0]) & 0xFFFF
            assert (int(timestamp) - last[ssrc, port][1]) & 0xFFFFFFFF == steps * 160, line
        last[ssrc, port] = int(sequence), int(timestamp)
    assert len(last) == streams
