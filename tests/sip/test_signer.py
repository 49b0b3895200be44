"""Digest from the client's side: vectors of RFC 7616, choice of challenge, counts, when to stop."""

from __future__ import annotations

import hashlib
import re

import pytest

from firmware.sip.accounts import signer as signer_module
from firmware.sip.accounts.digest import Authenticator, Verdict
from firmware.sip.accounts.signer import Credentials, Signer
from firmware.sip.messages.message import Response, parse
from firmware.sip.settings import SipUser

US = Credentials("201", "pw")


def challenged(*challenges: str, status: int = 407) -> Response:
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    lines = "".join(f"{name}: {challenge}\r\n" for challenge in challenges)
    message = parse(f"SIP/2.0 {status} Prove it\r\nVia: SIP/2.0/UDP h\r\n{lines}\r\n".encode(), ("10.0.0.1", 5060))
    assert isinstance(message, Response)
    return message


def digest(realm: str = "r", nonce: str = "n", **more: str) -> str:
    values = {"realm": f'"{realm}"', "nonce": f'"{nonce}"', **more}
    return "Digest " + ", ".join(f"{name.replace('_', '-')}={value}" for name, value in values.items())


def parts(line: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|[^,\r]*)', line)}


def hashed(name: str, text: str) -> str:
    return hashlib.new(name, text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_rfc_7616(algorithm: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cnonce of the vector stands in for ours; all else is the true code."""
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr(signer_module, "token_hex", lambda octets: cnonce)
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    ours = Signer(Credentials("Mufasa", "Circle of Life"))
    text = digest(
        "http-auth@example.org", nonce, qop='"auth, auth-int"', algorithm=algorithm, opaque='"FQhe/qaU925kfn"'
    )
    assert ours.learn(challenged(text, status=401), again=False)
    line = ours.lines("GET", "/dir/index.html")
    assert line.startswith("Authorization: Digest ") and line.endswith("\r\n")
    found = parts(line)
    assert found["response"] == expected and found["nc"] == "00000001" and found["opaque"] == "FQhe/qaU925kfn"
    assert found["qop"] == "auth" and found["algorithm"] == algorithm


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_our_own_gate_takes_what_we_sign(algorithm: str) -> None:
    user = SipUser("201", "", hashed("md5", "201:tipring:pw"), hashed("sha256", "201:tipring:pw"))
    guard = Authenticator({"201": user}, 300)
    text = guard.challenge("Proxy-Authenticate", 0, [algorithm]).partition(": ")[2].strip()
    ours = Signer(US)
    ours.learn(challenged(text), again=False)
    for _ in range(3):
        value = ours.lines("INVITE", "sip:600@tipring").partition(": ")[2].strip()
        assert guard.check([value], "INVITE", "sip:600@tipring", 0).verdict is Verdict.GOOD


def test_of_one_realm_the_first_known_challenge_is_answered() -> None:
    for offered, chosen in (
        (["SHA-512-256", "SHA-256", "MD5"], "SHA-512-256"),
        (["SHA-3", "SHA-256", "MD5"], "SHA-256"),
        (["AKAv1-MD5", "MD5", "SHA-256"], "MD5"),
        (["", "SHA-256"], "MD5"),  # RFC 2617: absent means MD5
        (["sha-256"], "sha-256"),
        (["MD5-sess"], "MD5-sess"),
    ):
        ours = Signer(US)
        texts = [digest(**({"algorithm": name} if name else {}), qop='"auth"') for name in offered]
        assert ours.learn(challenged("NTLM abc", *texts), again=False)
        lines = ours.lines("INVITE", "sip:x")
        assert lines.count("\r\n") == 1 and parts(lines)["algorithm"] == chosen


def test_all_forms_of_the_response() -> None:
    for name, algorithm, qop, expected_qop in (
        ("md5", "MD5", "", ""),
        ("md5", "MD5", "auth-int", "auth-int"),
        ("sha256", "SHA-256", "auth-int,auth", "auth"),
        ("sha512_256", "SHA-512-256", "auth", "auth"),
        ("md5", "MD5-sess", "auth", "auth"),
    ):
        ours = Signer(US)
        more = {"qop": f'"{qop}"'} if qop else {}
        ours.learn(challenged(digest(algorithm=algorithm, **more)), again=False)
        found = parts(ours.lines("INVITE", "sip:x@y", "the body"))
        ha1 = hashed(name, "201:r:pw")
        if algorithm.endswith("sess"):
            ha1 = hashed(name, f"{ha1}:n:{found['cnonce']}")
        ha2 = hashed(name, "INVITE:sip:x@y" + (f":{hashed(name, 'the body')}" if expected_qop == "auth-int" else ""))
        middle = f"n:00000001:{found['cnonce']}:{expected_qop}" if expected_qop else "n"
        assert found.get("qop", "") == expected_qop and ("nc" in found) == bool(expected_qop)
        assert found["response"] == hashed(name, f"{ha1}:{middle}:{ha2}")


def test_every_use_of_a_nonce_is_counted_and_a_new_nonce_starts_anew() -> None:
    ours = Signer(US)
    ours.learn(challenged(digest(qop='"auth"')), again=False)
    counts = [parts(ours.lines(method, "sip:x"))["nc"] for method in ("INVITE", "PRACK", "BYE")]
    assert counts == ["00000001", "00000002", "00000003"]
    ours.learn(challenged(digest(qop='"auth"')), again=False)  # the same nonce once more
    assert parts(ours.lines("BYE", "sip:x"))["nc"] == "00000004"
    ours.learn(challenged(digest(nonce="n2", qop='"auth"', stale="TRUE")), again=True)
    assert parts(ours.lines("BYE", "sip:x"))["nc"] == "00000001"


def test_the_ack_repeats_the_invite() -> None:
    ours = Signer(US)
    assert ours.lines("INVITE", "sip:x") == ours.repeated == ""
    ours.learn(challenged(digest(qop='"auth"')), again=False)
    line = ours.lines("INVITE", "sip:x")
    ours.lines("PRACK", "sip:x")
    assert ours.repeated == line


def test_when_another_try_makes_sense() -> None:
    ours = Signer(US)
    assert ours.learn(challenged(digest()), again=False)
    assert not ours.learn(challenged(digest(nonce="n2")), again=True), "wrong password"
    assert ours.learn(challenged(digest(nonce="n3", stale="true")), again=True)
    assert ours.learn(challenged(digest("another", "n4"), status=401), again=True), "the next proxy wants it too"
    lines = ours.lines("INVITE", "sip:x")
    assert re.findall(r"^(\S+): Digest", lines, re.MULTILINE) == ["Proxy-Authorization", "Authorization"]
    assert ours.learn(challenged(digest("another", "n5"), status=401), again=False), "a later request, an older nonce"


def test_what_cannot_be_answered_is_left() -> None:
    for bad in (
        "Basic realm=x",
        "Digest",
        'Digest realm="r"',
        digest(algorithm="SHA-3"),
        digest(qop='"other"'),
        'Digest realm="open, nonce=x',
        "",
    ):
        ours = Signer(US)
        assert not ours.learn(challenged(bad), again=False), bad
        assert ours.lines("INVITE", "sip:x") == ""
    picky = Signer(Credentials("201", "pw", "operator"))
    assert not picky.learn(challenged(digest("thief")), again=False)
    assert picky.learn(challenged(digest("thief"), digest("operator")), again=False)
    assert picky.lines("INVITE", "sip:x").count("Digest") == 1
    many = Signer(US)
    many.learn(challenged(*(digest(f"r{n}") for n in range(100))), again=False)
    assert many.lines("INVITE", "sip:x").count("Digest") == 4


def test_odd_names_are_quoted_and_the_password_is_not_shown() -> None:
    ours = Signer(Credentials('a"b\\c', "pw"))
    ours.learn(challenged('Digest realm="x\\"y", nonce="n\\\\"'), again=False)
    line = ours.lines("INVITE", "sip:x")
    assert 'username="a\\"b\\\\c"' in line and 'realm="x\\"y"' in line and 'nonce="n\\\\"' in line
    assert "pw" not in repr(US)
