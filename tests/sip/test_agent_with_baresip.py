"""The agent against a real phone: baresip 1.0 registers with digest, calls and is answered."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from firmware.sip.accounts.binding_store import BindingStore
from firmware.sip.agent import SipAgent
from firmware.sip.settings import SipSettings
from tests.sip.exchange_stub import Bridge
from tests.sip.fake_engine import FakeEngine
from tests.sip.load import USERS

pytestmark = pytest.mark.skipif(shutil.which("baresip") is None, reason="baresip is not installed")

CONFIG = """net_interface 127.0.0.1
sip_listen 127.0.0.1:0
module_path /usr/lib/baresip/modules
module g711.so
module aubridge.so
module_tmp account.so
module_app menu.so
audio_player aubridge,x
audio_source aubridge,x
audio_alert aubridge,x
"""


async def until(true: object, timeout_s: float = 8.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not true():  # type: ignore[operator]  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_baresip_registers_and_calls(tmp_path: Path) -> None:
    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = SipAgent(
            SipSettings(listen_ip="127.0.0.1", udp_port=0), USERS, FakeEngine(), bridge, BindingStore(None)
        )
        await agent.start()
        (tmp_path / "config").write_text(CONFIG)
        (tmp_path / "contacts").write_text("")
        account = f"<sip:201@127.0.0.1:{agent.udp_port};transport=udp>;auth_user=201;auth_pass=pw;regint=60\n"
        (tmp_path / "accounts").write_text(account)
        phone = await asyncio.create_subprocess_exec(
            "baresip", "-4", "-f", str(tmp_path), "-e", "d600",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until(lambda: agent.registrations() and bridge.arrived and bridge.arrived[0].stats().codec)
            assert agent.registrations()[0].agent.startswith("baresip v")
            assert bridge.arrived[0].party.number == "201"
            await until(lambda: agent._context.legs and agent.debug()["dialogs"] == 1)
        finally:
            phone.terminate()  # it hangs up and unregisters
            await phone.wait()
        await until(lambda: "released" in bridge.names() and not agent.registrations())
        assert agent.debug()["legs"] == agent.debug()["dialogs"] == 0
        await agent.stop()

    asyncio.run(main())
