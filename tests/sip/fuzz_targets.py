"""What is fuzzed without a dialog: each target takes any octets, and raises only when the code under it is wrong.

Beside "no exception but those foreseen" each target checks a property that must hold for what was
read. `test_fuzz_messages.py` drives them by hypothesis, `fuzz_atheris.py` by coverage.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from firmware.media import sdp
from firmware.media.offer_answer import NotAcceptable, OfferAnswer
from firmware.sip.accounts.digest import Authenticator, parse_digest
from firmware.sip.calls.info import FLASH, read_info
from firmware.sip.calls.journey import journey_of
from firmware.sip.calls.session_timer import read_min_se, read_session_expires
from firmware.sip.messages import compose
from firmware.sip.messages.body import session_description
from firmware.sip.messages.headers import parse_name_addr, parse_params, parse_via, printable, quote, unquote
from firmware.sip.messages.message import Message, Request, Response, parse
from firmware.sip.messages.reason import reason_cause
from firmware.sip.messages.status import Refusal, Silence
from firmware.sip.messages.uri import dialled_number, escape_user, parse_uri, same_uri, unescape
from firmware.sip.nat.stun import StunError, binding_answer, mapped_address, parse_stun
from firmware.sip.settings import SipUser
from firmware.sip.transports.framing import Framing
from tests.sip.fuzz_mutations import VALUES, Choices, mutated_body, mutated_once

SOURCE = ("10.0.0.9", 5060)
FORESEEN = (Refusal, Silence)
LISTS = ("via", "contact", "route", "record-route", "require", "supported", "accept", "reason", "warning", "path")
FOLDERS = [Path(__file__).parent / name for name in ("rfc4475", "rfc5118")]


@functools.cache
def torture() -> list[bytes]:
    """The messages of RFC 4475 and RFC 5118."""
    return [file.read_bytes() for folder in FOLDERS for file in sorted(folder.glob("*.dat"))]


@functools.cache
def seeds() -> list[bytes]:
    """Those, and all that is said in dialogs that work."""
    from tests.sip.fuzz_scripts import SCRIPTS
    from tests.sip.fuzz_world import spoken

    return torture() + [data for script in SCRIPTS.values() for data in spoken(script)] + _other_bodies()


def _other_bodies() -> list[bytes]:
    part = b"Content-Type: application/sdp\r\n\r\nv=0\r\no=- 1 1 IN IP4 1.2.3.4\r\nm=audio 4 RTP/AVP 8\r\n"
    isup = b"Content-Type: application/isup\r\nContent-Disposition: signal;handling=optional\r\n\r\n\1\2\3\r\n"
    inner = b"Content-Type: multipart/alternative;boundary=c\r\n\r\n--c\r\n" + part + b"--c--\r\n"
    bodies = {
        b"INFO": [(b"application/dtmf-relay", b"Signal= 5\r\nDuration=160\r\n"), (b"application/dtmf", b"#"),
                  (b"application/dtmf", b"Signal=16"), (b"application/hook-flash", b"!")],
        b"INVITE": [(b"multipart/mixed;boundary=b", b"--b\r\n" + b"--b\r\n".join((part, isup, inner)) + b"--b--\r\n")],
    }  # fmt: skip
    heads = (
        b"Via: SIP/2.0/UDP h;branch=z9hG4bKs\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: s\r\nCSeq: 1 %s\r\n"
    )
    return [
        b"%s sip:a@b SIP/2.0\r\n" % method + heads % method
        + b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)
        for method, kinds in bodies.items() for kind, body in kinds
    ]  # fmt: skip


_WANTED = {"session": b"m=", "digest": b"uthorization: ", "info": b"INFO ", "parts": b"multipart/"}
"""What a seed must hold to be of use to a target."""


@functools.cache
def seeds_for(target: str) -> list[bytes]:
    return [data for data in seeds() if _WANTED.get(target, b"") in data]


def damaged(octets: bytes, target: str = "") -> bytes:
    """A seed of use to `target` with one to four changes, all chosen by `octets`."""
    choices = Choices(octets)
    message = choices.pick(seeds_for(target))
    change = mutated_body if target in {"session", "info", "parts"} else mutated_once
    for _ in range(1 + choices.below(4)):
        message = change(message, choices)
    return message


# -- the targets -------------------------------------------------------------------------


def message(data: bytes) -> None:
    """Parser and everything that is ever read of a message; what is answered is itself a clean message."""
    try:
        found = parse(data, SOURCE)
    except Silence:
        return
    for read in (found.check, lambda: found.via, lambda: found.from_, lambda: found.to, lambda: found.cseq,
                 lambda: found.call_id, found.contacts, found.media_type, lambda: reason_cause(found),
                 lambda: read_session_expires(found), lambda: read_min_se(found),
                 lambda: session_description(found), lambda: _no_blanks(found)):  # fmt: skip
        with contextlib.suppress(*FORESEEN):
            read()
    if isinstance(found, Request):
        for read in (found.hops, lambda: journey_of(found)):
            with contextlib.suppress(*FORESEEN):
                read()
        _answered(found)


def _no_blanks(found: Message) -> None:
    for name in LISTS:
        for value in found.values(name):
            assert value == value.strip() != ""


def info(data: bytes) -> None:
    """A signal out of an INFO is a key of a telephone or a flash."""
    with contextlib.suppress(*FORESEEN):
        found = parse(data, SOURCE)
        signal = read_info(found) if isinstance(found, Request) else None
        if signal is None:
            return
        assert signal.sign == FLASH or signal.sign in "0123456789*#ABCD"
        assert 40 <= signal.duration_ms <= 5000


def parts(data: bytes) -> None:
    """The description out of parts is a piece of the body, and a response's is never refused."""
    with contextlib.suppress(Silence):
        found = parse(data, SOURCE)
        loose = session_description(found, strict=False)
        assert loose in found.body
        with contextlib.suppress(Refusal):
            assert session_description(found) == loose


def _answered(request: Request) -> None:
    """A response carries nothing of the request but the headers it must repeat (RFC 3261 8.2.6.2)."""
    with contextlib.suppress(Refusal):
        request.reply_via = f"Via: {request.via.received_from(*SOURCE)}\r\n"
    octets = compose.response(request, 400, reason="Bad", to_tag="t", headers="Server: y\r\n", body="b")
    assert not set(octets.replace(b"\r\n", b"")) & set(b"\r\n"), "a line end inside a header"
    answer = parse(octets, SOURCE)
    assert isinstance(answer, Response) and answer.status == 400 and answer.body == b"b"
    assert answer.headers.keys() <= {"via", "from", "to", "call-id", "cseq", "server", "content-length"}
    assert all(len(lines) == 1 for lines in answer.headers.values())


def uri(data: bytes) -> None:
    """A URI is equal to itself, and what is dialled survives being written."""
    text = data.decode("utf-8", "surrogateescape")
    with contextlib.suppress(*FORESEEN):
        found = parse_uri(text)
        assert same_uri(found, found) and found.host == found.host.lower() and 0 <= found.port < 65536
        number = dialled_number(found)
        assert unescape(escape_user(number)) == number
    if "<" in text:
        uri(text.rpartition("<")[2].partition(">")[0].encode("utf-8", "surrogateescape"))
    for read in (parse_name_addr, parse_params, parse_via):
        with contextlib.suppress(*FORESEEN):
            read(text)
    assert printable(text).isprintable() and len(printable(text)) <= 80
    assert "\r" not in quote(text) and "\n" not in quote(text)
    assert unquote(quote(text)) == "".join(c if c >= " " and c != "\x7f" else " " for c in text)


def session(data: bytes) -> None:
    """SDP: an answer has a line for each line of the offer, and can be read; so can the next offer."""
    try:
        offered = sdp.parse(data)
    except sdp.SdpError:
        return
    side = OfferAnswer("192.0.2.1", 10000)
    side.offer()
    with contextlib.suppress(NotAcceptable):
        side.take_answer(offered)
    side = OfferAnswer("192.0.2.1", 10000)
    try:
        text = side.answer(offered)
    except NotAcceptable:
        return
    for written in (text, side.offer()):
        again = sdp.parse(written.encode())
        assert len(again.media) == len(offered.media)
        assert sum(line.port != 0 for line in again.media) == 1
    agreed = side.agreed
    assert (
        agreed is not None
        and 0 < agreed.port < 65536
        and 0 <= agreed.payload_type < 128
        and agreed.ptime_ms in range(10, 61)
    )


_GUARD = Authenticator({"201": SipUser("201", "", "0" * 32, "0" * 64)}, 600)


def digest(data: bytes) -> None:
    """Credentials never open the door by chance."""
    text = data.decode("utf-8", "surrogateescape")
    for line in (text, "Digest " + text, f'Digest username="201",realm="tipring",nonce="{text}'):
        with contextlib.suppress(*FORESEEN):
            parse_digest(line)
            assert _GUARD.check([line], "INVITE", "sip:a@b", 1.0).user is None
    _right_but_odd(Choices(data))


def _right_but_odd(choices: Choices) -> None:
    """Credentials that are right, with fields nobody would send: judged, and good at most once."""
    nonce = _GUARD.challenge("X", 1.0, ["MD5"]).partition('nonce="')[2].partition('"')[0]
    uri, cnonce, nc = (choices.pick(VALUES).decode("latin-1").replace('"', "") for _ in range(3))
    nc, qop = choices.pick((nc, "00000001", "", "0000000g", "-1", "ffffffff")), choices.pick(("", "auth"))
    if "\\" in uri + cnonce + nc:
        return
    ha2 = _md5(f"INVITE:{uri}")
    response = _md5(f"{'0' * 32}:{nonce}:{nc}:{cnonce}:{qop}:{ha2}" if qop else f"{'0' * 32}:{nonce}:{ha2}")
    line = f'Digest username="201",realm="tipring",nonce="{nonce}",uri="{uri}",cnonce="{cnonce}",response={response}'
    line += f',nc="{nc}"' + (f",qop={qop}" if qop else "")
    with contextlib.suppress(*FORESEEN):
        first = _GUARD.check([line], "INVITE", uri, 1.0)
        second = _GUARD.check([line], "INVITE", uri, 1.0)
        assert second.user is None
        assert first.user is not None or nc not in {"00000001", ""}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogateescape")).hexdigest()


def stream(data: bytes) -> None:
    """Framing: one piece or many give the same messages, and the same fault."""
    whole, pieces = Framing(), Framing()
    found = whole.feed(data)
    cut, parts = 1 + data[0] % 97 if data else 1, []
    for at in range(0, len(data), cut):
        parts += pieces.feed(data[at : at + cut])
    assert type(whole.fault) is type(pieces.fault)
    complete = found[:-1] if isinstance(whole.fault, Refusal) else found  # the last is the head of a refused one
    assert parts[: len(complete)] == complete and len(parts) == len(found)
    assert all(b"SIP/" in one[:5000].upper() for one in complete)


def stun(data: bytes) -> None:
    with contextlib.suppress(StunError):
        found = parse_stun(data)
        binding_answer(found, SOURCE)
        mapped_address(found, data[8:20])


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (message, uri, session, digest, info, parts, stream, stun)
}


def part_of(name: str, data: bytes) -> bytes:
    """What a target reads of a damaged message: the body, a header's value, or all of it."""
    if name == "session":
        return data.partition(b"\r\n\r\n")[2]
    if name in {"uri", "digest"}:
        lines = data.split(b"\r\n")
        return lines[len(data) % len(lines)].partition(b": ")[2] or lines[0]
    return data
