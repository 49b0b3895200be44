"""SIP over TLS with certificates made by the openssl command: who is let in, whom we believe, and new certificates."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import ssl
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from firmware.sip.agent import SipAgent
from firmware.sip.transports import tls
from firmware.sip.transports.hop import Hop
from firmware.telephony.cause import Cause
from tests.sip.certificates import Authority, server_side
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import header, sdp_of
from tests.sip.stream_phone import StreamPhone, idle, stream_house, until


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> dict[str, Any]:
    """Settings with a certificate of our own for 127.0.0.1 and ::1."""
    certificate, key = authority.sign("pbx")
    return {
        "tls_port": 0,
        "tls_certificate": str(shutil.copy(certificate, tmp_path / "pbx.pem")),
        "tls_key": str(shutil.copy(key, tmp_path / "pbx.key")),
        "tls_ca": str(authority.certificate),
    }


def read(path: str) -> bytes:
    return Path(path).read_bytes()


def write(path: str, octets: bytes) -> None:
    Path(path).write_bytes(octets)


def remove(path: str) -> None:
    Path(path).unlink()


def tls_connections(agent: SipAgent) -> int:
    return agent.listening()[-1].connections


def fault(agent: SipAgent) -> str:
    return agent.listening()[-1].fault


def test_a_phone_registers_and_is_called_over_tls(authority: Authority, files: dict[str, Any]) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        phone = await StreamPhone(agent, "201", kind="TLS").connect(authority.client())
        await phone.register()
        assert agent.registrations()[0].transport == "TLS"
        caller = await StreamPhone(agent).connect()
        caller.send(invite := caller.invite("201"))
        rung = await phone.expect("INVITE")
        assert header(rung, "Via").startswith(f"SIP/2.0/TLS 127.0.0.1:{agent.port_of('TLS')};")
        assert header(rung, "Contact").endswith(";transport=tls>")
        phone.answer(rung, "200 OK", tag="b", body=sdp_of("127.0.0.1"))
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        await phone.expect("ACK")
        caller.send(caller.inside("BYE", invite, ok, 2))
        phone.answer(await phone.expect("BYE"), "200 OK")
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def test_a_dialog_begun_with_sips_gets_a_sips_contact(authority: Authority, files: dict[str, Any]) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(echo=True), **files)
        phone = await StreamPhone(agent, kind="TLS").connect(authority.client())
        invite = phone.invite("600").replace("INVITE sip:", "INVITE sips:", 1)
        phone.send(invite)
        ok = await phone.expect("SIP/2.0 200")
        assert header(ok, "Contact") == f"<sips:127.0.0.1:{agent.port_of('TLS')}>"
        phone.ack(invite, ok)
        phone.send(phone.inside("BYE", invite, ok, 2))
        await phone.expect("SIP/2.0 200")
        await agent.stop()

    asyncio.run(main())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_later_are_spoken(authority: Authority, files: dict[str, Any], version: ssl.TLSVersion) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        context = authority.client()
        context.minimum_version = context.maximum_version = version
        phone = await StreamPhone(agent, kind="TLS").connect(context)
        phone.send(phone.request("OPTIONS", "sip:pbx"))
        await phone.expect("SIP/2.0 200")
        await agent.stop()

    asyncio.run(main())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_older_tls_is_refused(authority: Authority, files: dict[str, Any]) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        context = authority.client()
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):
            await StreamPhone(agent, kind="TLS").connect(context)
        await agent.stop()

    asyncio.run(main())


def test_mutual_tls_lets_in_whom_the_authority_signed(authority: Authority, files: dict[str, Any]) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files, tls_client_ca=str(authority.certificate))
        stranger = Authority(authority.folder, "stranger")
        for own in (None, stranger.sign("intruder")):
            phone = StreamPhone(agent, kind="TLS")
            try:  # with TLS 1.3 the client learns it with its first read
                await phone.connect(authority.client(own))
                phone.send(phone.request("OPTIONS", "sip:pbx"))
                await phone.closed.wait()
            except ssl.SSLError:
                pass
            assert not phone.all
        phone = await StreamPhone(agent, kind="TLS").connect(authority.client(authority.sign("phone")))
        phone.send(phone.request("OPTIONS", "sip:pbx"))
        await phone.expect("SIP/2.0 200")
        await until(lambda: tls_connections(agent) == 1)
        await agent.stop()

    asyncio.run(main())


def test_what_is_no_tls_or_says_nothing_holds_no_place(files: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE_S", 0.5)

    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        noisy, silent = StreamPhone(agent, kind="TLS"), StreamPhone(agent, kind="TLS")
        await noisy.connect()
        noisy.send(noisy.request("OPTIONS", "sip:pbx"))
        await silent.connect()
        await noisy.closed.wait()
        await silent.closed.wait()
        await until(lambda: tls_connections(agent) == 0)
        await agent.stop()

    asyncio.run(main())


def test_a_connection_costs_little_memory(authority: Authority, files: dict[str, Any]) -> None:
    """The house's own part, without OpenSSL's; asyncio alone would set 256 KiB aside for each."""

    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        await StreamPhone(agent, kind="TLS").connect(authority.client())
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        transport = agent._context.transports["TLS"]
        plain = [socket.create_connection(("127.0.0.1", transport.port)) for _ in range(20)]
        await until(lambda: transport.connections == 21)
        each = (tracemalloc.get_traced_memory()[0] - before) / 20
        tracemalloc.stop()
        for sock in plain:
            sock.close()
        assert each < 40_000
        await agent.stop()

    asyncio.run(main())


# -- connections that we open ---------------------------------------------------------------


async def ask(agent: SipAgent, phone: StreamPhone, name: str = "") -> list[int]:
    """Send OPTIONS to where the phone listens; what became of it: [status]."""
    from firmware.sip.messages.compose import Outgoing

    class User:
        def __init__(self) -> None:
            self.got: list[int] = []

        def responded(self, _: object, response: Any) -> None:
            self.got.append(response.status)

        def unanswered(self, _: object, status: int) -> None:
            self.got.append(status)

    user = User()
    transport = agent._context.transports["TLS"]
    if name:
        transport.expect(phone.address, name)
    question = Outgoing("OPTIONS", "sips:x@127.0.0.1", from_line="<sip:pbx@x>;tag=1", to_line="<sip:x@x>",
                        call_id=phone.new(), cseq=1)  # fmt: skip
    agent._context.transactions.request(question, *Hop(transport, phone.address), user)
    phone.react = lambda text, _: phone.answer(text, "200 OK")
    await until(lambda: user.got)
    return user.got


@pytest.mark.parametrize(
    ("signed_for", "wanted", "status"),
    [
        ("IP:127.0.0.1", "", 200),
        ("DNS:phone.example.com", "phone.example.com", 200),
        ("DNS:phone.example.com", "", 503),
        ("DNS:phone.example.com", "other.example.com", 503),
        ("IP:127.0.0.9", "", 503),
    ],
)
def test_whom_we_connect_to_must_prove_who_it_is(
    authority: Authority, files: dict[str, Any], signed_for: str, wanted: str, status: int
) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        phone = await StreamPhone(agent, kind="TLS").listen(server_side(authority.sign("there", signed_for)))
        assert await ask(agent, phone, wanted) == [status]
        if status == 200:
            assert await ask(agent, phone, wanted) == [200] and phone.accepted == 1
            assert await ask(agent, phone, "somebody.else") == [503], "a proven name was taken for another"
        await agent.stop()

    asyncio.run(main())


def test_a_certificate_of_a_strange_authority_is_not_believed(authority: Authority, files: dict[str, Any]) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        stranger = Authority(authority.folder, "unknown")
        phone = await StreamPhone(agent, kind="TLS").listen(server_side(stranger.sign("there")))
        assert await ask(agent, phone) == [503]
        assert tls_connections(agent) == 0
        await agent.stop()

    asyncio.run(main())


# -- new certificates -------------------------------------------------------------------------


def serial(phone: StreamPhone) -> str:
    assert phone._writer is not None
    return str(phone._writer.get_extra_info("peercert")["serialNumber"])


def test_a_new_certificate_comes_into_use_during_fifty_calls_without_touching_them(
    authority: Authority, files: dict[str, Any]
) -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(bridge, **files)
        phones = [await StreamPhone(agent, kind="TLS").connect(authority.client()) for _ in range(50)]
        calls = [await phone.call("600") for phone in phones]
        assert len(agent._engine.open) == 50  # type: ignore[attr-defined]
        certificate, key = authority.sign("renewed")
        shutil.copy(certificate, files["tls_certificate"])
        shutil.copy(key, files["tls_key"])
        await agent.refresh()
        late = await StreamPhone(agent, kind="TLS").connect(authority.client())
        assert serial(late) != serial(phones[0]) and not fault(agent)
        for phone, (invite, ok) in zip(phones, calls, strict=True):
            phone.send(phone.inside("OPTIONS", invite, ok, 2))
            await phone.expect("SIP/2.0 200")
        for leg in bridge.arrived[:25]:
            leg.release(Cause.NORMAL_CLEARING)
        for phone in phones[:25]:
            phone.answer(await phone.expect("BYE"), "200 OK")
        for phone, (invite, ok) in zip(phones[25:], calls[25:], strict=True):
            phone.send(phone.inside("BYE", invite, ok, 3))
            await phone.expect("SIP/2.0 200")
        assert not any(phone.closed.is_set() for phone in phones)
        await until(lambda: idle(agent))
        await agent.stop()

    asyncio.run(main())


def spoil_key(files: dict[str, Any], authority: Authority) -> str:
    shutil.copy(authority.sign("another")[1], files["tls_key"])
    return "pbx.key: is not the key of"


def spoil_certificate(files: dict[str, Any], _: Authority) -> str:
    Path(files["tls_certificate"]).write_text("-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
    return "pbx.pem: "


def spoil_by_absence(files: dict[str, Any], _: Authority) -> str:
    Path(files["tls_key"]).unlink()
    return "pbx.key: No such file or directory"


def spoil_by_passphrase(files: dict[str, Any], _: Authority) -> str:
    import subprocess

    key = files["tls_key"]
    subprocess.run(["openssl", "ec", "-aes256", "-passout", "pass:secret", "-in", key, "-out", key + ".new"],
                   check=True, capture_output=True)  # fmt: skip
    shutil.move(key + ".new", key)
    return "pbx.key: the key is protected by a passphrase"


def spoil_by_age(files: dict[str, Any], authority: Authority) -> str:
    certificate, key = authority.sign("old", days=-1)
    shutil.copy(certificate, files["tls_certificate"])
    shutil.copy(key, files["tls_key"])
    return "pbx.pem: certificate has expired"


@pytest.mark.parametrize("spoil", [spoil_key, spoil_certificate, spoil_by_absence, spoil_by_passphrase, spoil_by_age])
def test_a_bad_new_certificate_is_named_and_the_one_before_stays(
    spoil: Any, authority: Authority, files: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(), **files)
        first = await StreamPhone(agent, kind="TLS").connect(authority.client())
        good = {name: read(files[name]) for name in ("tls_certificate", "tls_key")}
        said = spoil(files, authority)
        await agent.refresh()
        assert said in fault(agent)
        assert [r.message for r in caplog.records if r.levelno == logging.ERROR and said in r.message]
        second = await StreamPhone(agent, kind="TLS").connect(authority.client())
        assert serial(second) == serial(first)
        for name, octets in good.items():
            write(files[name], octets)
        await agent.refresh()
        assert not fault(agent)
        await agent.stop()

    asyncio.run(main())


def test_a_bad_certificate_at_the_start_costs_tls_alone_until_it_is_mended(
    authority: Authority, files: dict[str, Any]
) -> None:
    async def main() -> None:
        good = read(files["tls_certificate"])
        remove(files["tls_certificate"])
        agent = await stream_house(Bridge(), **files)
        assert "pbx.pem: No such file or directory" in fault(agent)
        with pytest.raises(ConnectionRefusedError):
            await StreamPhone(agent, kind="TLS").connect(authority.client())
        plain = await StreamPhone(agent).connect()
        plain.send(plain.request("OPTIONS", "sip:pbx"))
        await plain.expect("SIP/2.0 200")
        write(files["tls_certificate"], good)
        await agent.refresh()
        await StreamPhone(agent, kind="TLS").connect(authority.client())
        await agent.stop()

    asyncio.run(main())


def test_an_expired_certificate_is_used_when_there_is_no_other(authority: Authority, files: dict[str, Any]) -> None:
    """The clock of a small machine may be wrong at its start; phones that check will say so themselves."""

    async def main() -> None:
        spoil_by_age(files, authority)
        agent = await stream_house(Bridge(), **files)
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        await StreamPhone(agent, kind="TLS").connect(trusting)
        await agent.stop()

    asyncio.run(main())


def test_the_port_is_ours_even_without_a_certificate(files: dict[str, Any]) -> None:
    async def main() -> None:
        remove(files["tls_key"])
        agent = await stream_house(Bridge(), **files)
        with socket.socket() as other, pytest.raises(OSError):
            other.bind(("127.0.0.1", agent.port_of("TLS")))
        await agent.stop()

    asyncio.run(main())
