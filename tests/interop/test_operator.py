"""Calls to an operator: two kamailios found by SRV records of dnsmasq, a real telephone (PJSIP) behind them.

The house here is its SIP agent alone, since no number leads to a trunk yet. Who stands in front of us is
part of `test_matrix.py`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from firmware.sip.accounts.signer import Credentials
from firmware.sip.agent import SipAgent
from firmware.sip.dns.name_servers import NameServers
from firmware.sip.dns.resolver import Resolver
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Leg, Party
from tests.interop.kamailio import REFUSING, Kamailio, operator
from tests.interop.pjsua import Pjsua
from tests.interop.processes import free_port
from tests.interop.soft_phone import Account
from tests.sip.exchange_stub import Bridge
from tests.sip.stream_phone import idle, stream_house, until
from tests.sip.test_dns_dnsmasq import dnsmasq

OURS = Credentials("customer", "geheim")


class Operator:
    """The telephone 600, reached by the servers of operator.test in the order of `ports`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.names_port = free_port()
        self.server = self.open(operator("customer", "geheim"))
        self.phone = Pjsua(folder, Account("600", "", self.server.port))
        stack.callback(self.phone.stop)
        self.phone.registered()

    def open(self, script: str) -> Kamailio:
        server = Kamailio(self.folder, script)
        self._stack.callback(server.stop)
        return server

    def name(self, *ports: int, way: str = "udp") -> None:
        """Put servers on these ports of 127.0.0.1 into DNS, the first to be preferred. way: "udp" or "tcp"."""
        entries = [f"--srv-host=_sip._{way}.operator.test,op.test,{port},{n},0" for n, port in enumerate(ports, 1)]
        self._stack.enter_context(dnsmasq(self.folder, self.names_port, *entries, "--host-record=op.test,127.0.0.1"))


@pytest.fixture
def op(tmp_path: Path) -> Iterator[Operator]:
    with ExitStack() as stack:
        yield Operator(tmp_path, stack)


@asynccontextmanager
async def house(op: Operator) -> AsyncIterator[tuple[SipAgent, Bridge]]:
    bridge = Bridge(manual=True)
    names = Resolver(NameServers((("127.0.0.1", op.names_port),), hosts=None))
    agent = await stream_house(bridge, names=names)
    try:
        yield agent, bridge
    finally:
        await agent.stop()


def call(agent: SipAgent, credentials: Credentials) -> Leg:
    leg = agent.call_uri("sip:600@operator.test", credentials)
    assert leg is not None
    leg.place(CallRequest("1", Party("201", "Ana"), Party("600")))
    return leg


async def answered(op: Operator, bridge: Bridge) -> None:
    await asyncio.to_thread(op.phone.wait_incoming)
    await until(lambda: "ringing" in bridge.names())
    await asyncio.to_thread(op.phone.accept)
    await until(lambda: "answered" in bridge.names())


def test_an_operator_asks_for_a_password_and_stays_in_the_path(op: Operator) -> None:
    async def main() -> None:
        op.name(op.server.port)
        async with house(op) as (agent, bridge):
            leg = call(agent, OURS)
            await answered(op, bridge)
            for order, is_held in ((op.phone.hold, True), (op.phone.resume, False)):
                await asyncio.to_thread(order)
                await until(lambda held=is_held: bridge.told[-1] == ("held", leg, held))
            leg.release(Cause.NORMAL_CLEARING)
            await asyncio.to_thread(op.phone.wait_closed)
            assert idle(agent)
        seen = op.server.output()
        assert seen.count("asked 201 for a password") == 1
        assert seen.count("in a dialog: INVITE") == 2 and "in a dialog: BYE" in seen

    asyncio.run(main())


@pytest.mark.parametrize("first", ["takes no connection", "answers 503"])
def test_the_second_server_is_called_when_the_first(op: Operator, first: str) -> None:
    async def main() -> None:
        if first == "answers 503":
            op.name(op.open(REFUSING).port, op.server.port)
        else:
            op.name(free_port(socket.SOCK_STREAM), op.server.port, way="tcp")
        async with house(op) as (agent, bridge):
            leg = call(agent, OURS)
            await answered(op, bridge)
            leg.release(Cause.NORMAL_CLEARING)
            await asyncio.to_thread(op.phone.wait_closed)

    asyncio.run(main())


def test_a_wrong_password_ends_the_call_after_one_try(op: Operator) -> None:
    async def main() -> None:
        op.name(op.server.port)
        async with house(op) as (agent, bridge):
            call(agent, Credentials("customer", "wrong"))
            await until(lambda: "released" in bridge.names())
        assert op.server.output().count("asked 201 for a password") == 2

    asyncio.run(main())
