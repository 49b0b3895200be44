"""The agent against a real phone: baresip 1.0 registers with digest, calls and is answered."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from firmware.telephony.cause import Cause
from firmware.telephony.leg import CallRequest, Party
from tests.sip.certificates import Authority
from tests.sip.exchange_stub import Bridge
from tests.sip.stream_phone import stream_house

pytestmark = pytest.mark.skipif(shutil.which("baresip") is None, reason="baresip is not installed")

CONFIG = """net_interface {ip}
sip_listen {place}:0
sip_cafile {ca}
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


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_baresip_registers_and_calls(kind: str, ip: str, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("pbx")

    async def main() -> None:
        bridge = Bridge(echo=True)
        agent = await stream_house(
            bridge, ip, trusted_networks=(), tls_port=0, tls_certificate=str(certificate), tls_key=str(key)
        )
        place = f"[{ip}]" if ":" in ip else ip
        (tmp_path / "config").write_text(CONFIG.format(ip=ip, place=place, ca=authority.certificate))
        (tmp_path / "contacts").write_text("")
        port = agent.port_of(kind.upper())
        account = f"<sip:201@{place}:{port};transport={kind}>;auth_user=201;auth_pass=pw;regint=60\n"
        (tmp_path / "accounts").write_text(account)
        phone = await asyncio.create_subprocess_exec(
            "baresip", "-6" if ":" in ip else "-4", "-f", str(tmp_path), "-e", "d600",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until(lambda: agent.registrations() and bridge.arrived and bridge.arrived[0].stats().codec)
            assert agent.registrations()[0].transport == kind.upper()
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


def test_baresip_registers_a_flow_and_is_rung_by_it(tmp_path: Path) -> None:
    """Outbound and GRUU (RFC 5626, 5627) as a real phone does them, over a connection that it alone can open."""

    async def main() -> None:
        bridge = Bridge()
        agent = await stream_house(bridge, "127.0.0.1", trusted_networks=())
        config = CONFIG.replace("sip_cafile {ca}\n", "").format(ip="127.0.0.1", place="127.0.0.1")
        (tmp_path / "config").write_text(config.replace("module_tmp account", "module_tmp uuid.so\nmodule_tmp account"))
        (tmp_path / "contacts").write_text("")
        server = f"sip:127.0.0.1:{agent.port_of('TCP')};transport=tcp"
        account = f"<{server.replace('sip:', 'sip:201@')}>;auth_user=201;auth_pass=pw;regint=60;sipnat=outbound"
        (tmp_path / "accounts").write_text(f'{account};outbound1="{server}";answermode=auto\n')
        phone = await asyncio.create_subprocess_exec(
            "baresip", "-4", "-f", str(tmp_path), stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until(agent.registrations)
            (binding,) = agent._registrar.bindings("201")
            assert binding.reg_id == 1 and binding.instance.startswith("urn:uuid:") and binding.gruu_key
            (target,) = agent._directory.telephones("201")
            assert target.ways[0].hop == (agent._context.transports["TCP"], (binding.source_ip, binding.source_port))
            leg = agent.call_user("201")
            assert leg is not None
            leg.place(CallRequest("1", Party("202"), Party("201")))
            await until(lambda: "answered" in bridge.names())
            # Its Contact now is its GRUU, which holds our address; the BYE must reach it all the same.
            assert leg._session.dialog.target == f"sip:201@127.0.0.1:{agent.port_of('TCP')};gr={binding.instance}"
            leg.release(Cause.NORMAL_CLEARING)
            await until(lambda: "released" in bridge.names() and not agent._context.transactions.waiting)
        finally:
            phone.terminate()
            await phone.wait()
        await until(lambda: not agent.registrations())
        assert not agent._directory.telephones("201")
        await agent.stop()

    asyncio.run(main())
