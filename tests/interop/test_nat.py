"""Calls through real NAT: the kernel's, in network namespaces, of the four kinds; and Tipring itself behind NAT.

Everything is judged at the two telephones: packets, tones (numpy) and the BYE of either side.
"""

from __future__ import annotations

import html
import itertools
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.alg_box import LINUX_HELPER, AlgBox, contact_only
from tests.interop.baresip import Baresip
from tests.interop.net_lab import (
    ADDRESS_RESTRICTED,
    FULL_CONE,
    HOME,
    PORT_RESTRICTED,
    SYMMETRIC,
    Lab,
    Namespace,
    NatRouter,
    forwarding,
)
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone, header
from tests.interop.rtp_peer import alaw_encode
from tests.interop.site import PASSWORDS, Site
from tests.interop.sounds import sine, tone_level_dbm0

PBX_IP = "198.51.100.5"
OUTSIDE_IP = "203.0.113.9"
INSIDE_HZ, OUTSIDE_HZ, THIEF_HZ = 1000, 700, 400
RULES = {
    "full cone": FULL_CONE,
    "address-restricted": ADDRESS_RESTRICTED,
    "port-restricted": PORT_RESTRICTED,
    "symmetric": SYMMETRIC,
}
HEARS = {"full cone": "ABC", "address-restricted": "AB", "port-restricted": "A", "symmetric": "A"}
MakeRaw = Callable[..., RawPhone]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def outside(lab: Lab) -> Namespace:
    """A machine on the open Internet, for telephones."""
    return lab.public_host(OUTSIDE_IP)


@pytest.fixture(scope="module")
def homes(lab: Lab) -> dict[str, Namespace]:
    """A host behind a router of each kind; all four have the same private address."""
    return {
        kind: NatRouter(lab, f"203.0.113.{20 + n}", rules).inside() for n, (kind, rules) in enumerate(RULES.items())
    }


@pytest.fixture(scope="module")
def site(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Tipring on the open Internet."""
    host = lab.public_host(PBX_IP)
    with Site(tmp_path_factory.mktemp("site"), host=host, sip_extra="keepalive_s = 2\n") as running:
        yield running


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as things:
        yield things


@pytest.fixture
def raw(stack: ExitStack) -> MakeRaw:
    """Makes registered raw phones."""

    def make(user: str, host: Namespace, server_ip: str = PBX_IP, via: str = ";rport") -> RawPhone:
        phone = RawPhone(user, PASSWORDS[user], (server_ip, 5060), machine=host, via=via)
        stack.callback(phone.stop)
        return phone.register()

    return make


def says(phone: RawPhone, hz: float) -> None:
    """The raw phone speaks to whom its call's SDP names, and forgets what it has heard so far."""
    phone.rtp.arrivals.clear()
    phone.rtp.talk(sine(hz, 1.0), phone.media)


def hears(phone: RawPhone, hz: float) -> None:
    """The raw phone hears `hz` at -10 dBm0, and a second's packets come."""

    def tone() -> bool:
        recent = phone.rtp.heard(0.4)
        return len(recent) >= 3200 and abs(tone_level_dbm0(recent, hz) + 10) < 2

    eventually(f"{phone.user} hears {hz} Hz", tone, 5)
    eventually(f"{phone.user} gets 50 packets", lambda: len(phone.rtp.arrivals) >= 50, 5)


def heard(phone: Baresip, hz: float) -> None:
    """The loudest half second that baresip heard in its call was `hz` at -10 dBm0."""

    def loudest_dbm0() -> float:
        samples = phone.heard()
        parts = [samples[i : i + 4000] for i in range(0, len(samples) - 4000, 800)]
        return max((tone_level_dbm0(part, hz) for part in parts), default=-99.0)

    eventually(f"baresip hears {hz} Hz", lambda: abs(loudest_dbm0() + 10) < 2, 3)


def incoming(phone: RawPhone, count: int) -> str:
    """The raw phone's INVITE number `count`, answered by it at once."""
    found: list[str] = eventually("INVITE", lambda: invites if len(invites := invites_of(phone)) >= count else [])
    return found[count - 1]


def invites_of(phone: RawPhone) -> list[str]:
    return [text for text in list(phone.received) if text.startswith("INVITE") and "tag=" not in header(text, "To")]


def got_bye(phone: RawPhone) -> None:
    eventually(f"{phone.user} gets BYE", lambda: any(text.startswith("BYE") for text in list(phone.received)), 5)


# -- the laboratory itself ----------------------------------------------------------------


@pytest.mark.parametrize("kind", RULES)
def test_a_router_of_the_laboratory_is_of_its_kind(
    lab: Lab, homes: dict[str, Namespace], outside: Namespace, kind: str, stack: ExitStack
) -> None:
    """Who reaches the phone after it has sent to A, and whether its port depends on the target (RFC 4787 4, 5)."""
    other = lab.internet
    places = {"A": (outside, 6000), "B": (outside, 6001), "C": (other, 6000)}
    ends = {name: stack.enter_context(host.socket()) for name, (host, _) in places.items()}
    phone = stack.enter_context(homes[kind].socket())
    for name, (host, port) in places.items():
        ends[name].bind((host.ip, port))
    for end in (*ends.values(), phone):
        end.settimeout(5)
    phone.sendto(b"hello", (outside.ip, 6000))
    seen = ends["A"].recvfrom(16)[1]
    for name in "CBA":
        ends[name].sendto(name.encode(), seen)
    got = ""
    while "A" not in got:
        got += phone.recv(16).decode()
    assert "".join(sorted(got)) == HEARS[kind]
    phone.sendto(b"hello", (other.ip, 6000))
    assert (ends["C"].recvfrom(16)[1] == seen) == (kind != "symmetric")


# -- telephones behind NAT ------------------------------------------------------------------


@pytest.mark.parametrize("kind", RULES)
def test_calls_both_ways_through_nat(
    site: Site,
    homes: dict[str, Namespace],
    outside: Namespace,
    kind: str,
    raw: MakeRaw,
    stack: ExitStack,
    tmp_path: Path,
) -> None:
    inside = Baresip(tmp_path, site.account("201"), "auto", machine=homes[kind])
    stack.callback(inside.stop)
    inside.registered()
    phone = raw("202", outside)
    assert phone.call("201").startswith("SIP/2.0 200")
    says(phone, OUTSIDE_HZ)
    hears(phone, INSIDE_HZ)
    inside.hangup()
    got_bye(phone)
    heard(inside, OUTSIDE_HZ)
    inside.wait_closed()
    inside.dial("202")
    inside.wait_up()
    says(phone, OUTSIDE_HZ)
    hears(phone, INSIDE_HZ)
    assert phone.bye().startswith("SIP/2.0 200")
    heard(inside, OUTSIDE_HZ)
    inside.wait_closed()
    site.wait_idle()


def test_two_telephones_behind_the_same_router(site: Site, lab: Lab, raw: MakeRaw) -> None:
    router = NatRouter(lab, "203.0.113.30", PORT_RESTRICTED)
    one, two = raw("201", router.inside(20)), raw("202", router.inside(21))
    assert one.call("202").startswith("SIP/2.0 200")
    says(one, INSIDE_HZ)
    says(two, OUTSIDE_HZ)
    hears(one, OUTSIDE_HZ)
    hears(two, INSIDE_HZ)
    assert two.bye().startswith("SIP/2.0 200")
    got_bye(one)
    site.wait_idle()


def test_a_stranger_who_sprays_every_audio_port_neither_speaks_nor_listens(
    site: Site, lab: Lab, homes: dict[str, Namespace], outside: Namespace, raw: MakeRaw, stack: ExitStack
) -> None:
    """He begins before the call and sends more packets than the telephones do."""
    thief = stack.enter_context(lab.public_host("203.0.113.66").socket())
    thief.settimeout(0)
    stop = threading.Event()
    sprayer = threading.Thread(target=spray, args=(thief, range(site.rtp_first, site.rtp_last, 2), stop))
    sprayer.start()
    try:
        inside, phone = raw("201", homes["symmetric"]), raw("202", outside)
        assert phone.call("201").startswith("SIP/2.0 200")
        time.sleep(1.5)  # nobody speaks: all the time he needs to get in first
        says(inside, INSIDE_HZ)
        says(phone, OUTSIDE_HZ)
        hears(inside, OUTSIDE_HZ)
        hears(phone, INSIDE_HZ)
        for hearer in (inside, phone):
            assert tone_level_dbm0(hearer.rtp.heard(0.4), THIEF_HZ) < -40
        assert phone.bye().startswith("SIP/2.0 200")
    finally:
        stop.set()
        sprayer.join()
    with pytest.raises(BlockingIOError):
        thief.recv(2048)
    site.wait_idle()


def spray(sock: socket.socket, ports: range, stop: threading.Event) -> None:
    """A tone to every port, a packet each 20 ms."""
    octets = alaw_encode(sine(THIEF_HZ, 1.0))
    for number in itertools.count():
        began_s = time.monotonic()
        at = number % 50 * 160
        packet = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160, 0xBAD) + octets[at : at + 160]
        for port in ports:
            sock.sendto(packet, (PBX_IP, port))
        if stop.wait(max(0.0, began_s + 0.02 - time.monotonic())):
            return


def test_pings_keep_a_router_open_that_forgets_after_four_seconds(
    site: Site, lab: Lab, outside: Namespace, raw: MakeRaw, stack: ExitStack
) -> None:
    router = NatRouter(lab, "203.0.113.31", PORT_RESTRICTED)
    for name in ("udp_timeout", "udp_timeout_stream"):
        router.sh(f"echo 4 > /proc/sys/net/netfilter/nf_conntrack_{name}")
    home = router.inside()
    phone, forgotten = raw("201", home), stack.enter_context(home.socket())
    peer = stack.enter_context(outside.socket())
    peer.bind((OUTSIDE_IP, 7000))
    forgotten.sendto(b"hello", (OUTSIDE_IP, 7000))
    hole = peer.recvfrom(16)[1]
    pings = eventually("four pings", lambda: found if len(found := pings_of(phone)) >= 4 else [], 15)
    peer.sendto(b"too late", hole)
    assert header(pings[0], "To") == f"<sip:201@{home.ip}:{phone.port}>"
    caller = raw("202", outside)
    assert caller.call("201").startswith("SIP/2.0 200")
    assert caller.bye().startswith("SIP/2.0 200")
    forgotten.setblocking(False)
    with pytest.raises(BlockingIOError):  # what nobody pinged is shut, so the pings were it
        forgotten.recv(16)
    site.wait_idle()


def pings_of(phone: RawPhone) -> list[str]:
    return [text for text in list(phone.received) if text.startswith("OPTIONS")]


def test_a_phone_that_forgets_rport_is_answered_behind_nat_all_the_same(
    site: Site, homes: dict[str, Namespace], outside: Namespace, raw: MakeRaw
) -> None:
    inside, phone = raw("201", homes["symmetric"], via=""), raw("202", outside)
    assert inside.call("202").startswith("SIP/2.0 200")
    says(inside, INSIDE_HZ)
    hears(phone, INSIDE_HZ)
    assert inside.bye().startswith("SIP/2.0 200")
    site.wait_idle()


# -- Tipring behind NAT -----------------------------------------------------------------------


def test_tipring_behind_nat_with_a_public_address_set(
    lab: Lab, outside: Namespace, raw: MakeRaw, stack: ExitStack, tmp_path: Path
) -> None:
    """Ports forwarded; phones outside, inside, and one inside that knows only the public address (hairpin)."""
    public = "198.51.100.80"
    router = NatRouter(lab, public, forwarding(["5060", "12000-31999"]))
    settings = f'public_address = "{public}"\n'
    site = stack.enter_context(Site(tmp_path, host=router.inside(10), sip_extra=settings))
    assert site.status()["public_address"] == {"ip": public, "port": 5060, "stun_server": ""}
    far = raw("201", outside, public)
    near, hairpin = raw("202", router.inside(20), f"{HOME}.10"), raw("203", router.inside(21), public)
    for caller, called in ((far, near), (near, far), (far, hairpin), (hairpin, near)):
        before = len(invites_of(called))
        assert caller.call(called.user).startswith("SIP/2.0 200")
        told = incoming(called, before + 1)
        own = public if called is far else f"{HOME}.10"
        assert re.findall(r"^c=IN IP4 (\S+)\r$", told, re.M) == [own]
        assert f"@{own}" in header(told, "Contact") and f"UDP {own}:" in header(told, "Via")
        says(caller, INSIDE_HZ)
        says(called, OUTSIDE_HZ)
        hears(caller, OUTSIDE_HZ)
        hears(called, INSIDE_HZ)
        assert called.bye().startswith("SIP/2.0 200")
        caller.rtp.hush()
        called.rtp.hush()
        site.wait_idle()


def test_tipring_behind_nat_learns_its_address_by_stun(
    site: Site, lab: Lab, outside: Namespace, raw: MakeRaw, stack: ExitStack, tmp_path: Path
) -> None:
    """Nothing forwarded but SIP; the STUN server is the SIP port of the other Tipring."""
    public = "198.51.100.81"
    router = NatRouter(lab, public, forwarding(["5060"]))
    settings = f'stun_server = "{site.host.ip}:{site.sip_port}"\n'
    hidden = stack.enter_context(Site(tmp_path, host=router.inside(10), sip_extra=settings))
    known = eventually("a public address", lambda: hidden.status()["public_address"])
    assert (known["ip"], known["port"]) == (public, 5060)
    far, near = raw("201", outside, public), raw("202", router.inside(20), f"{HOME}.10")
    assert near.call("201").startswith("SIP/2.0 200")
    assert f"c=IN IP4 {public}\r" in incoming(far, 1)
    says(near, INSIDE_HZ)
    says(far, OUTSIDE_HZ)
    hears(near, OUTSIDE_HZ)
    hears(far, INSIDE_HZ)
    assert far.bye().startswith("SIP/2.0 200")
    got_bye(near)
    hidden.wait_idle()


MOVING = """
import subprocess
from firmware.sip.transports.own_addresses import OwnAddresses

now = [1000.0]
own = OwnAddresses(("0.0.0.0",), local_networks=("8.8.8.0/24",), now_s=lambda: now[0])

def ip(command):
    subprocess.run(["ip", *command.split()], check=True)

def told(*peers):
    return [own.towards(peer) for peer in peers]

ip("link add card type veth peer name cable")
ip("link set card up")
ip("addr add 198.18.5.9/24 dev card")
ip("route add 8.8.8.0/24 dev card")
assert told("198.18.5.1", "198.18.6.1") == ["198.18.5.9", "203.0.113.77"], "no public address: the route decides"
own.public = ("198.51.100.5", 0)
assert told("198.18.5.1", "8.8.8.8", "9.9.9.9") == ["198.18.5.9", "198.18.5.9", "198.51.100.5"]
ip("addr add 198.18.7.9/24 dev card")
ip("addr del 198.18.5.9/24 dev card")
now[0] += 30.1
assert told("198.18.5.1", "198.18.7.1") == ["198.51.100.5", "198.18.7.9"], "another address of the card"
ip("link del card")
now[0] += 30.1
assert told("198.18.7.1", "9.9.9.9") == ["198.51.100.5", "198.51.100.5"], "the card is gone"
"""


def test_cards_that_come_change_and_go_are_noticed(lab: Lab) -> None:
    """On the kernel's own routes, with a clock that the test turns on."""
    lab.public_host("203.0.113.77").run(sys.executable, "-c", MOVING)


# -- routers that rewrite SIP -------------------------------------------------------------------


def test_a_router_that_rewrites_only_the_contact_is_named_to_people(
    site: Site, lab: Lab, outside: Namespace, raw: MakeRaw, stack: ExitStack, tmp_path: Path
) -> None:
    """baresip behind it registers and calls; what is wrong stands in log, status, command line and page."""
    box = AlgBox(lab, "203.0.113.41", (PBX_IP, 5060), contact_only)
    stack.callback(box.stop)
    phone = raw("202", outside)
    inside = Baresip(tmp_path, site.account("201"), "auto", machine=box.inside())
    stack.callback(inside.stop)
    inside.registered()
    inside.dial("202")
    inside.wait_up()
    inside.hangup()
    got_bye(phone)
    notice = eventually("a notice", lambda: next((n for n in site.status()["notices"] if box.ip in n["en"]), None))
    assert f"it changed Contact but left {HOME}.20" in notice["en"]
    assert notice["en"] in site.tipring("status").stdout
    assert site.process is not None and site.process.output().count(notice["en"]) == 1
    assert "reescribe SIP (SIP ALG): cambió Contact" in notice["es"]
    eventually("the page says so", lambda: notice["es"] in page(site, "es"))
    site.wait_idle()


def page(site: Site, language: str) -> str:
    """The status page as a browser of that language on the machine itself gets it."""
    with site.host.socket(socket.SOCK_STREAM) as browser:
        browser.settimeout(5)
        browser.connect(("127.0.0.1", site.web_port))
        browser.sendall(
            f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{site.web_port}\r\nAccept-Language: {language}\r\n\r\n".encode()
        )
        return html.unescape(browser.makefile("rb").read().decode())


def test_the_helper_of_linux_harms_no_call_and_is_not_blamed(
    site: Site, lab: Lab, outside: Namespace, raw: MakeRaw, stack: ExitStack, tmp_path: Path
) -> None:
    router = NatRouter(lab, "203.0.113.42", PORT_RESTRICTED + LINUX_HELPER)
    inside = Baresip(tmp_path, site.account("203"), "auto", machine=router.inside())
    stack.callback(inside.stop)
    inside.registered()
    phone = raw("202", outside)
    assert phone.call("203").startswith("SIP/2.0 200")
    says(phone, OUTSIDE_HZ)
    hears(phone, INSIDE_HZ)
    heard(inside, OUTSIDE_HZ)
    inside.hangup()
    got_bye(phone)
    inside.dial("202")
    inside.wait_up()
    says(phone, OUTSIDE_HZ)
    hears(phone, INSIDE_HZ)
    assert phone.bye().startswith("SIP/2.0 200")
    assert not [n for n in site.status()["notices"] if router.ip in n["en"]]
    site.wait_idle()


def test_our_own_router_that_rewrites_is_named(
    lab: Lab, outside: Namespace, raw: MakeRaw, stack: ExitStack, tmp_path: Path
) -> None:
    public = "198.51.100.83"
    router = NatRouter(lab, public, forwarding(["5060", "12000-31999"]) + LINUX_HELPER)
    site = stack.enter_context(Site(tmp_path, host=router.inside(10), sip_extra=f'public_address = "{public}"\n'))
    one, two = raw("201", outside, public), raw("202", outside, public)
    assert one.call("202").startswith("SIP/2.0 200")
    (notice,) = site.status()["notices"]
    assert notice["en"].startswith("Our own router rewrites SIP (SIP ALG): answers came back with another Via")
    assert two.bye().startswith("SIP/2.0 200")
    got_bye(one)
    site.wait_idle()
