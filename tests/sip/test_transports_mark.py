"""The mark of call signalling (class selector 3), as receivers see it, on every transport and family."""

from __future__ import annotations

import asyncio
import socket

import pytest

from firmware.sip.transports.sockets import listening_sockets
from tests.sip.exchange_stub import Bridge
from tests.sip.stream_phone import StreamPhone, stream_house

CS3 = 24


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_datagrams_carry_it(ip: str) -> None:
    sockets, port = listening_sockets([ip], 0, socket.SOCK_DGRAM)
    with sockets[ip] as ours, socket.socket(ours.family, socket.SOCK_DGRAM) as peer:
        if ":" in ip:
            peer.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        else:
            peer.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        peer.bind((ip, 0))
        peer.settimeout(5)
        ours.sendto(b"OPTIONS", (ip, peer.getsockname()[1]))
        _, ((_, _, mark),), _, source = peer.recvmsg(100, 100)
        assert mark[0] >> 2 == CS3 and source[1] == port


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_accepted_connections_carry_it(ip: str) -> None:
    async def main() -> None:
        agent = await stream_house(Bridge(echo=True), ip)
        phone = await StreamPhone(agent, ip=ip).connect()
        invite = phone.invite("600")
        phone.send(invite)
        phone.ack(invite, await phone.expect("SIP/2.0 200"))
        (connection,) = agent._context.transports["TCP"]._connections.values()  # type: ignore[attr-defined]
        sock = connection._transport.get_extra_info("socket")
        where = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if ":" in ip else (socket.IPPROTO_IP, socket.IP_TOS)
        assert sock.getsockopt(*where) >> 2 == CS3
        phone.hang_up()
        await agent.stop()

    asyncio.run(main())
