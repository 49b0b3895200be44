"""Digest: the vectors of RFC 2617 and 7616, nonces, replay, and who may register and call."""

from __future__ import annotations

import asyncio
import hashlib
import re

import pytest

from firmware.sip.accounts.digest import Authenticator, Verdict, digest_response, parse_digest
from firmware.sip.messages.status import Refusal
from firmware.sip.settings import SipUser
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, agent_on, header

URI = "/dir/index.html"


def hashed(name: str, text: str) -> str:
    return hashlib.new(name, text.encode()).hexdigest()


def test_the_vector_of_rfc_2617() -> None:
    ha1 = hashed("md5", "Mufasa:testrealm@host.com:Circle Of Life")
    assert ha1 == "939e7578ed9e3c518a452acee763bce9"
    nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"
    response = digest_response("MD5", ha1, "GET", URI, nonce, "00000001", "0a4f113b", "auth")
    assert response == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("algorithm", "name", "expected"),
    [
        ("MD5", "md5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "sha256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, name: str, expected: str) -> None:
    ha1 = hashed(name, "Mufasa:http-auth@example.org:Circle of Life")
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    assert digest_response(algorithm, ha1, "GET", URI, nonce, "00000001", cnonce, "auth") == expected


def test_credentials_are_cut_at_commas_outside_quotes() -> None:
    found = parse_digest('Digest username="a,b\\"c", nc=00000001 ,qop=auth,URI="sip:x"')
    assert found == {"username": 'a,b"c', "nc": "00000001", "qop": "auth", "uri": "sip:x"}
    assert parse_digest("NoOneKnowsThis opaque") is None
    with pytest.raises(Refusal):
        parse_digest('Digest username="open')


USER = SipUser("201", "Ana", hashed("md5", "201:tipring:pw"), hashed("sha256", "201:tipring:pw"))


def credentials(
    nonce: str, *, algorithm: str = "MD5", password: str = "pw", user: str = "201", nc: str = "00000001", **other: str
) -> str:
    name = "sha256" if algorithm == "SHA-256" else "md5"
    ha1 = hashed(name, f"{user}:tipring:{password}")
    uri = other.get("uri", "sip:tipring")
    qop = other.get("qop", "auth")
    ha2 = hashed(name, f"{other.get('method', 'REGISTER')}:{uri}")
    middle = f"{nonce}:{nc}:c:{qop}" if qop else nonce
    more = f',qop={qop},nc={nc},cnonce="c"' if qop else ""
    return (
        f'Digest username="{user}",realm="tipring",nonce="{nonce}",uri="{uri}",algorithm={algorithm},'
        f'response="{hashed(name, f"{ha1}:{middle}:{ha2}")}"{more}'
    )


def nonce_of(challenge: str) -> str:
    return re.search(r'nonce="(.*?)"', challenge).group(1)  # type: ignore[union-attr]


def verdict(guard: Authenticator, text: str, now_s: float = 0, uri: str = "sip:tipring") -> Verdict:
    return guard.check([text], "REGISTER", uri, now_s).verdict


def test_good_wrong_stale_and_replayed() -> None:
    guard = Authenticator({"201": USER}, 300)
    nonce = nonce_of(guard.challenge("X", 0, ["MD5"]))
    assert verdict(guard, credentials(nonce)) is Verdict.GOOD
    assert verdict(guard, credentials(nonce)) is Verdict.STALE, "replayed"
    assert verdict(guard, credentials(nonce, nc="00000003")) is Verdict.GOOD
    assert verdict(guard, credentials(nonce, nc="00000002")) is Verdict.STALE
    assert verdict(guard, credentials(nonce, nc="00000004", algorithm="SHA-256")) is Verdict.GOOD
    assert verdict(guard, credentials(nonce, nc="00000005"), 301) is Verdict.STALE
    assert verdict(guard, credentials(nonce, nc="00000006", password="no")) is Verdict.WRONG
    assert verdict(guard, credentials(nonce, nc="00000006", password="no"), 301) is Verdict.WRONG
    assert verdict(guard, credentials(nonce, nc="00000006", user="999")) is Verdict.WRONG
    assert verdict(guard, credentials("f" * 40)) is Verdict.STALE, "right hash, not our nonce"
    assert verdict(guard, credentials(nonce, nc="00000007", qop="auth-int")) is Verdict.WRONG
    assert verdict(guard, credentials(nonce, nc="00000007", algorithm="SHA-512")) is Verdict.WRONG
    assert verdict(guard, credentials(nonce, nc="00000008"), uri="sip:tipring:5070;x") is Verdict.GOOD
    assert verdict(guard, credentials(nonce, nc="00000009", uri="sip:900@x"), uri="sip:901@x") is Verdict.WRONG
    with pytest.raises(Refusal):
        verdict(guard, credentials(nonce, nc="zz"))


def test_the_form_without_qop_is_good_once() -> None:
    guard = Authenticator({"201": USER}, 300)
    nonce = nonce_of(guard.challenge("X", 0, ["MD5"]))
    assert verdict(guard, credentials(nonce, qop="")) is Verdict.GOOD
    assert verdict(guard, credentials(nonce, qop="")) is Verdict.STALE


def test_a_user_without_a_stored_hash_cannot_log_in() -> None:
    guard = Authenticator({"201": SipUser("201")}, 300)
    nonce = nonce_of(guard.challenge("X", 0, ["MD5"]))
    assert verdict(guard, credentials(nonce)) is Verdict.WRONG
    ha2 = hashed("md5", "REGISTER:sip:tipring")
    forged = hashed("md5", f":{nonce}:00000001:c:auth:{ha2}")
    text = re.sub(r'response="\w+"', f'response="{forged}"', credentials(nonce))
    assert verdict(guard, text) is Verdict.WRONG


def test_a_nonce_pushed_out_by_a_flood_is_stale_not_wrong() -> None:
    guard = Authenticator({"201": USER}, 300)
    nonce = nonce_of(guard.challenge("X", 0, ["MD5"]))
    guard._serial += 1 << 18  # noqa: RUF100
    assert verdict(guard, credentials(nonce)) is Verdict.STALE


async def challenged(caller: Phone, text: str, status: str, *, password: str = "pw", user: str = "201") -> str:
    """Send, take the challenge, send again with credentials; the second answer."""
    caller.send(text)
    answer = await caller.expect(f"SIP/2.0 {status}")
    name = "WWW-Authenticate" if status == "401" else "Proxy-Authenticate"
    method, uri = text.split()[:2]
    value = credentials(nonce_of(header(answer, name)), password=password, user=user, method=method, uri=uri)
    kind = "Authorization" if status == "401" else "Proxy-Authorization"
    again = text.replace("CSeq: 1", "CSeq: 2").replace("Content-Length", f"{kind}: {value}\r\nContent-Length")
    caller.send(re.sub("branch=z9hG4bK", "branch=z9hG4bKx", again))
    return await caller.expect("SIP/2.0 ")


def test_register_and_invite_are_challenged_strongest_first() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        await agent_on(network, bridge, users={"201": USER}, trusted_networks=())
        phone = Phone(network, "10.0.0.9", "201")
        phone.send(phone.request("REGISTER", "sip:tipring", to="<sip:201@tipring>", headers="User-Agent: Good\r\n"))
        challenge = await phone.expect("SIP/2.0 401")
        found = re.findall(r'^WWW-Authenticate: Digest realm="tipring",nonce="\w+",algorithm=([\w-]+),qop="auth"\r$',
                           challenge, re.MULTILINE)  # fmt: skip
        assert found == ["SHA-256", "MD5"]
        phone.send(phone.request("REGISTER", "sip:tipring", to="<sip:201@t>", headers="User-Agent: baresip v1.0.0\r\n"))
        assert "SHA-256" not in await phone.expect("SIP/2.0 401")
        phone.send(phone.invite("600"))
        assert re.findall(r"algorithm=([\w-]+)", await phone.expect("SIP/2.0 407")) == ["MD5", "SHA-256"]
        assert not bridge.told

    run(main())


def test_who_may_register() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, users={"201": USER, "202": SipUser("202")}, trusted_networks=())
        phone = Phone(network, "10.0.0.9", "201")
        register = phone.request("REGISTER", "sip:tipring", to="<sip:201@tipring>")
        wrong = await challenged(phone, register, "401", password="no")
        unknown = await challenged(phone, register, "401", user="nobody")
        for text in (wrong, unknown):
            assert text.startswith("SIP/2.0 401") and "stale" not in text
        same = [re.sub(r"(nonce|branch|tag)=\S+", "", text) for text in (wrong, unknown)]
        assert same[0] == same[1], "a wrong password and an unknown user look alike"
        other = phone.request("REGISTER", "sip:tipring", to="<sip:202@tipring>")
        assert (await challenged(phone, other, "401")).startswith("SIP/2.0 403")
        third = phone.request("REGISTER", "sip:tipring", to="<sip:201@tipring>", from_="<sip:202@tipring>;tag=1")
        assert (await challenged(phone, third, "401")).startswith("SIP/2.0 403"), "registered by a third party"
        assert not agent.registrations()
        assert (await challenged(phone, register, "401")).startswith("SIP/2.0 200")
        assert [r.user for r in agent.registrations()] == ["201"]

    run(main())


def test_who_may_call() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, users={"201": USER}, trusted_networks=("10.0.9.0/24",))
        phone = Phone(network, "10.0.0.9", "201")
        assert (await challenged(phone, phone.invite("600"), "407")).startswith("SIP/2.0 100")
        leg = bridge.arrived[0]
        assert leg.party.number == "201" and leg.party.name == "Ana" and leg.may_call_lines
        spoof = phone.invite("600", from_="<sip:202@tipring>;tag=x")
        assert (await challenged(phone, spoof, "407")).startswith("SIP/2.0 403")
        stranger = Phone(network, "10.0.9.1", "someone")
        stranger.send(stranger.invite("600"))
        await stranger.expect("SIP/2.0 100")
        assert not bridge.arrived[1].may_call_lines
        pretender = Phone(network, "10.0.9.2", "201")
        pretender.send(pretender.invite("600"))
        await pretender.expect("SIP/2.0 407")
        agent.set_users({})
        phone.send(phone.invite("600"))
        await phone.expect("SIP/2.0 407")
        await asyncio.sleep(0)
        assert len(bridge.arrived) == 2

    run(main())


def test_where_domains_are_named_others_are_404() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        await agent_on(network, bridge, users={"201": USER}, domains=("pbx.example.com",))
        phone = Phone(network, "10.0.0.9", "caller")
        for place in ("pbx.example.com", "PBX.example.com:5070", "10.0.0.1", "10.0.0.1:5060", "tipring"):
            phone.send(phone.request("REGISTER", f"sip:{place}", to="<sip:201@tipring>"))
            await phone.expect("SIP/2.0 401")
        for place in ("other.example.com", "10.0.0.2", "10.0.0.1:5070"):
            phone.send(phone.request("REGISTER", f"sip:{place}", to="<sip:201@tipring>"))
            await phone.expect("SIP/2.0 404")
            phone.send(phone.invite("201").replace("sip:201@10.0.0.1 SIP", f"sip:201@{place} SIP"))
            await phone.expect("SIP/2.0 404")
        phone.send(phone.invite("201"))
        await phone.expect("SIP/2.0 100")
        phone.send(phone.invite("201").replace("INVITE sip:201@10.0.0.1", "INVITE tel:201"))
        await phone.expect("SIP/2.0 100")
        assert [leg.called.number for leg in bridge.arrived] == ["201", "201"]

    run(main())
