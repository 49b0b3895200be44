"""Transaction timers A to M on fake time, and the same over a pipe that loses and reorders."""

from __future__ import annotations

import asyncio
import random

from firmware.sip.messages.compose import Outgoing
from firmware.sip.transactions.layer import TransactionLayer
from firmware.sip.transactions.tables import CLIENT, INVITE_CLIENT, INVITE_SERVER, SERVER
from firmware.sip.transports.hop import Hop
from tests.fake_time import run
from tests.sip.pairs import Network, PipeTransport, header

HERE, THERE = ("10.0.0.1", 5060), ("10.0.0.2", 5060)


class Taker:
    """The agent above a layer: keeps requests, answers when told."""

    def __init__(self) -> None:
        self.requests = []
        self.acks = []
        self.responses: list[int] = []
        self.failures: list[tuple[int, float]] = []
        self.layer = TransactionLayer(self)
        self.transactions = []
        self.late: list[str] = []
        self.script: list[int] = []

    def request_arrived(self, request, transport) -> None:
        self.requests.append(request)
        transaction = self.layer.accept(request, transport, self)
        self.transactions.append(transaction)
        for status in self.script:
            transaction.respond(status, to_tag="t")

    def ack_arrived(self, request) -> None:
        self.acks.append(request)

    def acknowledged(self, ack) -> None:
        self.acks.append(ack)

    def cancelled(self, cancel) -> None:
        self.transactions[-1].respond(487, to_tag="t")

    def responded(self, transaction, response) -> None:
        self.responses.append(response.status)
        if 200 <= response.status < 300 and response.cseq[1] == "INVITE":
            hop = Hop(transaction.transport, transaction.address)
            transaction.acknowledge(response.to.tag, ack_to(response), hop)

    def answered_too(self, response, transport):
        self.late.append(response.to.tag)
        hop = Hop(transport, response.source)
        transport.send(ack_to(response), hop.address)
        return ack_to(response), hop

    def unanswered(self, transaction, status) -> None:
        self.failures.append((status, asyncio.get_running_loop().time()))


def ack_to(response) -> bytes:
    return f"ACK sip:x SIP/2.0\r\nTo: {response.get('to')}\r\n\r\n".encode()


def outgoing(method: str) -> Outgoing:
    return Outgoing(method, "sip:x@10.0.0.2", from_line="<sip:a@b>;tag=1", to_line="<sip:x@b>", call_id="c", cseq=1)


async def pair(reliable: bool = False) -> tuple[Network, Taker, Taker, PipeTransport, PipeTransport]:
    network, left, right = Network(), Taker(), Taker()
    one = PipeTransport(network, left.layer.arrivals.receive, HERE, reliable)
    two = PipeTransport(network, right.layer.arrivals.receive, THERE, reliable)
    return network, left, right, one, two


def offsets(network: Network, source, start: str) -> list[float]:
    times = [at for at, _ in network.sent(source, start)]
    return [round(at - times[0], 2) for at in times]


def test_non_invite_timers_e_f_double_up_to_4_s_and_give_up_after_32() -> None:
    async def main() -> None:
        network, left, _, one, _ = await pair()
        network.fate = lambda *_: []
        began = asyncio.get_running_loop().time()
        left.layer.request(outgoing("OPTIONS"), one, THERE, left)
        await asyncio.sleep(40)
        assert offsets(network, HERE, "OPTIONS") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        ((status, at),) = left.failures
        assert status == 408 and round(at - began, 2) == 32
        assert left.layer.debug() == {"client": 0, "server": 0, "timers": 0}

    run(main())


def test_non_invite_in_proceeding_resends_every_4_s() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair()
        left.layer.request(outgoing("OPTIONS"), one, THERE, left)
        await asyncio.sleep(0.1)
        right.transactions[0].respond(100)
        network.ends[THERE] = lambda *_: None
        assert right.layer.debug()["server"] == 1
        await asyncio.sleep(12)
        # a 1xx to a non-INVITE is not sent by our own server (RFC 4320), so the first timer stays E
        assert offsets(network, HERE, "OPTIONS")[:3] == [0, 0.5, 1.5]

    run(main())


def test_non_invite_server_repeats_its_answer_for_32_s_and_client_tells_it_once() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair()
        right.script = [200]
        left.layer.request(outgoing("BYE"), one, THERE, left)
        await asyncio.sleep(0.01)
        assert left.responses == [200]
        raw = next(data for _, source, _, data in network.log if source == HERE)
        network.send(raw, HERE, THERE)
        await asyncio.sleep(4.9)
        assert len(network.sent(THERE, "SIP/2.0 200")) == 2 and left.responses == [200]
        assert left.layer.debug()["client"] == 0
        await asyncio.sleep(26.7)
        assert right.layer.debug()["server"] == 1
        await asyncio.sleep(0.6)
        assert right.layer.debug() == {"client": 0, "server": 0, "timers": 0}

    run(main())


def test_invite_failure_is_resent_by_g_until_h_without_an_ack() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair()
        right.script = [100, 486]
        network.fate = lambda data, *_: [] if data.startswith(b"ACK") else [0.001]
        left.layer.request(outgoing("INVITE"), one, THERE, left)
        await asyncio.sleep(31.9)
        assert offsets(network, THERE, "SIP/2.0 486") == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        assert len(network.sent(HERE, "ACK")) == 11, "every resent failure is acknowledged"
        assert left.responses == [100, 486]
        await asyncio.sleep(0.2)
        assert right.layer.debug()["server"] == 0
        await asyncio.sleep(1)
        assert left.layer.debug() == {"client": 0, "server": 0, "timers": 0}

    run(main())


def test_invite_failure_with_ack_stays_confirmed_for_5_s() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair()
        right.script = [404]
        left.layer.request(outgoing("INVITE"), one, THERE, left)
        await asyncio.sleep(4.9)
        assert right.layer.debug()["server"] == 1 and len(network.sent(THERE, "SIP/2.0 404")) == 1
        await asyncio.sleep(0.2)
        assert right.layer.debug()["server"] == 0
        assert not right.acks, "the transaction keeps the ACK of a failure to itself"

    run(main())


def test_accepted_invite_absorbs_resends_for_32_s_and_acknowledges_each_2xx() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair()
        right.script = [180, 200]
        left.layer.request(outgoing("INVITE"), one, THERE, left)
        await asyncio.sleep(1)
        raw = next(data for _, source, _, data in network.log if source == HERE)
        network.send(raw, HERE, THERE)
        ok = next(data for _, source, _, data in network.log if data.startswith(b"SIP/2.0 200"))
        network.send(ok, THERE, HERE)
        await asyncio.sleep(1)
        assert left.responses == [180, 200] and not left.late
        assert len(network.sent(HERE, "ACK")) == 2, "each copy of the 200 gets the same ACK"
        for _ in range(2):
            network.send(ok.replace(b";tag=t", b";tag=u"), THERE, HERE)
        await asyncio.sleep(0.1)
        assert left.late == ["u"], "one more telephone is hung up once (RFC 3261 13.2.2.4)"
        assert [header(text, "To")[-1] for _, text in network.sent(HERE, "ACK")] == ["t", "t", "u", "u"]
        assert len(right.requests) == 1
        await asyncio.sleep(29.8)
        assert left.layer.debug()["client"] - 1 == right.layer.debug()["server"] == 1
        await asyncio.sleep(2.3)
        assert left.layer.debug() == right.layer.debug() == {"client": 0, "server": 0, "timers": 0}

    run(main())


def test_a_2xx_ack_that_reuses_the_branch_reaches_the_user() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair()
        right.script = [200]
        left.layer.request(outgoing("INVITE"), one, THERE, left)
        await asyncio.sleep(0.1)
        raw = next(data for _, source, _, data in network.log if source == HERE)
        network.send(raw.replace(b"INVITE", b"ACK"), HERE, THERE)
        await asyncio.sleep(0.1)
        assert len(right.acks) == 1

    run(main())


def test_reliable_transport_resends_nothing_and_lingers_for_nothing() -> None:
    async def main() -> None:
        network, left, right, one, _ = await pair(reliable=True)
        left.layer.request(outgoing("OPTIONS"), one, THERE, left)
        await asyncio.sleep(20)
        assert len(network.sent(HERE, "OPTIONS")) == 1
        right.transactions[0].respond(200)
        await asyncio.sleep(0.1)
        assert left.layer.debug()["client"] == right.layer.debug()["server"] == 0
        right.script = [486]
        left.layer.request(outgoing("INVITE"), one, THERE, left)
        await asyncio.sleep(0.1)
        assert left.layer.debug()["client"] == 0 and right.layer.debug()["server"] == 0

    run(main())


def test_a_send_error_is_told_as_503_once() -> None:
    async def main() -> None:
        _, left, _, one, _ = await pair()
        one.refuse = True
        left.layer.request(outgoing("INVITE"), one, THERE, left)
        left.layer.request(outgoing("OPTIONS"), one, THERE, left)
        assert not left.failures, "never from inside the call"
        await asyncio.sleep(40)
        assert [status for status, _ in left.failures] == [503, 503]
        assert left.layer.debug() == {"client": 0, "server": 0, "timers": 0}

    run(main())


def test_an_rfc_2543_request_is_matched_without_a_branch() -> None:
    async def main() -> None:
        network, _, right, _, two = await pair()
        raw = (
            b"INVITE sip:x@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1\r\nFrom: <sip:a@b>\r\nTo: <sip:x@b>\r\n"
            b"Call-ID: old\r\nCSeq: 1 INVITE\r\nContact: <sip:a@10.0.0.1>\r\n\r\n"
        )
        right.script = [100, 486]
        network.send(raw, HERE, THERE)
        network.send(raw, HERE, THERE)
        await asyncio.sleep(0.1)
        assert len(right.requests) == 1
        network.send(raw.replace(b"INVITE", b"ACK"), HERE, THERE)
        await asyncio.sleep(6)
        assert right.layer.debug()["server"] == 0
        assert two.port == 5060

    run(main())


def test_every_state_of_the_tables_can_be_left() -> None:
    for table in (INVITE_CLIENT, CLIENT, INVITE_SERVER, SERVER):
        states = {state for state, _ in table}
        for state in states:
            assert any(after != state for (before, _), (after, _) in table.items() if before == state)
        assert {after for after, _ in table.values()} - states == {"terminated"}


def test_transactions_end_alike_over_a_pipe_that_loses_doubles_and_reorders() -> None:
    async def one_seed(seed: int) -> None:
        dice = random.Random(seed)
        network, left, right, one, _ = await pair()

        def fate(*_: object) -> list[float]:
            if dice.random() < 0.3:
                return []
            return [dice.uniform(0.001, 0.9) for _ in range(1 + (dice.random() < 0.2))]

        network.fate = fate
        final = dice.choice([404, 486, 603])  # a lost 2xx is resent by the user, see test_calls
        right.script = [180, final]
        for method in ("INVITE", "OPTIONS", "BYE"):
            left.layer.request(outgoing(method), one, THERE, left)
        await asyncio.sleep(140)
        assert left.layer.debug() == right.layer.debug() == {"client": 0, "server": 0, "timers": 0}
        assert len(left.failures) + len({*left.responses} - {180}) >= 1
        assert len(right.requests) <= 3

    for seed in range(60):
        run(one_seed(seed))
