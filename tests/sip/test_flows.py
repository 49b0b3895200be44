"""Path, outbound and GRUU: REGISTERs that say how a telephone must be reached, and calls that go that way."""

from __future__ import annotations

import re

import pytest

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.accounts.registrar import Registrar
from firmware.sip.messages.message import Request, parse
from firmware.sip.messages.status import Refusal
from firmware.sip.messages.uri import parse_uri
from firmware.sip.settings import SipSettings, SipUser
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import PBX, Network, Phone, agent_on, header, sdp_of, settle
from tests.sip.test_calls import EMPTY

ANA = SipUser("201", "Ana")
ONE, TWO = "urn:uuid:00000000-0000-1000-8000-000a95a0e128", "urn:uuid:00000000-0000-1000-8000-000a95a0e129"
PROXY = "Via: SIP/2.0/UDP p;branch=z9hG4bKy\r\n"


def register(
    contact: str, headers: str = "", *, cseq: int = 1, call_id: str = "c", source: str = "10.0.0.9"
) -> Request:
    last = f"Contact: {contact}" if contact else "X: y"
    text = (
        f"REGISTER sip:t SIP/2.0\r\n{PROXY if 'Path' in headers or 'proxy' in call_id else ''}"
        f"Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:201@t>;tag=1\r\nTo: <sip:201@t:5070>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{headers}{last}\r\n\r\n"
    )
    message = parse(text.encode(), (source, 5060))
    assert isinstance(message, Request)
    return message


def registrar() -> Registrar:
    return Registrar(SipSettings(), BindingStore(None))


def flow(uri: str, instance: str = ONE, reg_id: int | str = 1, more: str = "") -> str:
    return f'<{uri}>;+sip.instance="<{instance}>";reg-id={reg_id}{more}'


def refused(house: Registrar, request: Request) -> Refusal:
    before = house.bindings("201")
    with pytest.raises(Refusal) as caught:
        house.register(request, ANA)
    assert house.bindings("201") == before
    return caught.value


# -- Path (RFC 3327) ------------------------------------------------------------------------
def test_a_path_is_stored_and_told_back() -> None:
    house = registrar()
    path = "Path: <sip:p1.example.com;lr>,<sip:10.0.0.50;lr;ob>\r\n"
    answer = house.register(register("<sip:a@h>", f"Supported: gruu, Path\r\n{path}"), ANA)
    assert "Path: <sip:p1.example.com;lr>, <sip:10.0.0.50;lr;ob>\r\n" in answer and "Require" not in answer
    assert house.bindings("201")[0].path == "<sip:p1.example.com;lr>, <sip:10.0.0.50;lr;ob>"


def test_a_path_is_stored_for_a_telephone_that_knows_nothing_of_it_and_not_told_to_it() -> None:
    house = registrar()
    answer = house.register(register("<sip:a@h>", "Path: <sip:10.0.0.50;lr>\r\n"), ANA)
    assert "Path" not in answer and house.bindings("201")[0].path == "<sip:10.0.0.50;lr>"


def test_bad_paths_are_refused() -> None:
    house = registrar()
    for bad in ("<sip:10.0.0.50>", "<sip:", "nonsense", "<tel:1;lr>", ", ".join(["<sip:10.0.0.50;lr>"] * 9),
                f"<sip:{'x' * 2000}@h;lr>", '"open <sip:a;lr>'):  # fmt: skip
        assert refused(house, register("<sip:a@h>", f"Supported: path\r\nPath: {bad}\r\n")).status == 400, bad


def test_a_call_follows_the_path_and_so_do_its_cancel_and_ack() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        edge, caller = Phone(network, "10.0.0.50", "201"), Phone(network, "10.0.0.9")
        path = "<sip:10.0.0.50;lr>, <sip:10.0.0.51;lr;ob>"
        agent._registrar.register(register("<sip:201@192.168.7.7>", f"Supported: path\r\nPath: {path}\r\n"), ANA)
        caller.send(invite := caller.invite("201"))
        rung = await edge.expect("INVITE sip:201@192.168.7.7 SIP/2.0")
        assert header(rung, "Route") == path
        edge.answer(rung, "180 Ringing", tag="b")
        await caller.expect("SIP/2.0 180")
        caller.cancel(invite)
        caller.ack_failure(invite, await caller.expect("SIP/2.0 487"))
        cancel = await edge.expect("CANCEL sip:201@192.168.7.7")
        assert header(cancel, "Route") == path and "Max-Breadth" not in cancel
        edge.answer(cancel, "200 OK")
        edge.answer(rung, "487 Request Terminated", tag="b")
        ack = await edge.expect("ACK sip:201@192.168.7.7")
        assert header(ack, "Route") == path and "Max-Breadth" not in ack
        assert await settle(agent) == EMPTY

    run(main())


# -- outbound (RFC 5626) ---------------------------------------------------------------------
OUTBOUND = "Supported: path, outbound\r\n"


def test_a_flow_replaces_the_older_one_of_the_same_telephone_whatever_its_contact() -> None:
    house = registrar()
    answer = house.register(register(flow("sip:a@h:1000"), OUTBOUND), ANA, "TCP")
    assert "Require: outbound\r\n" in answer and "Flow-Timer: 120\r\n" in answer
    assert f'Contact: <sip:a@h:1000>;expires=3600;+sip.instance="<{ONE}>";reg-id=1\r\n' in answer
    again = register(flow("sip:a@h:2000", ONE.upper().replace("URN:UUID", "urn:uuid")), OUTBOUND, call_id="reboot")
    assert "Flow-Timer" not in house.register(again, ANA)
    assert [binding.contact for binding in house.bindings("201")] == ["sip:a@h:2000"]
    house.register(register(flow("sip:a@h:2000", ONE, 2), OUTBOUND, call_id="d"), ANA)
    house.register(register(flow("sip:a@h:2000", TWO), OUTBOUND, call_id="e"), ANA)
    house.register(register("<sip:a@h:3000>", call_id="f"), ANA)
    assert len(house.bindings("201")) == 4
    gone = house.register(register(flow("sip:a@h:9", ONE, 2, ";expires=0"), OUTBOUND, cseq=2, call_id="d"), ANA)
    assert "Require" not in gone and len(house.bindings("201")) == 3
    house.register(register("<sip:a@h:2000>;expires=0", cseq=9, call_id="g"), ANA)
    assert [binding.contact for binding in house.bindings("201")] == ["sip:a@h:3000"]


def test_a_flow_counts_only_with_all_that_belongs_to_it() -> None:
    house = registrar()
    for headers, contact in (
        ("", flow("sip:a@h:1")),  # outbound not supported
        (OUTBOUND, "<sip:a@h:1>;reg-id=1"),  # no instance
        (OUTBOUND, flow("sip:a@h:1", "nonsense")),
        (OUTBOUND, flow("sip:a@h:1", ONE, "x")),
        (OUTBOUND, flow("sip:a@h:1", ONE, 0)),
        (OUTBOUND, flow("sip:a@h:1", "urn:" + "x" * 300)),
        (OUTBOUND, f'<sip:a@h:1>;+sip.instance="<{ONE}>"'),
    ):
        house = registrar()
        assert "Require" not in house.register(register(contact, headers), ANA)
        assert house.bindings("201")[0].reg_id == 0
    two = register(flow("sip:a@h:1") + ", " + flow("sip:a@h:2", ONE, 2), OUTBOUND)
    assert refused(registrar(), two).status == 400
    house.register(register(flow("sip:a@h:1"), OUTBOUND, cseq=5, call_id="z"), ANA)
    assert refused(house, register(flow("sip:a@h:1"), OUTBOUND, cseq=5, call_id="z")).status == 500


def test_behind_a_proxy_that_keeps_no_flows_it_is_439() -> None:
    house = registrar()
    assert refused(house, register(flow("sip:a@h"), OUTBOUND, call_id="proxy")).status == 439
    bad = "Path: <sip:10.0.0.50;lr;ob>, <sip:10.0.0.51;lr>\r\n"
    assert refused(house, register(flow("sip:a@h"), OUTBOUND + bad)).status == 439
    good = "Path: <sip:10.0.0.50;lr>, <sip:10.0.0.51;lr;ob>\r\n"
    assert "Require: outbound" in house.register(register(flow("sip:a@h"), OUTBOUND + good), ANA)
    assert "Require" not in house.register(register("<sip:b@h>", OUTBOUND + bad, call_id="p"), ANA)


@pytest.mark.parametrize("failure", ["430 Flow Failed", "503 Service Unavailable", ""])
def test_a_telephone_with_two_flows_rings_once_and_by_the_other_when_one_is_gone(failure: str) -> None:
    """No second ring over the older flow; 430, 503 or silence sends the call there (RFC 5626 5.3)."""

    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        for reg_id, ip in ((1, "10.0.0.21"), (2, "10.0.0.22")):
            request = register(flow("sip:201@h", ONE, reg_id), OUTBOUND, call_id=f"r{reg_id}", source=ip)
            agent._registrar.register(request, ANA)
        old, new, caller = (
            Phone(network, "10.0.0.21", "201"),
            Phone(network, "10.0.0.22", "201"),
            Phone(network, "10.0.0.9"),
        )
        caller.send(invite := caller.invite("201"))
        rung = await new.expect("INVITE")
        assert not old.all
        if failure:
            new.answer(rung, failure, tag="e")
        rung = await old.expect("INVITE")
        assert len(agent._registrar.bindings("201")) == (1 if "430" in failure else 2)
        old.answer(rung, "486 Busy Here", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert bridge.names().count("released") == 2
        assert await settle(agent) == EMPTY

    run(main())


def test_a_flow_that_cannot_be_used_is_forgotten() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        agent._registrar.register(register(flow("sip:201@h"), OUTBOUND, source="10.0.0.21"), ANA)
        agent._registrar.register(register("<sip:201@10.0.0.22>", call_id="d", source="10.0.0.22"), ANA)
        plain, caller = Phone(network, "10.0.0.22", "201"), Phone(network, "10.0.0.9")
        transport = agent._context.transports["UDP"]
        send = transport.send
        transport.send = lambda data, to: to[0] != "10.0.0.21" and send(data, to)  # type: ignore[method-assign]
        caller.send(invite := caller.invite("201"))
        plain.answer(await plain.expect("INVITE"), "486 Busy Here", tag="b")
        caller.ack_failure(invite, await caller.expect("SIP/2.0 486"))
        assert [binding.contact for binding in agent._registrar.bindings("201")] == ["sip:201@10.0.0.22"]
        transport.has_flow = lambda address: False  # type: ignore[method-assign]
        agent._registrar.register(register(flow("sip:201@h"), OUTBOUND, cseq=2, source="10.0.0.21"), ANA)
        assert [t.ways[0].uri for t in agent._directory.telephones("201")] == ["sip:201@10.0.0.22"]
        assert await settle(agent) == EMPTY

    run(main())


# -- GRUU (RFC 5627) ---------------------------------------------------------------------------
GRUU = "Supported: gruu\r\n"


def gruus(answer: str) -> tuple[str, str]:
    public = re.search(r'pub-gruu="(.*?)"', answer)
    temporary = re.search(r'temp-gruu="(.*?)"', answer)
    assert public and temporary
    return public.group(1), temporary.group(1)


def test_a_telephone_that_asks_gets_a_public_and_a_temporary_gruu() -> None:
    house = registrar()
    contact = f'<sip:a@h>;+sip.instance="<{ONE}>"'
    public, first = gruus(house.register(register(contact, GRUU), ANA))
    assert public == f"sip:201@t:5070;gr={ONE}"
    again, second = gruus(house.register(register(contact, GRUU, cseq=2), ANA))
    assert again == public and second != first and "201" not in second and ONE not in second
    for gruu in (public, first, second):
        assert house.behind_gruu(parse_uri(gruu)) == ("201", ONE)
    _, third = gruus(house.register(register(contact, GRUU, call_id="reboot"), ANA))
    assert house.behind_gruu(parse_uri(third)) == ("201", ONE)
    for dead in (
        first,
        second,
        "sip:tgruu.x@t;gr",
        "sip:tgruu.1.00@t;gr",
        "sip:tgruu.@t;gr",
        third.replace("tgruu.1", "tgruu.9"),
    ):
        assert house.behind_gruu(parse_uri(dead)) is None
    assert "gruu" not in house.register(register(contact, cseq=2, call_id="reboot"), ANA)
    assert "gruu" not in house.register(register("", GRUU), ANA)


def test_a_telephone_behind_a_proxy_gets_no_gruu_since_the_proxy_would_bring_its_requests_back_to_us() -> None:
    house = registrar()
    contact = f'<sip:a@10.0.0.7>;+sip.instance="<{ONE}>"'
    assert "pub-gruu" in house.register(register(contact, GRUU), ANA)
    assert "gruu" not in house.register(register(contact, f"{GRUU}Path: <sip:10.0.0.50;lr>\r\n", cseq=2), ANA)


def test_a_gruu_is_no_contact() -> None:
    house = registrar()
    assert refused(house, register(f"<sip:201@t;gr={ONE}>", GRUU)).status == 403
    assert refused(house, register("<sip:tgruu.1.abc@t;gr>", GRUU)).status == 403
    house.register(register("<sip:a@other;gr=x>", GRUU), ANA)


def test_a_call_to_a_gruu_rings_that_telephone_only() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        answers = []
        for instance, ip in ((ONE, "10.0.0.21"), (TWO, "10.0.0.22")):
            contact = f'<sip:201@{ip}>;+sip.instance="<{instance}>"'
            answers.append(agent._registrar.register(register(contact, GRUU, call_id=ip, source=ip), ANA))
        first, second = Phone(network, "10.0.0.21", "201"), Phone(network, "10.0.0.22", "201")
        caller = Phone(network, "10.0.0.9")
        public, temporary = gruus(answers[1].split("Contact:")[2])
        escaped = f"sip:201@t:5070;gr={TWO.upper().replace(':', '%3A')}"
        for gruu in (public, temporary, escaped):
            here = gruu.replace("t:5070", "10.0.0.1")
            caller.send(to_gruu := caller.invite("201").replace("INVITE sip:201@10.0.0.1", f"INVITE {here}"))
            second.answer(await second.expect("INVITE sip:201@10.0.0.22"), "486 Busy Here", tag="b")
            caller.ack_failure(to_gruu, await caller.expect("SIP/2.0 486"))
        assert not first.all
        for wrong, status in ((f"sip:201@10.0.0.1;gr={ONE}x", 480), ("sip:tgruu.1.ab@10.0.0.1;gr", 404)):
            text = caller.invite("201").replace("INVITE sip:201@10.0.0.1", f"INVITE {wrong}")
            caller.send(text)
            caller.ack_failure(text, await caller.expect(f"SIP/2.0 {status}"))
        assert Cause.SUBSCRIBER_ABSENT in bridge.causes()
        assert not first.all
        assert await settle(agent) == EMPTY

    run(main())


def test_a_redirection_to_a_gruu_rings_that_telephone_only() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        for user, ip, instance in (("202", "10.0.0.22", ONE), ("202", "10.0.0.23", TWO), ("201", "10.0.0.21", TWO)):
            contact = f'<sip:{user}@{ip}>;+sip.instance="<{instance}>"'
            agent._registrar.register(register(contact, GRUU, call_id=ip, source=ip), SipUser(user))
        ana, one, two, caller = (Phone(network, f"10.0.0.{n}", "x") for n in (21, 22, 23, 9))
        caller.send(invite := caller.invite("201"))
        contact = f"Contact: <sip:202@10.0.0.1;gr={TWO}>\r\n"
        ana.answer(await ana.expect("INVITE"), "302 Moved", tag="a", headers=contact)
        rung = await two.expect("INVITE sip:202@10.0.0.23")
        two.answer(rung, "200 OK", tag="b", body=sdp_of("10.0.0.23"))
        caller.ack(invite, ok := await caller.expect("SIP/2.0 200"))
        caller.send(caller.inside("BYE", invite, ok, 2))
        two.answer(await two.expect("BYE"), "200 OK")
        assert not one.all
        assert await settle(agent) == EMPTY

    run(main())


def test_a_telephone_whose_contact_in_a_dialog_is_its_gruu_is_reached_by_its_flow() -> None:
    """RFC 5627 4.4: our own address stands in it, but requests must not come back to us."""

    async def main() -> None:
        network, bridge = Network(), Bridge(manual=True)
        agent = await agent_on(network, bridge, at=("8.8.4.4", 5060), trusted_networks=("8.0.0.0/8",))
        caller = Phone(network, "8.8.8.8", "999")
        text = caller.invite("600").replace("<sip:999@8.8.8.8:5060>", f"<sip:999@8.8.4.4;gr={ONE}>")
        caller.send(text, ("8.8.4.4", 5060))
        await caller.expect("SIP/2.0 100")
        bridge.arrived[0].accept()
        ok = await caller.expect("SIP/2.0 200")
        ack = caller.request("ACK", "sip:8.8.4.4", to=header(ok, "To"), from_=header(text, "From"),
                             call_id=header(text, "Call-ID"), cseq="1")  # fmt: skip
        caller.send(ack, ("8.8.4.4", 5060))
        bridge.arrived[0].release(Cause.NORMAL_CLEARING)
        bye = await caller.expect(f"BYE sip:999@8.8.4.4;gr={ONE} SIP/2.0")
        to = header(bye, "To")
        caller.send(
            f"SIP/2.0 200 OK\r\nVia: {header(bye, 'Via')}\r\nFrom: {header(bye, 'From')}\r\nTo: {to}\r\n"
            f"Call-ID: {header(bye, 'Call-ID')}\r\nCSeq: {header(bye, 'CSeq')}\r\n\r\n",
            ("8.8.4.4", 5060),
        )
        assert await settle(agent) == EMPTY

    run(main())


def test_require_may_name_what_the_registrar_does() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge()
        agent = await agent_on(network, bridge)
        phone = Phone(network, PBX[0].replace(".1", ".9"), "201")
        phone.send(phone.request("REGISTER", "sip:tipring", headers="Require: path, gruu, outbound\r\n"))
        await phone.expect("SIP/2.0 401")
        phone.send(phone.request("REGISTER", "sip:tipring", headers="Require: path, teleport\r\n"))
        assert header(await phone.expect("SIP/2.0 420"), "Unsupported") == "teleport"
        assert await settle(agent) == EMPTY

    run(main())
