"""Every status that the house answers with, provoked by a peer through the agent, one scenario a code.

What a refused call means to a person and to a telephone is in `tests/telephony/test_codes.py`; here it
is seen that each code truly comes, in a whole response, with the header that the standard wants beside
it, and that nothing is left behind. The last test reads the sources: a new code needs a scenario.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.sip.calls import calling
from firmware.telephony.cause import CAUSES, Cause
from firmware.telephony.codes import codes
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.in_call import Talk
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, header, sdp_of, settle
from tests.sip.stream_phone import StreamPhone, stream_house
from tests.sip.test_calls import EMPTY

SIP = Path(calling.__file__).parents[1]
BESIDE = {
    401: "WWW-Authenticate", 405: "Allow", 406: "Accept", 407: "Proxy-Authenticate", 415: "Accept", 420: "Unsupported",
    421: "Require", 422: "Min-SE", 423: "Min-Expires", 469: "Recv-Info", 488: "Warning", 501: "Allow",
    503: "Retry-After",
}  # fmt: skip
"""The header that the RFC of a code wants in such a response."""


class House:
    """A trusted caller, a telephone 201 that is registered, and whatever the agent is told."""

    def __init__(self, network: Network, bridge: Bridge, agent: Any) -> None:
        self.network, self.bridge, self.agent = network, bridge, agent
        self.caller, self.phone = Phone(network, "10.0.0.9"), Phone(network, "10.0.0.21", "201")

    @classmethod
    async def open(cls, *, manual: bool = False, **settings: Any) -> House:
        network, bridge = Network(), Bridge(manual=manual)
        return cls(
            network, bridge, await agent_on(network, bridge, store=PresetStore(("201", "10.0.0.21")), **settings)
        )

    async def asked(self, request: str, start: str = "SIP/2.0") -> str:
        """The response to `request`; a refused INVITE is acknowledged."""
        self.caller.send(request)
        while (answer := await self.caller.expect(start)).startswith("SIP/2.0 100"):
            pass
        if request.startswith("INVITE") and answer[8] > "2":
            self.caller.ack_failure(request, answer)
        return answer

    def request(self, method: str, uri: str = "sip:10.0.0.1", **parts: Any) -> str:
        return self.caller.request(method, uri, **parts)


Scene = Callable[[], Awaitable[tuple[Any, str]]]
"""Gives the agent, to see what it holds afterwards, and the response."""
SCENES: dict[int, Scene] = {}


def provokes(status: int) -> Callable[[Scene], Scene]:
    def keep(scene: Scene) -> Scene:
        assert status not in SCENES
        SCENES[status] = scene
        return scene

    return keep


def by_request(status: int, make: Callable[[House], str], **settings: Any) -> None:
    """A single request is enough."""

    async def scene() -> tuple[Any, str]:
        house = await House.open(**settings)
        return house.agent, await house.asked(make(house))

    provokes(status)(scene)


def by_callee(status: int) -> None:
    """The telephone says it, and it holds for the caller too."""

    async def scene() -> tuple[Any, str]:
        house = await House.open()
        house.caller.send(invite := house.caller.invite("201"))
        house.phone.answer(await house.phone.expect("INVITE"), f"{status} In Its Own Words", tag="b")
        while (answer := await house.caller.expect("SIP/2.0")).startswith("SIP/2.0 100"):
            pass
        house.caller.ack_failure(invite, answer)
        return house.agent, answer

    provokes(status)(scene)


def by_cause(status: int, cause: Cause) -> None:
    """The exchange ends the call for a cause of its own."""

    async def scene() -> tuple[Any, str]:
        house = await House.open(manual=True)
        house.caller.send(invite := house.caller.invite("101"))
        await house.caller.expect("SIP/2.0 100")
        house.bridge.arrived[0].release(cause)
        answer = await house.caller.expect("SIP/2.0")
        house.caller.ack_failure(invite, answer)
        return house.agent, answer

    provokes(status)(scene)


# -- a call that goes well ------------------------------------------------------------------


async def _call_shows(what: str, status: int) -> tuple[Any, str]:
    house = await House.open(manual=True)
    house.caller.send(invite := house.caller.invite("101"))
    trying = await house.caller.expect("SIP/2.0")
    if what:
        getattr(house.bridge.arrived[0], what)()
    answer = await house.caller.expect(f"SIP/2.0 {status}") if what else trying
    if status != 200:
        house.caller.cancel(invite)
        house.caller.ack_failure(invite, await house.caller.expect("SIP/2.0 487"))
    else:
        house.caller.ack(invite, answer)
        house.caller.send(house.caller.inside("BYE", invite, answer, 2))
    return house.agent, answer


for _status, _what in ((100, ""), (180, "show_ringing"), (183, "show_progress"), (200, "accept")):
    provokes(_status)(lambda what=_what, status=_status: _call_shows(what, status))  # type: ignore[misc]

# -- one request is enough ------------------------------------------------------------------

by_request(400, lambda house: house.request("OPTIONS").replace("Call-ID", "X-Call-ID"))
by_request(401, lambda house: house.request("REGISTER", to="<sip:201@10.0.0.1>"))
by_request(405, lambda house: house.request("PUBLISH"))
by_request(406, lambda house: house.caller.invite("201", headers="Accept: text/plain\r\n"))
by_request(407, lambda house: house.caller.invite("201"), trusted_networks=())
by_request(414, lambda house: house.caller.invite("2" * 3000))
by_request(415, lambda house: house.caller.invite("201", body="hello").replace("application/sdp", "text/plain"))
by_request(416, lambda house: house.request("OPTIONS", "mailto:a@b"))
by_request(420, lambda house: house.request("OPTIONS", headers="Require: teleport\r\n"))
by_request(421, lambda house: house.caller.invite("201"), require_100rel=True)
by_request(422, lambda house: house.caller.invite("201", headers="Supported: timer\r\nSession-Expires: 60\r\n"))
by_request(440, lambda house: house.caller.invite("201", headers="Max-Breadth: 0\r\n"))
by_request(481, lambda house: house.request("BYE", to="<sip:201@10.0.0.1>;tag=none"))
by_request(483, lambda house: house.caller.invite("201", hops=0))
by_request(484, lambda house: house.caller.invite("201").replace("sip:201@", "sip:", 1))
by_request(488, lambda house: house.caller.invite("201", body=sdp_of("10.0.0.9", codecs="18")))
by_request(501, lambda house: house.request("TELEPORT"))
by_request(503, lambda house: house.caller.invite("201"), max_calls=0)
by_request(505, lambda house: house.request("OPTIONS").replace("SIP/2.0\r\n", "SIP/3.0\r\n", 1))

# -- what the telephone or the exchange says ------------------------------------------------

for _status in sorted(calling.TOLD_ON - {484, 488}):
    by_callee(_status)
by_cause(408, Cause.NO_USER_RESPONDING)
by_cause(502, Cause.DESTINATION_OUT_OF_ORDER)
by_cause(500, Cause.INTERWORKING)


# -- what takes more ------------------------------------------------------------------------


@provokes(413)
async def _too_large_a_body() -> tuple[Any, str]:
    return await _by_stream("OPTIONS sip:h SIP/2.0\r\n{head}Content-Length: 70000\r\n\r\n")


@provokes(513)
async def _too_large_a_head() -> tuple[Any, str]:
    return await _by_stream("OPTIONS sip:h SIP/2.0\r\n{head}" + ("X-Fill: " + "y" * 200 + "\r\n") * 100 + "\r\n")


async def _by_stream(text: str) -> tuple[Any, str]:
    """On a connection a message has no end but the one it announces."""
    agent = await stream_house(Bridge())
    phone = StreamPhone(agent)
    await phone.connect()
    head = phone.request("OPTIONS", "sip:h").split("\r\n", 1)[1].partition("Contact")[0]
    phone.send(text.replace("{head}", head))
    answer = await phone.expect("SIP/2.0", 10)
    phone.hang_up()
    return agent, answer


@provokes(423)
async def _expires_too_soon() -> tuple[Any, str]:
    from tests.sip.fuzz_scripts import credentials
    from tests.sip.fuzz_world import user_with_password

    house = await House.open(users={"201": user_with_password("201")})
    parts = {"to": "<sip:201@10.0.0.1>", "from_": "<sip:201@10.0.0.1>;tag=r", "call_id": "r"}
    challenge = await house.asked(house.request("REGISTER", **parts))
    headers = "Expires: 5\r\n" + credentials(challenge, "REGISTER", "sip:10.0.0.1")
    return house.agent, await house.asked(house.request("REGISTER", cseq=2, headers=headers, **parts))


@provokes(439)
async def _proxy_without_outbound() -> tuple[Any, str]:
    from tests.sip.fuzz_scripts import credentials
    from tests.sip.fuzz_world import user_with_password

    house = await House.open(users={"201": user_with_password("201")})
    flow = '<sip:201@10.0.0.9>;reg-id=1;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    parts = {"to": "<sip:201@10.0.0.1>", "from_": "<sip:201@10.0.0.1>;tag=r", "call_id": "r"}
    first = house.request("REGISTER", **parts)
    challenge = await house.asked(first)
    headers = "Supported: outbound, path\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKbehind\r\n"
    headers += credentials(challenge, "REGISTER", "sip:10.0.0.1")
    second = house.request("REGISTER", cseq=2, headers=headers, **parts)
    contact = next(line for line in second.split("\r\n") if line.startswith("Contact"))
    return house.agent, await house.asked(second.replace(contact, f"Contact: {flow}"))


@provokes(469)
async def _unknown_info_package() -> tuple[Any, str]:
    talk = await Talk.in_()
    answer = await talk.ask("INFO", headers="Info-Package: weather\r\n")
    talk.leg.release(Cause.NORMAL_CLEARING)
    talk.phone.answer(await talk.phone.expect("BYE"), "200 OK")
    return talk.agent, answer


@provokes(482)
async def _the_same_by_two_ways() -> tuple[Any, str]:
    house = await House.open(manual=True)
    house.caller.send(first := house.caller.invite("101", call_id="merged", branch="one"))
    await house.caller.expect("SIP/2.0 100")
    answer = await house.asked(house.caller.invite("101", call_id="merged", branch="two"))
    house.caller.cancel(first)
    house.caller.ack_failure(first, await house.caller.expect("SIP/2.0 487"))
    return house.agent, answer


@provokes(487)
async def _given_up() -> tuple[Any, str]:
    house = await House.open(manual=True)
    house.caller.send(invite := house.caller.invite("101"))
    await house.caller.expect("SIP/2.0 100")
    house.caller.cancel(invite)
    answer = await house.caller.expect("SIP/2.0 487")
    house.caller.ack_failure(invite, answer)
    return house.agent, answer


@provokes(491)
async def _both_want_to_change() -> tuple[Any, str]:
    talk = await Talk.out("Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n")
    refresh = await talk.phone.expect("INVITE", 1000)
    answer = await talk.ask("INVITE", body=sdp_of("10.0.0.21"))
    talk.phone.answer(refresh, "481 Gone")
    return talk.agent, answer


@provokes(504)
async def _no_prack() -> tuple[Any, str]:
    house = await House.open(manual=True)
    house.caller.send(invite := house.caller.invite("101", headers="Require: 100rel\r\n"))
    await house.caller.expect("SIP/2.0 100")
    house.bridge.arrived[0].show_ringing()
    answer = await house.caller.expect("SIP/2.0 504")
    house.caller.ack_failure(invite, answer)
    return house.agent, answer


# -- the judgement --------------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(SCENES))
def test_a_peer_gets(status: int) -> None:
    async def main() -> None:
        agent, answer = await SCENES[status]()
        line, _, rest = answer.partition("\r\n")
        assert line.startswith(f"SIP/2.0 {status} ") and len(line) > len("SIP/2.0 200 ")
        for name in ("Via", "From", "To", "CSeq", "Content-Length", *filter(None, [BESIDE.get(status)])):
            assert header(rest, name) or name == "Recv-Info"
        if status == 400:
            assert "Call-ID" in line, "the phrase names what was wrong"
        elif status in (180, 200, 401, 407, 480, 486, 603):
            assert line == f"SIP/2.0 {status} {codes()[status].phrase}"
        assert ("tag=" in header(rest, "To")) == (status != 100)
        if status in (413, 513):
            await agent.stop()
        else:
            assert await settle(agent, 2000) == EMPTY
            assert not agent._engine.open

    if status in (413, 513):
        asyncio.run(asyncio.wait_for(main(), 20))
    else:
        run(main())


BY_THE_GATE = {401, 407}
"""Chosen by what kind of request wants credentials."""
UNDERSTOOD_ONLY = {430}
"""Found out while a way to a telephone is looked for; it never goes out to anybody."""


def test_every_code_in_the_sources_has_its_scene() -> None:
    named = set(BY_THE_GATE)
    for path in SIP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in {"Refusal", "respond", "_fail", "answer_without_state", "_provisional"}:
                    plain = [arg for arg in node.args if isinstance(arg, ast.Constant | ast.IfExp)]
                    values = [n.value for arg in plain for n in ast.walk(arg) if isinstance(n, ast.Constant)]
                    named |= {value for value in values if isinstance(value, int) and 100 <= value < 700}
    by_exchange = {CAUSES[cause].sip for cause in Cause}
    assert len(named) > 25
    assert named | by_exchange | calling.TOLD_ON <= set(SCENES) | UNDERSTOOD_ONLY
    assert set(SCENES) <= named | by_exchange | calling.TOLD_ON, "a scene for a code that nothing names"
