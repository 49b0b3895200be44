"""An agent, two scripted phones and a mutator between them: one dialog of random damage, judged.

A script speaks as a well-behaved phone would; what it sends passes through `mutated`. Afterwards the
house must be as it was: no exception reached the loop, no message took long, nothing is left and an
OPTIONS is answered. The scripts are in `fuzz_scripts.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from firmware.sip.agent import SipAgent
from firmware.sip.dns.answers import Answer
from firmware.sip.settings import SipUser
from firmware.telephony.cause import Cause
from tests.fake_time import run
from tests.sip.exchange_stub import Bridge
from tests.sip.fuzz_mutations import Choices, mutated
from tests.sip.pairs import PBX, Address, Network, Phone, PresetStore, agent_on, settle

BAR_S = 0.05
"""Of CPU, for one message."""
PASSWORDS = {"201": "one", "202": "two"}


class Lost(Exception):
    """The damage has taken the dialog so far off that its script cannot go on; that is fine."""


@contextlib.contextmanager
def or_lost() -> Iterator[None]:
    """Around what reads a message of the agent's: it may have had to leave a header out."""
    try:
        yield
    except AssertionError:
        raise Lost from None


class NoNames:
    """A resolver that knows nobody, and says so after a while of the loop's time."""

    def known(self, question: object) -> Answer | None:
        return None

    async def resolve(self, question: object) -> Answer:
        await asyncio.sleep(0.2)
        return Answer((), "there is no such name")

    def close(self) -> None:
        pass


class FuzzPhone(Phone):
    """A phone whose messages are damaged on their way out. Its waits end in `Lost`.

    The first few go through whole, so that the later parts of a dialog are reached too.
    """

    def __init__(self, network: Network, ip: str, user: str, choices: Choices) -> None:
        super().__init__(network, ip, user)
        self.choices = choices
        self._whole = choices.below(16)

    def send(self, text: str, target: Address = PBX) -> None:
        data = text.encode("latin-1")
        self._whole -= 1
        for changed in [data] if self._whole >= 0 else mutated(data, self.choices):
            self.network.send(changed, self.address, target)

    def answer(self, request: str, status: str, **parts: str) -> None:
        with or_lost():
            super().answer(request, status, **parts)

    def ack(self, invite: str, ok: str, *, body: str = "") -> None:
        with or_lost():
            super().ack(invite, ok, body=body)

    def ack_failure(self, invite: str, failure: str) -> None:
        with or_lost():
            super().ack_failure(invite, failure)

    def inside(self, method: str, invite: str, ok: str, cseq: int, **parts: Any) -> str:
        with or_lost():
            return super().inside(method, invite, ok, cseq, **parts)

    async def expect(self, start: str, timeout_s: float = 3.0, *, skip: bool = True) -> str:
        try:
            return await super().expect(start, timeout_s, skip=skip)
        except TimeoutError:
            raise Lost from None


class World(NamedTuple):
    """What a script plays with. phone calls; other is called as 202."""

    agent: SipAgent
    bridge: Bridge
    phone: FuzzPhone
    other: FuzzPhone
    choices: Choices


Script = Callable[[World], Awaitable[None]]


class Verdict(NamedTuple):
    """bugs: what reached the loop's exception handler, or was left behind. slowest_s: CPU of the slowest message.

    finished: the script came to its end.
    """

    bugs: list[str]
    slowest_s: float
    finished: bool


def play(script: Script, octets: bytes) -> Verdict:
    """One dialog, damaged as `octets` say. Tried again when a message was slow: the machine may have been busy."""
    verdict = run(_day(script, Choices(octets)))
    for _ in range(2):
        if verdict.slowest_s < BAR_S or verdict.bugs:
            break
        verdict = run(_day(script, Choices(octets)))
    return verdict


def spoken(script: Script) -> list[bytes]:
    """All messages of an undamaged dialog, ours and the phones'."""
    network = Network()
    run(_day(script, Choices(b""), network))
    return [data for _, _, _, data in network.log]


def user_with_password(user: str) -> SipUser:
    return SipUser(user, f"User {user}", _ha1(user, "md5"), _ha1(user, "sha256"))


def _ha1(user: str, algorithm: str) -> str:
    return hashlib.new(algorithm, f"{user}:tipring:{PASSWORDS[user]}".encode()).hexdigest()


async def _day(script: Script, choices: Choices, network: Network | None = None) -> Verdict:
    bugs: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(_told(context)))
    network, bridge = network or Network(), Bridge()
    users = {user: user_with_password(user) for user in PASSWORDS}
    store = PresetStore(("202", "10.0.0.22"), ("201", "10.0.0.9"))
    agent = await agent_on(network, bridge, users=users, store=store, dns=NoNames())
    clock = _Clock(network)
    world = World(
        agent,
        bridge,
        FuzzPhone(network, "10.0.0.9", "201", choices),
        FuzzPhone(network, "10.0.0.22", "202", choices),
        choices,
    )
    finished = True
    try:
        await script(world)
    except Lost:
        finished = False
    await asyncio.sleep(10)
    bugs += await _judged(agent, network)
    return Verdict(bugs, clock.slowest_s, finished)


async def _judged(agent: SipAgent, network: Network) -> list[str]:
    """What is wrong with the house once every call was ended."""
    for leg in list(agent._context.legs):
        leg.release(Cause.NORMAL_CLEARING)
    left = {name: count for name, count in (await settle(agent, 400)).items() if count}
    bugs = [f"left behind: {left}"] if left else []
    if agent._engine.open:  # type: ignore[attr-defined]
        bugs.append("a stream is still open")
    last = Phone(network, "10.0.0.99", "alive")
    last.send(last.request("OPTIONS", "sip:10.0.0.1"))
    try:
        await last.expect("SIP/2.0 200", 2.0)
    except TimeoutError:
        bugs.append("OPTIONS is not answered any more")
    await agent.stop()
    return bugs


class _Clock:
    """Stands before the agent's ear and measures each message; also that nothing is raised there."""

    def __init__(self, network: Network) -> None:
        self.slowest_s = 0.0
        self._hear = network.ends[PBX]
        network.ends[PBX] = self._measured

    def _measured(self, data: bytes, source: Address) -> None:
        began_s = time.process_time()
        self._hear(data, source)
        self.slowest_s = max(self.slowest_s, time.process_time() - began_s)


def _told(context: dict[str, Any]) -> str:
    error = context.get("exception")
    place = error.__traceback__ if error is not None else None
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place is not None else ""
    return f"{context.get('message')}: {error!r}{where}"
