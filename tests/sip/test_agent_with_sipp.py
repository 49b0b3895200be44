"""The agent against a real peer: sipp registers and calls with digest, over loopback, in real time."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.accounts.signer import Credentials
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings
from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Party
from tests.interop.processes import free_port
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.load import USERS

HERE = Path(__file__).parent / "sipp"

pytestmark = pytest.mark.skipif(shutil.which("sipp") is None, reason="sipp is not installed")


async def sipp(agent: SipAgent, folder: Path, *arguments: str, timeout_s: int = 10) -> tuple[int, str]:
    """Run sipp against the agent; (exit code, what it said)."""
    where = f"127.0.0.1:{agent.udp_port}"
    process = await asyncio.create_subprocess_exec(
        "sipp", where, "-i", "127.0.0.1", "-nostdin", "-timeout", str(timeout_s), "-timeout_error", *arguments,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace")[-3000:]


async def echo_house(**settings: object) -> tuple[SipAgent, Bridge]:
    bridge = Bridge(echo=True)
    chosen = SipSettings(listen_ip="127.0.0.1", udp_port=0, **settings)  # type: ignore[arg-type]
    agent = SipAgent(chosen, USERS, FakeEngine(), bridge, BindingStore(None))
    await agent.start()
    return agent, bridge


def inf(folder: Path, password: str) -> Path:
    file = folder / "users.csv"
    file.write_text(f"SEQUENTIAL\n201;[authentication username=201 password={password}]\n")
    return file


def test_sipp_registers_with_digest(tmp_path: Path) -> None:
    async def main() -> None:
        agent, _ = await echo_house()
        code, said = await sipp(
            agent, tmp_path, "-sf", str(HERE / "register.xml"), "-inf", str(inf(tmp_path, "pw")), "-m", "1"
        )
        assert code == 0, said
        (registration,) = agent.registrations()
        assert registration.user == "201" and registration.expires_s in {299, 300}
        await agent.stop()

    asyncio.run(main())


def test_sipp_calls_with_digest(tmp_path: Path) -> None:
    async def main() -> None:
        agent, bridge = await echo_house()
        scenario = ("-sf", str(HERE / "uac_digest.xml"), "-s", "600")
        code, said = await sipp(agent, tmp_path, *scenario, "-inf", str(inf(tmp_path, "pw")), "-m", "40", "-r", "100")
        assert code == 0, said
        assert bridge.names().count("released") == 40
        assert agent.debug()["legs"] == agent.debug()["dialogs"] == agent.debug()["streams"] == 0
        code, _ = await sipp(agent, tmp_path, *scenario, "-inf", str(inf(tmp_path, "wrong")), "-m", "1", timeout_s=1)
        assert code != 0 and bridge.names().count("arrived") == 40
        await agent.stop()

    asyncio.run(main())


def test_sipp_plain_caller_from_a_trusted_network(tmp_path: Path) -> None:
    async def main() -> None:
        agent, bridge = await echo_house(trusted_networks=("127.0.0.0/8",))
        code, said = await sipp(agent, tmp_path, "-sn", "uac", "-s", "600", "-m", "20", "-r", "50", "-d", "20")
        assert code == 0, said
        assert not any(leg.may_call_lines for leg in bridge.arrived)
        await agent.stop()

    asyncio.run(main())


def test_sipp_as_an_operator_takes_our_credentials(tmp_path: Path) -> None:
    async def main() -> None:
        agent, bridge = await echo_house()
        port = free_port()
        operator = asyncio.create_task(
            sipp(agent, tmp_path, "-sf", str(HERE / "operator.xml"), "-p", str(port), "-m", "1", "-trace_err")
        )
        leg = agent.call_uri(f"sip:600@127.0.0.1:{port}", Credentials("customer", "geheim"))
        assert leg is not None
        leg.place(CallRequest("1", Party("201", "Ana"), Party("600")))
        async with asyncio.timeout(8):
            while "answered" not in bridge.names():
                assert "released" not in bridge.names()
                await asyncio.sleep(0.02)
        leg.release(Cause.NORMAL_CLEARING)
        code, said = await operator
        assert code == 0, said
        await agent.stop()

    asyncio.run(main())


@pytest.mark.parametrize("scenario", ["uas_refresh_reinvite", "uas_refresh_update"])
def test_sipp_is_refreshed_by_us(scenario: str, tmp_path: Path) -> None:
    """A session interval of 2 s in place of half an hour; sipp puts our first refresh off, then hangs up."""

    async def main() -> None:
        agent, bridge = await echo_house(session_expires_s=2)
        port = free_port()
        options = ("-sf", str(HERE / f"{scenario}.xml"), "-p", str(port), "-m", "1", "-trace_err")
        phone = asyncio.create_task(sipp(agent, tmp_path, *options, timeout_s=20))
        leg = agent.call_uri(f"sip:600@127.0.0.1:{port}")
        assert leg is not None
        leg.place(CallRequest("1", Party("201", "Ana"), Party("600")))
        code, said = await phone
        assert code == 0, said
        assert bridge.causes() == [Cause.NORMAL_CLEARING]
        await agent.stop()

    asyncio.run(main())
