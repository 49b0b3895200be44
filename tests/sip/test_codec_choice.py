"""Which codec two telephones get: an order per device, and least transcoding (MED-09). On fake time."""

from __future__ import annotations

import asyncio
import re

import pytest

from firmware.media.codec_table import CODECS, ORDER, first
from firmware.pbx.exchange import Exchange
from firmware.pbx.routes import Extension, Routes
from tests.fake_time import run
from tests.pbx.exchange_bench import NotedMedia, NotedRecords, ScriptedLeg
from tests.sip.exchange_stub import Bridge
from tests.sip.pairs import Network, Phone, PresetStore, agent_on, sdp_of

HAVE = [
    ("G722",), ("PCMA",), ("PCMU",), ("G722", "PCMA"), ("PCMA", "G722"), ("PCMU", "PCMA"), ("PCMA", "PCMU"),
    ("G722", "PCMU"), ("G722", "PCMA", "PCMU"), ("PCMU", "PCMA", "G722"),
]  # fmt: skip
"""Ten kinds of telephone: what it has, the best first."""


def types(names: tuple[str, ...]) -> str:
    return " ".join(str(CODECS[name].payload_type) for name in names)


def names_in(message: str) -> tuple[str, ...]:
    """The codecs of the audio line of a message with SDP."""
    found = re.search(r"^m=audio \d+ RTP/AVP (.*?)\r$", message, re.MULTILINE)
    assert found, message
    by_type = {str(codec.payload_type): codec.name for codec in CODECS.values()}
    return tuple(by_type[word] for word in found.group(1).split() if word in by_type)


class House:
    """A caller rings 202 through a true exchange and agent; telephones answer with what they like best."""

    def __init__(self, network: Network, exchange: Exchange, routes: Routes) -> None:
        self.caller, self.called = Phone(network, "10.0.0.9"), Phone(network, "10.0.0.22", "202")
        self.exchange, self.routes = exchange, routes

    @classmethod
    async def make(cls, **settings: object) -> House:
        network, routes = Network(), Routes()
        exchange = Exchange(routes, NotedMedia(), NotedRecords())
        store = PresetStore(("202", "10.0.0.22"))
        agent = await agent_on(network, exchange, store=store, **settings)  # type: ignore[arg-type]
        routes.add(Extension("202", "", lambda: agent.call_user("202"), is_line=False))  # type: ignore[arg-type,return-value]
        return cls(network, exchange, routes)

    async def call(
        self, caller: tuple[str, ...], called: tuple[str, ...], *, own_choice: bool = False, early: bool = False
    ) -> tuple[tuple[str, ...], str, str]:
        """(what 202 was offered, what it took, what the caller was answered). own_choice: 202 goes by its own order."""
        invite = self.caller.invite("202", body=sdp_of("10.0.0.9", codecs=types(caller)))
        self.caller.send(invite)
        rung = await self.called.expect("INVITE")
        offered = names_in(rung)
        order = [name for name in called if name in offered] if own_choice else [n for n in offered if n in called]
        taken = sdp_of("10.0.0.22", codecs=types((order[0],)))
        if early:
            self.called.answer(rung, "183 Session Progress", tag="b", body=taken)
            progress = await self.caller.expect("SIP/2.0 183")
        self.called.answer(rung, "200 OK", tag="b", body=taken)
        await self.called.expect("ACK")
        ok = await self.caller.expect("SIP/2.0 200")
        assert not early or names_in(progress) == names_in(ok)
        self.caller.ack(invite, ok)
        self.caller.send(self.caller.inside("BYE", invite, ok, 2))
        await self.caller.expect("SIP/2.0 200")
        self.called.answer(await self.called.expect("BYE"), "200 OK")
        await asyncio.sleep(1)
        (answered,) = names_in(ok)
        return offered, order[0], answered


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.parametrize("own_choice", [False, True])
def test_ten_kinds_of_telephone_call_ten(own_choice: bool, early: bool) -> None:
    """Both ends speak the same whenever the called one takes something the caller has."""

    async def main() -> None:
        house = await House.make()
        for caller in HAVE:
            for called in HAVE:
                offered, taken, answered = await house.call(caller, called, own_choice=own_choice, early=early)
                common = set(caller) & set(called)
                assert offered == tuple(n for n in ORDER if n in caller) + tuple(n for n in ORDER if n not in caller)
                wished = next(n for n in ORDER if n in caller)
                assert answered == (taken if taken in caller else wished), (caller, called)
                assert (
                    not common or own_choice or (taken == answered and taken == next(n for n in ORDER if n in common))
                )

    run(main())


def test_a_device_has_its_own_order_and_may_lack_codecs() -> None:
    async def main() -> None:
        house = await House.make(codecs=("G722", "PCMU", "PCMA"), user_codecs={"202": ("PCMA", "PCMU")})
        everything = ("G722", "PCMA", "PCMU")
        assert await house.call(everything, everything) == (("PCMA", "PCMU"), "PCMA", "PCMA")
        assert await house.call(("PCMU", "G722"), everything) == (("PCMU", "PCMA"), "PCMU", "PCMU")
        assert await house.call(("G722",), everything) == (("PCMA", "PCMU"), "PCMA", "G722")

    run(main())


def test_a_caller_without_an_offer_is_offered_first_what_the_called_end_speaks() -> None:
    async def main() -> None:
        house = await House.make()
        legs: list[ScriptedLeg] = []

        class Telephone(ScriptedLeg):
            def codecs(self) -> tuple[str, ...]:
                return ("PCMU", "PCMA")

        def ring() -> ScriptedLeg:
            legs.append(Telephone("fxs1/1", house.exchange, 7))
            return legs[-1]

        house.routes.add(Extension("101", "", ring, is_line=False))
        invite = house.caller.invite("101", body="")
        house.caller.send(invite)
        await house.caller.expect("SIP/2.0 100")
        house.exchange.leg_answered(legs[0])
        ok = await house.caller.expect("SIP/2.0 200")
        assert names_in(ok) == ("PCMU", "PCMA", "G722")
        house.caller.ack(invite, ok, body=sdp_of("10.0.0.9", codecs="0"))
        house.exchange.release_all()
        await house.caller.expect("BYE")

    run(main())


def test_a_telephone_line_spares_the_caller_a_codec_that_would_be_transcoded() -> None:
    async def main() -> None:
        house = await House.make()
        legs: list[ScriptedLeg] = []

        class Telephone(ScriptedLeg):
            def codecs(self) -> tuple[str, ...]:
                return ("PCMA", "PCMU")

        def ring() -> ScriptedLeg:
            legs.append(Telephone("fxs1/1", house.exchange, 7))
            return legs[-1]

        house.routes.add(Extension("101", "", ring, is_line=False))
        for has, gets in ((("G722", "PCMU"), "PCMU"), (("G722", "PCMA", "PCMU"), "PCMA"), (("G722",), "G722")):
            invite = house.caller.invite("101", body=sdp_of("10.0.0.9", codecs=types(has)))
            house.caller.send(invite)
            await house.caller.expect("SIP/2.0 100")
            house.exchange.leg_answered(legs[-1])
            ok = await house.caller.expect("SIP/2.0 200")
            assert names_in(ok) == (gets,)
            house.caller.ack(invite, ok)
            house.exchange.release_all()
            house.caller.answer(await house.caller.expect("BYE"), "200 OK")

    run(main())


def test_an_answer_once_shown_stays_whatever_the_called_end_says_later() -> None:
    """RFC 6337 3.1.1: the 200 repeats what an unreliable 183 said."""

    async def main() -> None:
        house = await House.make()
        invite = house.caller.invite("202", body=sdp_of("10.0.0.9", codecs="9 8 0"))
        house.caller.send(invite)
        rung = await house.called.expect("INVITE")
        house.called.answer(rung, "183 Session Progress", tag="b", body=sdp_of("10.0.0.22", codecs="8"))
        assert names_in(await house.caller.expect("SIP/2.0 183")) == ("PCMA",)
        house.called.answer(rung, "200 OK", tag="c", body=sdp_of("10.0.0.22", codecs="0"))
        ok = await house.caller.expect("SIP/2.0 200")
        assert names_in(ok) == ("PCMA",)
        house.caller.ack(invite, ok)
        house.exchange.release_all()
        await house.caller.expect("BYE")

    run(main())


def test_what_sdp_says_of_rtcp_and_packet_length_reaches_the_engine() -> None:
    async def main() -> None:
        network, bridge = Network(), Bridge(echo=True)
        agent, caller = await agent_on(network, bridge), Phone(network, "10.0.0.9")
        for attributes, ptime, rtcp in (
            ("", (20, False), (0, False)),
            ("a=ptime:30\r\na=rtcp:4711\r\n", (30, True), (4711, False)),
            ("a=maxptime:10\r\na=rtcp-mux\r\n", (10, True), (0, True)),
        ):
            caller.send(caller.invite("600", body=sdp_of("10.0.0.9") + attributes))
            await caller.expect("SIP/2.0 200")
            stream = agent._engine.open[bridge.arrived[-1].endpoint]
            assert ((stream.codec[3], stream.ptime_asked), stream.rtcp) == (ptime, rtcp)
        await agent.stop(0)

    run(main())


def test_an_order_with_others_ahead() -> None:
    assert first((), ORDER) == ORDER
    assert first(("PCMU",), ORDER) == ("PCMU", "G722", "PCMA")
    assert first(("opus", "PCMA", "PCMA", "G722"), ("G722", "PCMA")) == ("PCMA", "G722")
