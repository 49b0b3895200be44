"""Digest as an attacker sees it: replays, guesses, the work and the octets of an answer, what a disk gives away."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.accounts.digest import Authenticator, Verdict
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings, SipUser
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, agent_on, header, settle
from tests.sip.test_agent_with_sipp import HERE, echo_house, sipp
from tests.sip.test_calls import EMPTY
from tests.sip.test_digest import USER, challenged, credentials, nonce_of

needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")


class Datagrams(asyncio.DatagramProtocol):
    """A telephone of a few lines on a real socket."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[str] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.put_nowait(data.decode())


async def register_honestly(agent: SipAgent) -> str:
    """Register 201 and return the credentials that anybody on the way could have written down."""
    loop = asyncio.get_running_loop()
    transport, phone = await loop.create_datagram_endpoint(Datagrams, remote_addr=("127.0.0.1", agent.udp_port))
    said = ""
    for cseq in (1, 2):
        line = f"Authorization: {said}\r\n" if said else ""
        transport.sendto(
            f"REGISTER sip:tipring SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKhonest{cseq};rport\r\n"
            f"From: <sip:201@tipring>;tag=1\r\nTo: <sip:201@tipring>\r\nCall-ID: honest\r\nCSeq: {cseq} REGISTER\r\n"
            f"Contact: <sip:201@127.0.0.1:9>\r\n{line}Content-Length: 0\r\n\r\n".encode()
        )
        answer = await asyncio.wait_for(phone.got.get(), 5)
        said = said or credentials(nonce_of(answer))
    assert answer.startswith("SIP/2.0 200")
    transport.close()
    return said


@needs_sipp
def test_sipp_replays_somebody_elses_credentials_in_vain(tmp_path: Path) -> None:
    async def main() -> None:
        agent, _ = await echo_house()
        stolen = await register_honestly(agent)
        (tmp_path / "stolen.csv").write_text(f"SEQUENTIAL\n{stolen.replace(';', '')};\n")
        arguments = ("-sf", str(HERE / "credentials.xml"), "-inf", "stolen.csv", "-m", "20", "-r", "200")
        code, said = await sipp(agent, tmp_path, *arguments)
        assert code == 0, said
        (registration,) = agent.registrations()
        assert registration.contact == "sip:201@127.0.0.1:9"
        await agent.stop(0)

    asyncio.run(main())


@needs_sipp
def test_sipp_guesses_users_and_passwords_and_learns_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        agent, _ = await echo_house()
        guesses = [(user, f"pw{n}") for n in range(20) for user in ("201", "admin", "999")]
        lines = "".join(f"{user};[authentication username={user} password={word}]\n" for user, word in guesses)
        (tmp_path / "guesses.csv").write_text("SEQUENTIAL\n" + lines)
        arguments = ("-sf", str(HERE / "guess.xml"), "-inf", "guesses.csv", "-m", str(len(guesses)), "-r", "200")
        code, said = await sipp(agent, tmp_path, *arguments)
        assert code == 0, said
        assert not agent.registrations()
        counts = agent.debug()
        assert counts["server"] == 0, "refusals leave nothing behind"
        await agent.stop(0)

    asyncio.run(main())


# -- the same work and the same answer ---------------------------------------------------------
def hashes_done(guard: Authenticator, text: str) -> tuple[Verdict, Counter[str]]:
    """The verdict, and how often each function of the hash library was called to reach it.

    The interpreter itself reports every call of a C function, so the code under test is as it is.
    """
    calls: Counter[str] = Counter()

    def watch(_: object, event: str, called: Any) -> None:
        if event == "c_call" and "hashlib" in str(getattr(called, "__module__", "")):
            calls[called.__name__] += 1

    sys.setprofile(watch)
    try:
        verdict = guard.check([text], "REGISTER", "sip:tipring", 0).verdict
    finally:
        sys.setprofile(None)
    return verdict, calls


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ["auth", ""])
def test_an_unknown_user_costs_the_same_work_as_a_wrong_password(algorithm: str, qop: str) -> None:
    half_known = SipUser("202", "", hashlib.md5(b"202:tipring:pw").hexdigest())
    guard = Authenticator({"201": USER, "202": half_known}, 300)

    def work(user: str, password: str) -> tuple[Verdict, Counter[str]]:
        nonce = nonce_of(guard.challenge("X", 0, [algorithm]))
        return hashes_done(guard, credentials(nonce, algorithm=algorithm, user=user, password=password, qop=qop))

    good, expected = work("201", "pw")
    assert good is Verdict.GOOD and sum(expected.values()) >= 3, expected  # HA2, the response, the nonce's seal
    for user in ("201", "202", "999", "", "x" * 100):
        verdict, done = work(user, "guess")
        assert verdict is Verdict.WRONG
        assert done == expected, (user, done)


def test_an_unknown_user_and_a_wrong_password_get_the_same_octets() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, users={"201": USER}, trusted_networks=())
        phone = Phone(network, "10.0.0.9", "201")
        for method, status in (("REGISTER", "401"), ("INVITE", "407")):
            answers = []
            for user, password in (("201", "wrong"), ("nobody", "pw"), ("nobody", "wrong")):
                text = phone.invite("600", call_id="same", branch="b")
                if method == "REGISTER":
                    text = phone.request("REGISTER", "sip:tipring", call_id="same", branch="b")
                answers.append(await challenged(phone, text, status, user=user, password=password))
            plain = {re.sub(r'nonce="\w+"', 'nonce=""', answer) for answer in answers}
            assert len(plain) == 1 and len({len(answer) for answer in answers}) == 1
            assert len({nonce_of(answer) for answer in answers}) == 3
        assert await settle(agent) == EMPTY

    run(main())


# -- nothing in clear ----------------------------------------------------------------------------
def test_no_password_and_no_hash_of_it_is_written_or_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Wrong ones neither: people type the password of another account."""
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge, users={"201": USER}, trusted_networks=(), store=store)
        phone = Phone(network, "10.0.0.9", "201")
        register = phone.request("REGISTER", "sip:tipring", to="<sip:201@tipring>")
        assert (await challenged(phone, register, "401")).startswith("SIP/2.0 200")
        register = phone.request("REGISTER", "sip:tipring", to="<sip:201@tipring>")
        assert (await challenged(phone, register, "401", password="mistyped-word")).startswith("SIP/2.0 401")
        await challenged(phone, phone.invite("600"), "407")
        await settle(agent)
        await agent.stop()
        assert header(network.sent(("10.0.0.9", 5060), "REGISTER")[1][1], "Authorization")

    store = BindingStore(tmp_path / "registrations.sqlite")
    run(main())
    secret = [USER.ha1_md5, USER.ha1_sha256, "mistyped-word"]
    for word in ("pw", "mistyped-word"):
        secret += [hashlib.new(name, f"201:tipring:{word}".encode()).hexdigest() for name in ("md5", "sha256")]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"sip:201@10.0.0.9" in written
    logged = caplog.text + repr(SipSettings()) + "".join(str(record.args) for record in caplog.records)
    assert "wrong credentials" in logged
    for word in secret:
        assert word.encode() not in written and word not in logged
    assert not re.search(r"response=|cnonce=", logged)
