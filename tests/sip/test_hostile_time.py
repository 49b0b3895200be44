"""Messages made to cost time or memory: each is dealt with in 50 ms of CPU, and nothing of it stays."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import time
import tracemalloc
from collections.abc import Callable

import pytest

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.accounts.registrar import MAX_CONTACTS, Registrar
from firmware.sip.agent import SipAgent
from firmware.sip.messages.message import Request, parse
from firmware.sip.messages.status import Refusal
from firmware.sip.settings import SipSettings, SipUser
from firmware.sip.transports.framing import Framing
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.hostile import HOSTILE, message
from tests.sip.pairs import Address, Network, agent_on, settle
from tests.sip.test_calls import EMPTY

OCTETS = 64_000
"""What a message of 64 KiB has room for beside its other headers."""
BAR_S = 0.05
SOURCE: Address = ("10.0.0.9", 5060)
SERIAL = itertools.count()


def cpu_s(work: Callable[[], object]) -> float:
    """The CPU time of this process that `work` takes; up to three tries to be under the bar, for busy machines."""
    best_s = 9.0
    for _ in range(3):
        began_s = time.process_time()
        work()
        best_s = min(best_s, time.process_time() - began_s)
        if best_s < BAR_S:
            break
    return best_s


async def quiet_agent() -> tuple[SipAgent, Bridge]:
    network, bridge = Network(), Bridge(manual=True)
    network.fate = lambda data, source, target: network.log.clear() or []  # type: ignore[func-returns-value]
    return await agent_on(network, bridge), bridge


def hand(agent: SipAgent, bridge: Bridge, data: bytes) -> None:
    """Give the agent a message in a transaction of its own; a call that comes of it is refused at once."""
    serial = next(SERIAL)
    data = data.replace(b"z9hG4bKh", b"z9hG4bKh%d" % serial).replace(
        b"Call-ID: hostile", b"Call-ID: hostile%d" % serial
    )
    context = agent._context
    context.transactions.arrivals.receive(context.transports["UDP"], data, SOURCE)
    for leg in bridge.arrived:
        leg.release(Cause.USER_BUSY)
    bridge.arrived.clear()
    bridge.told.clear()


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS"])
def test_no_message_takes_50_ms(method: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)

    async def main() -> dict[str, float]:
        agent, bridge = await quiet_agent()
        took_s = {}
        for name, make in HOSTILE.items():
            data = make(OCTETS).replace(b"INVITE", method.encode())
            assert 40_000 < len(data) < 66_000, name
            took_s[name] = cpu_s(lambda data=data: hand(agent, bridge, data))  # type: ignore[misc]
        assert await settle(agent) == EMPTY
        return took_s

    slow = {name: seconds for name, seconds in run(main()).items() if seconds >= BAR_S}
    assert not slow


def test_memory_stays_bounded_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)

    async def main() -> tuple[int, int]:
        agent, bridge = await quiet_agent()
        hand(agent, bridge, message())
        await settle(agent)
        tracemalloc.start()
        before, peak = tracemalloc.get_traced_memory()[0], 0
        for make in HOSTILE.values():
            tracemalloc.reset_peak()
            hand(agent, bridge, make(OCTETS))
            peak = max(peak, tracemalloc.get_traced_memory()[1] - before)
            await asyncio.sleep(33)  # so that no more than one is remembered
        assert await settle(agent) == EMPTY
        gc.collect()
        return peak, tracemalloc.get_traced_memory()[0] - before

    try:
        peak, left = run(main())
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20
    assert left < 1 << 20


def test_long_addresses_are_not_remembered(caplog: pytest.LogCaptureFixture) -> None:
    """Addresses are parsed once and kept; a thousand senders of long ones would otherwise fill the memory."""
    caplog.set_level(logging.CRITICAL)

    async def main() -> int:
        agent, bridge = await quiet_agent()
        tracemalloc.start()
        for serial in range(500):
            long = "".join(f"{serial}" for _ in range(1000))
            hand(agent, bridge, message(uri=f"sip:{long[:2000]}@h", From=f"<sip:{long}@h>;tag={serial}"))
        assert await settle(agent) == EMPTY
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    try:
        assert run(main()) < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("contact", ["<sip:a@10.0.{n}>,", "sip:{n},", "<sip:a@10.0.0.1:{n}>;q=1,", "*,"])
def test_a_register_of_thousands_of_contacts_is_refused_in_no_time(contact: str) -> None:
    line = "".join(contact.replace("{n}", str(n + 1)) for n in range(OCTETS // (len(contact) + 2)))[:-1]
    request = parse(message("REGISTER", Contact=line), SOURCE)
    assert isinstance(request, Request)
    registrar = Registrar(SipSettings(), BindingStore(None))

    def register() -> None:
        with pytest.raises(Refusal) as refused:
            registrar.register(request, SipUser("201"), "UDP")
        assert refused.value.status in {400, 403}

    assert cpu_s(register) < BAR_S
    assert registrar.bindings("201") == []
    assert len(line) > 30_000 and line.count(",") > MAX_CONTACTS


@pytest.mark.parametrize("step", [1, 7, 1000, 70_000])
def test_a_stream_of_them_is_cut_in_no_time(step: int) -> None:
    """A connection may bring them in any pieces; the whole of 64 KiB counts."""
    for name in ("To of folded text", "300 Vias", "lines without a colon", "Unknown of text", "SDP of text"):
        data = HOSTILE[name](OCTETS)

        def feed(data: bytes = data) -> None:
            framing = Framing()
            for at in range(0, len(data), step):
                framing.feed(data[at : at + step])

        # an octet at a time is 64,000 calls; what each may cost is the bar there
        assert cpu_s(feed) < (BAR_S if step > 1 else 0.3), name
