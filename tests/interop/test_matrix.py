"""Three independent SIP stacks against us, on every transport: what each was seen doing.

Every step of a call is one cell of the table that `matrix.py` keeps. What a peer does not offer is a cell
with the reason; what fails because of us is a failed test.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.interop import matrix
from tests.interop.baresip import Baresip
from tests.interop.handset import Handset, wait_level
from tests.interop.kamailio import EDGE, Kamailio
from tests.interop.linphone import Linphone
from tests.interop.matrix import PHONES, WAYS, cannot, cell
from tests.interop.pjsua import Pjsua
from tests.interop.processes import eventually
from tests.interop.raw_phone import RawPhone
from tests.interop.site import Site
from tests.interop.soft_phone import SoftPhone
from tests.interop.sounds import RATE_HZ, dtmf, loudest_dbm0, sine
from tests.sip.certificates import Authority

COLUMNS = [pytest.param(phone, way, id=f"{phone}-{way}") for way in WAYS for phone in PHONES]
NO_EARLY_SOUND = "baresip 1.0 sends 183 with a description, but no sound before the answer"
NO_INFO = "baresip 1.0 sends digits as RTP events only"
NO_IPV6_AUDIO = "this build of PJSIP has no audio over IPv6: it calls with IPv4 audio and refuses (488) an IPv6 offer"
DIGESTS = {"baresip": "MD5", "linphone": "SHA-256", "pjsua": "SHA-256"}
Start = Callable[..., SoftPhone]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site on all transports."""
    folder = tmp_path_factory.mktemp("site")
    with Site(folder, authority=Authority(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def edge(site: Site) -> Iterator[Kamailio]:
    """An operator's proxy in front of the site."""
    server = Kamailio(site.folder, EDGE % site.sip_port)
    yield server
    server.stop()


@pytest.fixture
def start(site: Site, edge: Kamailio, tmp_path: Path) -> Iterator[Start]:
    """Starts a telephone of a kind; special: it rings with 183 and sound, and sends digits by INFO, if it can."""
    with ExitStack() as stack:

        def make(kind: str, way: str, *, special: bool = False) -> SoftPhone:
            account = site.account("201", "UDP" if way == "proxy" else way)
            if way == "proxy":
                account = replace(account, port=edge.port, proxy_realm="edge.test")
            phone: SoftPhone
            if kind == "baresip":
                phone = Baresip(tmp_path, account)
            elif kind == "linphone":
                phone = Linphone(tmp_path, account, early=special, info_digits=special)
            else:
                phone = Pjsua(tmp_path, account, early=special, info_digits=special)
            stack.callback(phone.stop)
            return phone

        yield make


@pytest.fixture
def handset(site: Site, tmp_path: Path) -> Handset:
    return Handset(site, tmp_path)


def heard_from_line(phone: SoftPhone, handset: Handset, after: int = 0) -> None:
    """The line says 440 Hz, and so it arrives. after: samples of the recording that do not count."""
    handset.say(440)
    wait_level("440 Hz at the phone", lambda: loudest_dbm0(phone.heard()[after:], 440))


@pytest.mark.parametrize(("kind", "way"), COLUMNS)
def test_phone_calls_a_line(
    site: Site, start: Start, handset: Handset, raw_phone: Callable[..., RawPhone], kind: str, way: str
) -> None:
    phone = start(kind, way)
    with cell("register", kind, way):
        phone.registered()
        assert f"algorithm={DIGESTS[kind]}" in phone.output()
    with cell("early heard", kind, way):
        hear_early_media(phone, raw_phone("202", "183"))
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
    other.register(expires_s=0).stop()


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
def test_line_calls_a_phone(site: Site, start: Start, handset: Handset, kind: str, way: str) -> None:
    if (kind, way) == ("pjsua", "IPv6"):
        for row in ("called", "early", "inband", "info"):
            cannot(row, kind, way, NO_IPV6_AUDIO)
        see_refusal(start(kind, way).registered(), site, handset)
        return
    phone = start(kind, way, special=True).registered()
    phone.say(np.concatenate([sine(1000, 3.0), dtmf("159#"), np.zeros(30 * RATE_HZ)]))
    handset.lift()
    handset.dial("201")
    phone.wait_incoming()
    if kind == "baresip":
        cannot("early", kind, way, NO_EARLY_SOUND)
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


def test_kept_table_is_what_was_seen() -> None:
    """On a difference the kept page is written anew: look at it, then commit it."""
    assert matrix.complete() and "no" not in matrix.SEEN.values(), "an earlier test failed, or not all were run"
    kept = matrix.PAGE.read_text() if matrix.PAGE.exists() else ""
    if kept != matrix.page():
        matrix.PAGE.write_text(matrix.page())
        raise AssertionError(f"{matrix.PAGE} told otherwise; it has been written anew")
