"""Bad input: the torture messages of RFC 4475 and thousands of mutated ones leave nothing behind."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from pathlib import Path

import pytest

from firmware.sip.messages.headers import parse_name_addr, parse_via, split_outside
from firmware.sip.messages.message import parse
from firmware.sip.messages.status import Refusal, Silence
from firmware.sip.messages.uri import dialled_number, parse_uri, same_uri
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Network, Phone, PresetStore, agent_on, settle
from tests.sip.test_calls import EMPTY

TORTURE = Path(__file__).parent / "rfc4475"

# file: statuses that are right for a house that trusts the sender; 0 is silence
VERDICTS = {
    "badaspec": {200, 400},
    "badbranch": {400},
    "baddate": {100},
    "baddn": {400},
    "badinv01": {400},
    "badvers": {505},
    "bcast": {0},
    "bext01": {420},
    "bigcode": {0},
    "clerr": {400},
    "cparam01": {401},
    "cparam02": {401},
    "dblreq": {401},
    "esc01": {100},
    "esc02": {501},
    "escnull": {401},
    "escruri": {400},
    "insuf": {400},
    "intmeth": {501},
    "inv2543": {100},
    "invut": {415},
    "longreq": {100, 488},
    "ltgtruri": {400},
    "lwsdisp": {200},
    "lwsruri": {400},
    "lwsstart": {400},
    "mcl01": {400},
    "mismatch01": {400},
    "mismatch02": {400, 501},
    "mpart01": {405, 501},
    "multi01": {400},
    "ncl": {400},
    "noreason": {0},
    "novelsc": {416},
    "quotbal": {400},
    "regaut01": {401},
    "regbadct": {400, 401},
    "regescrt": {401},
    "scalar02": {400},
    "scalarlg": {0},
    "sdp01": {406},
    "semiuri": {200},
    "transports": {200},
    "trws": {400},
    "unkscm": {416},
    "unksm2": {400},
    "unreason": {0},
    "wsinv": {481},
    "zeromf": {200},
}


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_torture_message(name: str) -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, trusted_networks=("192.0.2.0/24",))
        sender = Phone(network, "192.0.2.9")
        answers: list[int] = []
        network.fate = lambda data, source, _: answers.append(int(data[8:11])) or [] if source == PBX else [0.001]
        network.send((TORTURE / f"{name}.dat").read_bytes(), sender.address, PBX)
        await asyncio.sleep(0.1)
        assert (answers[0] if answers else 0) in VERDICTS[name]
        assert len(bridge.arrived) == (1 if answers[:1] == [100] else 0)
        for leg in bridge.arrived:
            leg.release(Cause.USER_BUSY)
        assert await settle(agent) == EMPTY
        assert not agent.registrations()

    run(main())


def test_torture_covers_every_file() -> None:
    assert {file.stem for file in TORTURE.glob("*.dat")} == set(VERDICTS)


def mutate(dice: random.Random, data: bytes) -> bytes:
    body = bytearray(data)
    for _ in range(dice.randint(1, 5)):
        at = dice.randrange(len(body)) if body else 0
        match dice.randrange(6):
            case 0:
                body[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del body[at : at + dice.randint(1, 40)]
            case 2:
                body[at:at] = body[at : at + dice.randint(1, 60)]
            case 3:
                body[at:at] = dice.choice([b'"', b"<", b">", b";", b",", b"\r\n", b"\n ", b"%00", b"\x00", b"\xff"])
            case 4:
                body[at:at] = dice.choice([b"9" * 30, b"-1", b";tag=x", b"@", b":", b"=" * 9, "²".encode()])
            case _:
                del body[at:]
    return bytes(body)


def test_mutated_dialogs_leave_nothing_and_the_next_call_works(caplog: pytest.LogCaptureFixture) -> None:
    """Whole scripted dialogs, each message mutated: no traceback, no leftovers, never slow."""
    caplog.set_level(logging.CRITICAL)
    slowest_s = 0.0

    async def main(seed: int) -> None:
        nonlocal slowest_s
        dice = random.Random(seed)
        loop = asyncio.get_running_loop()
        errors: list[object] = []
        loop.set_exception_handler(lambda _, context: errors.append(context))
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.21")))
        caller, phone = Phone(network, "10.0.0.9"), Phone(network, "10.0.0.21", "201")
        phone.react = lambda text, _: react(phone, text)
        deliver = network.ends[PBX]

        def spoiled(data: bytes, source: tuple[str, int]) -> None:
            nonlocal slowest_s
            began = time.perf_counter()
            deliver(mutate(dice, data) if dice.random() < 0.6 else data, source)
            slowest_s = max(slowest_s, time.perf_counter() - began)

        network.ends[PBX] = spoiled
        for _ in range(8):
            invite = caller.invite("201")
            caller.send(invite)
            await asyncio.sleep(0.05)
            ok = next((text for text in caller.got if text.startswith("SIP/2.0 200") and "Contact" in text), "")
            caller.got.clear()
            if ok:
                caller.ack(invite, ok)
                caller.send(caller.inside("INVITE", invite, ok, 2))
                caller.send(caller.inside("BYE", invite, ok, 3))
            else:
                caller.cancel(invite)
            caller.send(caller.request("REGISTER", "sip:pbx", to="<sip:201@pbx>"))
            await asyncio.sleep(0.05)
        network.ends[PBX] = deliver
        await asyncio.sleep(140)
        for leg in list(agent._context.legs):
            leg.release(Cause.NORMAL_CLEARING)
        assert await settle(agent, 140) == EMPTY
        assert not errors
        caller.send(caller.request("OPTIONS", "sip:pbx"))
        await caller.expect("SIP/2.0 200")

    for seed in range(80):
        run(main(seed))
    assert slowest_s < 0.05


def react(phone: Phone, text: str) -> None:
    if text.startswith("INVITE"):
        phone.answer(text, "180 Ringing", tag="b")
        phone.answer(text, "200 OK", tag="b", body="v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\n"
                     "t=0 0\r\nm=audio 4000 RTP/AVP 8\r\n")  # fmt: skip
    elif text.startswith(("BYE", "CANCEL")):
        phone.answer(text, "200 OK")


def test_mutated_messages_are_parsed_or_refused_and_nothing_else() -> None:
    dice = random.Random(3261)
    samples = [file.read_bytes() for file in sorted(TORTURE.glob("*.dat"))]
    for _ in range(15000):
        try:
            message = parse(mutate(dice, dice.choice(samples)), ("192.0.2.9", 5060))
            message.check()
            message.contacts()
            message.values("route")
            parse_uri(message.from_.uri)
        except (Refusal, Silence):
            pass


@pytest.mark.parametrize(
    "value",
    ['"' * 60000, "<" * 60000, "\\" * 60000, '"\\' * 30000, ";" * 60000, "," * 60000, " " * 60000, 'a="' * 20000],
)
def test_hostile_values_cost_linear_time(value: str) -> None:
    began = time.perf_counter()
    for read in (lambda: split_outside(value, ","), lambda: split_outside(value, ";"), lambda: parse_name_addr(value),
                 lambda: parse_via("SIP/2.0/UDP " + value), lambda: parse_uri("sip:" + value)):  # fmt: skip
        try:
            read()
        except Refusal:
            pass
    assert time.perf_counter() - began < 0.25


def test_uris() -> None:
    assert parse_uri("sip:user;par=u%40example.net@example.com").user == "user;par=u@example.net"
    assert parse_uri("SIPS:a:secret@[2001:db8::1]:5061;lr?x=y")[:4] == ("sips", "a", "[2001:db8::1]", 5061)
    assert dialled_number(parse_uri("sip:+34-91(2)@h;user=phone")) == "+34912"
    assert dialled_number(parse_uri("tel:+34-91.2;ext=1")) == "+34912"
    assert same_uri(
        parse_uri("sip:%61lice@ATLANTA.com;transport=TCP"), parse_uri("sip:alice@atlanta.com;Transport=tcp")
    )
    assert not same_uri(parse_uri("sip:a@h"), parse_uri("sip:a@h:5060"))
    assert not same_uri(parse_uri("sip:a@h"), parse_uri("sip:A@h"))
    assert same_uri(parse_uri("sip:a@h;x=1"), parse_uri("sip:a@h"))
    assert not same_uri(parse_uri("sip:a@h;user=phone"), parse_uri("sip:a@h"))
