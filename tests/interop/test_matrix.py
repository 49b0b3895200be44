"""Three independent SIP stacks against us, on every transport: what each was seen doing.

Every step of a call is one cell of the table that `matrix.py` keeps. What a peer does not offer is a cell
with the reason; what fails because of us is a failed test.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from tests.interop import matrix
from tests.interop.fleet import Fleet
from tests.interop.handset import Handset, wait_level
from tests.interop.kamailio import EDGE, Kamailio, operator
from tests.interop.matrix import PHONES, WAYS, cannot, cell
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone, audio_place
from tests.interop.site import Site
from tests.interop.soft_phone import Account, SoftPhone
from tests.interop.sounds import RATE_HZ, dtmf, loudest_dbm0, sine
from tests.sip.certificates import Authority

COLUMNS = [pytest.param(phone, way, id=f"{phone}-{way}") for way in WAYS for phone in PHONES]
NO_EARLY_SOUND = "baresip 1.0 sends 183 with a description, but no sound before the answer"
NO_INFO = "baresip 1.0 sends digits as RTP events only"
NO_IPV6_AUDIO = "this build of PJSIP has no audio over IPv6: it calls with IPv4 audio and refuses (488) an IPv6 offer"
DIGESTS = {"baresip": "MD5", "linphone": "SHA-256", "pjsua": "SHA-256"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site on all transports."""
    folder = tmp_path_factory.mktemp("site")
    with Site(folder, authority=Authority(folder), sip_extra="session_expires_s = 90\n") as running:
        yield running


@pytest.fixture(scope="module")
def edge(site: Site) -> Iterator[Kamailio]:
    """An operator's proxy in front of the site."""
    server = Kamailio(site.folder, EDGE % site.sip_port)
    yield server
    server.stop()


@pytest.fixture
def fleet(site: Site, edge: Kamailio, tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(site, tmp_path, stack, edge)


@pytest.fixture
def handset(site: Site, tmp_path: Path) -> Handset:
    return Handset(site, tmp_path)


def heard_from_line(phone: SoftPhone, handset: Handset, after: int = 0) -> None:
    """The line says 440 Hz, and so it arrives. after: samples of the recording that do not count."""
    handset.say(440)
    wait_level("440 Hz at the phone", lambda: loudest_dbm0(phone.heard()[after:], 440))


@pytest.mark.parametrize(("kind", "way"), COLUMNS)
def test_phone_calls_a_line(site: Site, fleet: Fleet, handset: Handset, kind: str, way: str) -> None:
    phone = fleet.start(kind, fleet.account("201", way))
    with cell("register", kind, way):
        phone.registered()
        assert f"algorithm={DIGESTS[kind]}" in phone.output()
    with cell("early heard", kind, way):
        hear_early_media(phone, fleet.raw("202", "183"))
    with cell("call", kind, way):
        phone.dial("101")
        handset.answer()
        phone.wait_up()
        handset.wait_tone(1000)
        heard_from_line(phone, handset)
    with cell("rfc4733", kind, way):
        handset.dial("159#")
        eventually("the phone heard the digits", lambda: phone.digits_heard() == "159#", 3)
        for digit in "280":
            phone.send_digit(digit)
            time.sleep(0.35)  # as fast as a finger
        handset.wait_digits("280")
    with cell("hold", kind, way):
        hold_and_resume(site, phone, handset)
    phone.hangup()
    phone.wait_closed()
    handset.hang_up()


def hear_early_media(phone: SoftPhone, other: RawPhone) -> None:
    """A call to `other`, who speaks and never answers; the phone gives up."""
    phone.dial("202")
    eventually("the other rings", lambda: other.media[1])
    other.rtp.talk(sine(620, 5), other.media)
    wait_level("620 Hz at the phone", lambda: loudest_dbm0(phone.heard(), 620))
    phone.hangup()
    phone.wait_closed()
    eventually("the other is told", lambda: any(m.startswith("CANCEL") for m in other.received), 3)
    other.register(expires_s=0)
    other.rtp.stop()


def hold_and_resume(site: Site, phone: SoftPhone, handset: Handset) -> None:
    mark = len(site.log())
    phone.hold()
    eventually("core knows of the hold", lambda: " held" in site.log()[mark:], 3)
    before = len(phone.heard())
    handset.say(620)
    assert loudest_dbm0(phone.heard()[before:], 620) < -40
    phone.resume()
    eventually("core knows of the end of the hold", lambda: " resumed" in site.log()[mark:], 3)
    before = len(phone.heard())
    handset.wait_tone(1000)
    if phone.ear_survives_hold:
        heard_from_line(phone, handset, before)
    heard = phone.digits_heard()
    handset.dial("7")
    eventually("a digit after the hold", lambda: phone.digits_heard() == heard + "7", 3)


@pytest.mark.parametrize(("kind", "way"), COLUMNS)
def test_line_calls_a_phone(site: Site, fleet: Fleet, handset: Handset, kind: str, way: str) -> None:
    if (kind, way) == ("pjsua", "IPv6"):
        for row in ("called", "early", "inband", "info"):
            cannot(row, kind, way, NO_IPV6_AUDIO)
        see_refusal(fleet.start(kind, fleet.account("201", way)).registered(), site, handset)
        return
    phone = fleet.start(kind, fleet.account("201", way), special=True).registered()
    phone.say(np.concatenate([sine(1000, 3.0), dtmf("159#"), np.zeros(30 * RATE_HZ)]))
    handset.lift()
    handset.dial("201")
    phone.wait_incoming()
    if kind == "baresip":
        cannot("early", kind, way, NO_EARLY_SOUND)
        handset.wait_tone(425)  # so that the line does not wait in silence
    else:
        with cell("early", kind, way):
            handset.wait_tone(1000)
            assert site.port("fxs1")["state"] == "ringback"
    with cell("called", kind, way):
        phone.accept()
        phone.wait_up()
        handset.wait_state("talking")
        handset.wait_tone(1000)
        heard_from_line(phone, handset)
    with cell("inband", kind, way):
        handset.wait_digits("159#", 8)
    if kind == "baresip":
        cannot("info", kind, way, NO_INFO)
    else:
        with cell("info", kind, way):
            for digit in "37":
                phone.send_digit(digit)
                time.sleep(0.35)
            handset.wait_digits("37")
    handset.hang_up()
    phone.wait_closed()


def see_refusal(phone: SoftPhone, site: Site, handset: Handset) -> None:
    """The phone cannot take the call; the line hears so at once."""
    handset.lift()
    handset.dial("201")
    phone.wait_incoming()
    with pytest.raises(AssertionError, match="Not Acceptable Here"):
        phone.accept()
    eventually("core says why", lambda: ": 488 Not Acceptable Here" in site.log(), 5)
    handset.wait_state("congestion")
    handset.hang_up()


FORKS = {
    "UDP": ("sip:600@127.0.0.1:{port};transport=udp", "udp", "baresip"),
    "TCP": ("sip:600@127.0.0.1:{port};transport=tcp", "udp", "linphone"),
    "TLS": ("sip:600@127.0.0.1:{tls_port};transport=tls", "udp", "pjsua"),
    "IPv6": ("sip:600@[::1]:{port};transport=udp", "udp", "linphone"),
    "proxy": ("sip:600@127.0.0.1:{port};transport=udp", "tcp", "pjsua"),
}
"""By transport towards us: the proxy's address, the telephones' transport, and who answers."""


@pytest.mark.parametrize("way", WAYS)
def test_a_proxy_rings_three_phones_and_one_answers(fleet: Fleet, handset: Handset, way: str) -> None:
    address, transport, winner = FORKS[way]
    kinds = list(PHONES)
    if way == "IPv6":
        kinds[kinds.index("pjsua")] = "linphone"
        cannot("forked", "pjsua", way, NO_IPV6_AUDIO)
    proxy = fleet.server(operator())
    account = Account("600", "none", proxy.port, "[::1]" if way == "IPv6" else "127.0.0.1", transport)
    phones = [fleet.start(kind, account, special=True).registered() for kind in kinds]
    for phone, hz in zip(phones, TONES_HZ, strict=True):
        phone.say(sine(hz, 30))
    fleet.raw("203", contact=address.format(port=proxy.port, tls_port=proxy.tls_port))
    with ExitStack() as cells:
        for kind in kinds:
            cells.enter_context(cell("forked", kind, way))
        handset.lift()
        handset.dial("203")
        for phone in phones:
            phone.wait_incoming()
        one = kinds.index(winner)
        phones[one].accept()
        phones[one].wait_up()
        handset.wait_state("talking")
        handset.wait_tone(TONES_HZ[one])
        for phone in phones[:one] + phones[one + 1 :]:
            phone.wait_closed()
        handset.hang_up()
        phones[one].wait_closed()


TONES_HZ = (700, 1000, 1300)


def test_long_calls_are_confirmed_to_be_alive(site: Site, fleet: Fleet) -> None:
    """All at one time: the shortest session timer that RFC 4028 allows has its refresh after 45 s."""
    callee = fleet.raw("204")
    users = dict(zip(PHONES, ("201", "202", "203"), strict=True))
    calls = {(kind, way): fleet.start(kind, fleet.account(users[kind], way)) for way in WAYS for kind in PHONES}
    for phone in calls.values():
        phone.registered().say(np.zeros(150 * RATE_HZ))  # baresip hangs up when its sound ends, after 60 s of its own
        phone.dial("204")
        phone.wait_up()
    seen = {column: changes_seen(phone) for column, phone in calls.items()}
    for (kind, way), phone in calls.items():
        with cell("refreshed", kind, way):
            keep_speaking(callee, lambda p=phone, n=seen[kind, way]: changes_seen(p) > n)
    assert len(site.status()["calls"]) == len(calls)
    for phone in calls.values():
        phone.hangup()
        phone.wait_closed()
    eventually("all hung up", lambda: sum(m.startswith("BYE") for m in callee.received) == len(calls), 5)


def changes_seen(phone: SoftPhone) -> int:
    """How many INVITEs and UPDATEs it sent or got."""
    return len(re.findall(r"^(?:INVITE|UPDATE) sip\S+ SIP/2\.0", phone.output(), re.MULTILINE))


def keep_speaking(callee: RawPhone, done: Callable[[], bool]) -> None:
    """Until `done`: a packet to each of its calls now and then, since a silent call is ended after 30 s."""
    places = [place for message in callee.received if (place := audio_place(message))]

    def refreshed() -> bool:
        for place in places:
            callee.rtp.socket.sendto(bytes([0x80, 8, *bytes(10), *[0xD5] * 160]), place)
        return done()

    eventually("the call is confirmed", refreshed, 60, every_s=2)


def test_kept_table_is_what_was_seen() -> None:
    """On a difference the kept page is written anew: look at it, then commit it."""
    assert matrix.complete() and "no" not in matrix.SEEN.values(), "an earlier test failed, or not all were run"
    kept = matrix.PAGE.read_text() if matrix.PAGE.exists() else ""
    if kept != matrix.page():
        matrix.PAGE.write_text(matrix.page())
        raise AssertionError(f"{matrix.PAGE} told otherwise; it has been written anew")
