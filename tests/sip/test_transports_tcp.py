"""The agent over TCP, with real sockets on loopback: sipp, and a scripted peer that shares no code with the stack."""

from __future__ import annotations

import asyncio
from pathlib import Path

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.load import USERS
from tests.sip.test_agent_with_sipp import HERE, inf


async def tcp_house(bridge: Bridge, **settings: object) -> SipAgent:
    chosen = SipSettings(listen_ip="127.0.0.1", udp_port=0, tcp_port=0, **settings)  # type: ignore[arg-type]
    agent = SipAgent(chosen, USERS, FakeEngine(), bridge, BindingStore(None))
    bridge.agent = agent
    await agent.start()
    return agent


async def sipp(agent: SipAgent, folder: Path, *arguments: str, timeout_s: int = 10) -> tuple[int, str]:
    """Run sipp over TCP against the agent; (exit code, what it said)."""
    process = await asyncio.create_subprocess_exec(
        "sipp", f"127.0.0.1:{agent.port_of('TCP')}", "-i", "127.0.0.1", "-nostdin", "-timeout", str(timeout_s),
        "-timeout_error", *arguments,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace")[-3000:]


def test_sipp_registers_and_calls_over_one_connection_and_over_many(tmp_path: Path) -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await tcp_house(bridge)
        users = ("-inf", str(inf(tmp_path, "pw")))
        code, said = await sipp(agent, tmp_path, "-t", "t1", "-sf", str(HERE / "register.xml"), *users, "-m", "1")
        assert code == 0, said
        assert [registration.transport for registration in agent.registrations()] == ["TCP"]
        for kind in (("t1",), ("tn", "-max_socket", "100")):
            scenario = ("-t", *kind, "-sf", str(HERE / "uac_digest.xml"), "-s", "600")
            code, said = await sipp(agent, tmp_path, *scenario, *users, "-m", "40", "-r", "100")
            assert code == 0, said
        assert bridge.names().count("released") == 80
        assert agent.debug()["legs"] == agent.debug()["dialogs"] == agent.debug()["streams"] == 0
        await agent.stop()

    asyncio.run(main())
