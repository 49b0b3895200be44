"""The dialogs that the fuzzers damage: each is one that works when nothing is changed.

Written as a phone behaves, with raw text and no code of the stack. `fuzz_world.py` plays them.
"""

from __future__ import annotations

import hashlib
import re

from tests.sip.fuzz_world import PASSWORDS, FuzzPhone, Lost, Script, World, or_lost
from tests.sip.pairs import header, sdp_of

TARGET = "sip:10.0.0.1"
CONTACT = "<sip:201@10.0.0.9:5060>"


def value(text: str, name: str) -> str:
    with or_lost():
        return header(text, name)


def credentials(challenge: str, method: str, uri: str, user: str = "201") -> str:
    """The header that answers a 401 or 407, by MD5 (RFC 2617)."""
    line = next((text for text in challenge.split("\r\n") if "Authenticate: Digest" in text and "MD5" in text), None)
    nonce = re.search(r'nonce="([^"]*)"', line or "")
    if line is None or nonce is None:
        raise Lost

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    ha1, ha2 = md5(f"{user}:tipring:{PASSWORDS[user]}"), md5(f"{method}:{uri}")
    response = md5(f"{ha1}:{nonce[1]}:00000001:c:auth:{ha2}")
    name = "Proxy-Authorization" if line.startswith("Proxy") else "Authorization"
    return (
        f'{name}: Digest username="{user}", realm="tipring", nonce="{nonce[1]}", uri="{uri}", response="{response}", '
        f"algorithm=MD5, qop=auth, nc=00000001, cnonce=c\r\n"
    )


async def registers(world: World) -> None:
    """REGISTER with digest, refreshed, with a second contact, and taken back."""
    phone, uri, me = world.phone, TARGET, "<sip:201@10.0.0.1>"
    for cseq, extra in enumerate(
        ("Expires: 120\r\n", "Expires: 1\r\n", "Contact: <sip:b@10.0.0.9>;q=0.5\r\n", "Expires: 0\r\n")
    ):
        parts = {"call_id": "reg", "to": me, "from_": f"{me};tag=r"}
        phone.send(phone.request("REGISTER", uri, cseq=2 * cseq + 1, headers=extra, **parts))
        challenge = await phone.expect("SIP/2.0 401")
        answered = extra + credentials(challenge, "REGISTER", uri)
        phone.send(phone.request("REGISTER", uri, cseq=2 * cseq + 2, headers=answered, **parts))
        await phone.expect("SIP/2.0")


async def calls(world: World, *, headers: str = "", late: bool = False) -> tuple[str, str]:
    """A call to 202, which answers after ringing; (INVITE, 200), acknowledged."""
    phone, other = world.phone, world.other
    body = "" if late else sdp_of("10.0.0.9")
    first = phone.invite("202", body=body, call_id="call", headers=headers, from_="<sip:201@pbx>;tag=f")
    phone.send(first)
    challenge = await phone.expect("SIP/2.0 407")
    phone.ack_failure(first, challenge)
    headers += credentials(challenge, "INVITE", "sip:202@10.0.0.1")
    invite = phone.invite("202", body=body, call_id="call", headers=headers, from_="<sip:201@pbx>;tag=f", cseq=2)
    phone.send(invite)
    rung = await other.expect("INVITE")
    other.answer(rung, "180 Ringing", tag="o")
    await phone.expect("SIP/2.0 180")
    other.answer(rung, "200 OK", tag="o", body=sdp_of("10.0.0.22"))
    await other.expect("ACK")
    ok = await phone.expect("SIP/2.0 200")
    phone.ack(invite, ok, body=sdp_of("10.0.0.9") if late else "")
    return invite, ok


async def call_and_changes(world: World) -> None:
    """Hold and resume by re-INVITE, UPDATE, digits by INFO, OPTIONS inside, BYE."""
    phone = world.phone
    invite, ok = await calls(world, headers="Supported: timer\r\nSession-Expires: 1800\r\n")
    kind = "Content-Type: application/sdp\r\n"
    for cseq, direction in ((3, "sendonly"), (4, "sendrecv")):
        change = phone.inside("INVITE", invite, ok, cseq, headers=kind, body=sdp_of("10.0.0.9", direction=direction))
        phone.send(change)
        phone.ack(change, await phone.expect("SIP/2.0 200"))
    phone.send(
        phone.inside("UPDATE", invite, ok, 5, headers="Session-Expires: 90;refresher=uac\r\nSupported: timer\r\n")
    )
    await phone.expect("SIP/2.0")
    phone.send(phone.inside("UPDATE", invite, ok, 6, headers=kind, body=sdp_of("10.0.0.9", codecs="0 101")))
    await phone.expect("SIP/2.0")
    digit = "Signal=5\r\nDuration=160\r\n"
    phone.send(phone.inside("INFO", invite, ok, 7, headers="Content-Type: application/dtmf-relay\r\n", body=digit))
    await phone.expect("SIP/2.0")
    phone.send(phone.inside("OPTIONS", invite, ok, 8))
    await phone.expect("SIP/2.0")
    phone.send(phone.inside("BYE", invite, ok, 9, headers="Reason: Q.850;cause=16\r\n"))
    world.other.answer(await world.other.expect("BYE"), "200 OK")


async def late_offer(world: World) -> None:
    """INVITE without SDP: our offer in the 200, the answer in the ACK; a re-INVITE of the same kind."""
    phone = world.phone
    invite, ok = await calls(world, late=True)
    again = phone.inside("INVITE", invite, ok, 3)
    phone.send(again)
    phone.ack(again, await phone.expect("SIP/2.0 200"), body=sdp_of("10.0.0.9"))
    phone.send(phone.inside("BYE", invite, ok, 4))
    await phone.expect("SIP/2.0 200")


async def reliable(world: World) -> None:
    """100rel on both sides: the callee's 183 with SDP is acknowledged by us, ours by PRACK of the caller."""
    phone, other = world.phone, world.other
    first = phone.invite("202", call_id="rel", headers="Require: 100rel\r\n", from_="<sip:201@pbx>;tag=f")
    phone.send(first)
    challenge = await phone.expect("SIP/2.0 407")
    phone.ack_failure(first, challenge)
    headers = "Require: 100rel\r\n" + credentials(challenge, "INVITE", "sip:202@10.0.0.1")
    invite = phone.invite("202", call_id="rel", headers=headers, from_="<sip:201@pbx>;tag=f", cseq=2)
    phone.send(invite)
    rung = await other.expect("INVITE")
    rel = "Require: 100rel\r\nRSeq: 7\r\n"
    other.answer(rung, "183 Session Progress", tag="o", headers=rel, body=sdp_of("10.0.0.22"))
    other.answer(await other.expect("PRACK"), "200 OK")
    progress = await phone.expect("SIP/2.0 18")
    rack = f"RAck: {value(progress, 'RSeq')} 2 INVITE\r\n"
    phone.send(phone.inside("PRACK", invite, progress, 3, headers=rack))
    await phone.expect("SIP/2.0 200")
    other.answer(rung, "200 OK", tag="o")
    ok = await phone.expect("SIP/2.0 200")
    phone.ack(invite, ok)
    target = re.search(r"<(.*?)>", value(rung, "Contact"))
    if target is None:
        raise Lost
    to, from_ = value(rung, "From"), value(rung, "To") + ";tag=o"
    other.send(other.request("BYE", target[1], to=to, from_=from_, call_id=value(rung, "Call-ID"), cseq=1))
    await phone.expect("BYE")


async def gives_up(world: World) -> None:
    """CANCEL while two telephones ring; then one that answers too late."""
    phone, other = world.phone, world.other
    first = phone.invite("202", call_id="can", from_="<sip:201@pbx>;tag=f")
    phone.send(first)
    challenge = await phone.expect("SIP/2.0 407")
    phone.ack_failure(first, challenge)
    headers = credentials(challenge, "INVITE", "sip:202@10.0.0.1")
    invite = phone.invite("202", call_id="can", headers=headers, from_="<sip:201@pbx>;tag=f", cseq=2)
    phone.send(invite)
    rung = await other.expect("INVITE")
    other.answer(rung, "180 Ringing", tag="o")
    await phone.expect("SIP/2.0 180")
    phone.cancel(invite)
    phone.ack_failure(invite, await phone.expect("SIP/2.0 487"))
    other.answer(await other.expect("CANCEL"), "200 OK")
    other.answer(rung, "200 OK", tag="o", body=sdp_of("10.0.0.22"))
    await other.expect("ACK")
    other.answer(await other.expect("BYE"), "200 OK")


async def refusals(world: World) -> None:
    """The callee diverts, wants credentials, or refuses in its own words."""
    phone, other = world.phone, world.other
    for serial, status in enumerate(("302 Moved", "401 Who", "486 Busy", "503 Later", "422 Short", "603 No")):
        parts = {"call_id": f"ref{serial}", "from_": "<sip:201@pbx>;tag=f"}
        first = phone.invite("202", **parts)
        phone.send(first)
        challenge = await phone.expect("SIP/2.0 407")
        phone.ack_failure(first, challenge)
        headers = credentials(challenge, "INVITE", "sip:202@10.0.0.1")
        invite = phone.invite("202", headers=headers, cseq=2, **parts)
        phone.send(invite)
        rung = await other.expect("INVITE")
        more = 'Retry-After: 9\r\nMin-SE: 3600\r\nReason: Q.850;cause=17\r\nWarning: 399 a "b"\r\n'
        other.answer(rung, status, tag="o", headers=more)
        if status.startswith("422"):
            other.answer(await other.expect("INVITE"), "486 Busy", tag="o")
        while (answer := await phone.expect("SIP/2.0")).startswith("SIP/2.0 1"):
            pass
        phone.ack_failure(invite, answer)


async def flows(world: World) -> None:
    """A telephone that registers a flow and a Path, gets GRUUs, and is called by one."""
    phone, me = world.phone, "<sip:201@10.0.0.1>"
    parts = {"call_id": "flow", "to": me, "from_": f"{me};tag=r"}
    extra = "Supported: outbound, path, gruu\r\nPath: <sip:10.0.0.9;lr;ob>\r\n"
    plain = phone.request("REGISTER", TARGET, headers=extra, **parts)
    contact = f'Contact: {CONTACT};reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000a95a0e128>";q=0.7'
    phone.send(plain.replace(f"Contact: {CONTACT}", contact))
    challenge = await phone.expect("SIP/2.0 401")
    answered = phone.request(
        "REGISTER", TARGET, cseq=2, headers=extra + credentials(challenge, "REGISTER", TARGET), **parts
    )
    phone.send(answered.replace(f"Contact: {CONTACT}", contact))
    gruu = re.search(r'pub-gruu="([^"]*)"', await phone.expect("SIP/2.0 200"))
    target = gruu[1] if gruu else "sip:201@10.0.0.1"
    other = world.other
    first = other.request("INVITE", target, call_id="g", from_="<sip:202@pbx>;tag=g")
    other.send(first)
    challenge = await other.expect("SIP/2.0 407")
    other.ack_failure(first, challenge)
    again = credentials(challenge, "INVITE", target, "202")
    other.send(other.request("INVITE", target, call_id="g", from_="<sip:202@pbx>;tag=g", cseq=2, headers=again))
    rung = await phone.expect("INVITE")
    phone.answer(rung, "486 Busy", tag="p")
    await other.expect("SIP/2.0 486")


async def forked(world: World) -> None:
    """A proxy behind the contact forks: three early dialogs, two of them answer."""
    phone, other = world.phone, world.other
    phone.send(first := phone.invite("202", call_id="fork", from_="<sip:201@pbx>;tag=f"))
    challenge = await phone.expect("SIP/2.0 407")
    phone.ack_failure(first, challenge)
    headers = credentials(challenge, "INVITE", "sip:202@10.0.0.1")
    invite = phone.invite("202", call_id="fork", headers=headers, from_="<sip:201@pbx>;tag=f", cseq=2)
    phone.send(invite)
    rung = await other.expect("INVITE")
    other.answer(rung, "180 Ringing", tag="a")
    other.answer(rung, "183 Progress", tag="b", body=sdp_of("10.0.0.22"))
    other.answer(rung, "183 Progress", tag="c", headers="Require: 100rel\r\nRSeq: 1\r\n", body=sdp_of("10.0.0.22"))
    other.answer(await other.expect("PRACK"), "200 OK")
    other.answer(rung, "199 Early Dialog Terminated", tag="a")
    other.answer(rung, "200 OK", tag="c")
    other.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.22", port=4100))
    other.answer(await other.expect("BYE"), "200 OK")
    ok = await phone.expect("SIP/2.0 200")
    phone.ack(invite, ok)
    phone.send(phone.inside("BYE", invite, ok, 3))
    other.answer(await other.expect("BYE"), "200 OK")


async def diverted(world: World) -> None:
    """302 to another telephone of the house, which sends the call back."""
    phone, other = world.phone, world.other
    phone.send(first := phone.invite("202", call_id="div", from_="<sip:201@pbx>;tag=f"))
    challenge = await phone.expect("SIP/2.0 407")
    phone.ack_failure(first, challenge)
    headers = "Diversion: <sip:9@b>;reason=unconditional;counter=1\r\n"
    headers += credentials(challenge, "INVITE", "sip:202@10.0.0.1")
    invite = phone.invite("202", call_id="div", headers=headers, from_="<sip:201@pbx>;tag=f", cseq=2)
    phone.send(invite)
    _moved(other, await other.expect("INVITE"), "<sip:201@10.0.0.1>;q=0.9, <tel:+34911>, <sip:y@no.such.name>;q=0.1")
    _moved(phone, await phone.expect("INVITE", 40), "<sip:202@10.0.0.1>")
    phone.ack_failure(invite, await phone.expect("SIP/2.0 4", 100))


def _moved(phone: FuzzPhone, rung: str, targets: str) -> None:
    text = "".join(f"{name}: {value(rung, name)}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
    phone.send(f"SIP/2.0 302 Moved\r\n{text}Contact: {targets}\r\nContent-Length: 0\r\n\r\n")


async def long_call(world: World) -> None:
    """The session timer runs: we refresh towards both, and each answers in its own way."""
    phone, other = world.phone, world.other
    invite, ok = await calls(world, headers="Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n")
    refresh = await phone.expect("INVITE", 60)
    phone.answer(refresh, "491 Request Pending")
    again = await phone.expect("INVITE", 60)
    phone.answer(again, "200 OK", headers="Session-Expires: 90;refresher=uac\r\n", body=sdp_of("10.0.0.9"))
    phone.send(
        phone.inside("UPDATE", invite, ok, 3, headers="Session-Expires: 90;refresher=uas\r\nSupported: timer\r\n")
    )
    await phone.expect("SIP/2.0", 60)
    phone.send(phone.inside("BYE", invite, ok, 4))
    other.answer(await other.expect("BYE", 60), "200 OK")


async def strays(world: World) -> None:
    """Requests of every method outside any call, and answers to nothing."""
    phone = world.phone
    for method in ("OPTIONS", "BYE", "CANCEL", "ACK", "PRACK", "UPDATE", "INFO", "SUBSCRIBE", "NOTIFY", "MESSAGE", "X"):
        phone.send(phone.request(method, "sip:202@10.0.0.1", headers="Event: dialog\r\n"))
        phone.send(phone.request(method, "sip:202@10.0.0.1", to="<sip:202@10.0.0.1>;tag=none"))
    text = phone.request("INVITE", "sip:a@b").split("\r\n", 1)[1]
    for status in ("100 Trying", "183 Progress", "200 OK", "404 Not Found"):
        phone.send(f"SIP/2.0 {status}\r\n{text}")


SCRIPTS: dict[str, Script] = {
    script.__name__: script
    for script in (
        registers,
        call_and_changes,
        late_offer,
        reliable,
        gives_up,
        refusals,
        flows,
        forked,
        diverted,
        long_call,
        strays,
    )
}
