"""The page, asked as a browser does, against a core that says the sample data."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from firmware.control.server import ControlServer
from firmware.telephony.codes import code_of, explained
from firmware.web import pages as pages_module
from firmware.web.guard import loopback_only
from firmware.web.pages import SECTIONS
from firmware.web.server import make_app
from tests.web.sample_core import STATUS, verbs

Story = Callable[[TestClient[Any, Any], ControlServer], Awaitable[None]]


def with_page(tmp_path: Path, story: Story, *, core: bool = True, listen: str = "127.0.0.1") -> None:
    async def main() -> None:
        server = ControlServer(tmp_path / "core.sock", verbs(), version="0.1.0")
        if core:
            await server.start()
        app = make_app(tmp_path / "core.sock", listen=listen, language="es")
        async with asyncio.timeout(20), TestClient(TestServer(app)) as client:
            if core:
                await until_page_says(client, "fxs1")
            await story(client, server)
        await server.stop()

    asyncio.run(main())


async def until_page_says(client: TestClient[Any, Any], wanted: str) -> str:
    while wanted not in (text := await (await client.get("/")).text()):  # noqa: ASYNC110 - asked as a person would reload
        await asyncio.sleep(0.02)
    return text


async def next_sections(stream: ClientResponse) -> dict[str, str]:
    """The next server-sent event; comments are passed over."""
    while True:
        line = (await stream.content.readline()).decode()
        assert line, "the stream ended"
        if line.startswith("data: "):
            found: dict[str, str] = json.loads(line[6:])
            return found


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_all_is_on_the_page_without_any_script(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        answer = await client.get("/?lang=en")
        html = await answer.text()
        said = text_of(html)
        assert answer.status == 200 and '<html lang="en">' in html
        for wanted in (
            "fxs1 101 Talking off hook −9.4 V 20.1 mA 201 Ana",
            "fxs2 102 Ringing",
            "fxs4 104 Out of service the chip does not answer",
            "192.168.1.21:5060 UDP Yealink SIP-T31P 124.86 3 min",
            "101 201 Talking 1:23",
            "nobody answered",
            f"busy (486) {explained(486)}",
            f"there is no such number {code_of(404).do_en}",
            "good (4.4)",
            "Warning. fxs4: the chip does not answer; the other lines work.",
            "3/4 lines in service",
            "Phones outside are told this address: 203.0.113.5:5060 (STUN stun.example.com)",
        ):
            assert wanted in said, wanted
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in html

    with_page(tmp_path, story)


def test_the_page_in_spanish_writes_figures_the_spanish_way(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        html = await (await client.get("/?lang=es")).text()
        assert '<html lang="es">' in html
        assert "fxs1 101 Hablando descolgado −9,4 V 20,1 mA" in text_of(html)
        assert "nadie contestó" in html
        assert f"la llamada fue rechazada (603) {explained(603, 'es')}" in text_of(html)
        assert 'title="603 Decline"' in html
        assert explained(480, "es") not in html, "the leg that decided the call explains it"

    with_page(tmp_path, story)


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        ("", "", "", "es"),
        ("", "", "en-GB,en;q=0.9,es;q=0.5", "en"),
        ("", "", "fr, en;q=0.1, es;q=0.8", "es"),
        ("", "es", "en", "es"),
        ("?lang=en", "es", "es", "en"),
        ("?lang=xx", "", "en;q=nonsense, ;;;", "es"),
        ("", "xx", "en;q=0", "es"),
    ],
)
def test_the_language_of_a_browser(query: str, cookie: str, accept: str, expected: str, tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        headers = {"Accept-Language": accept} | ({"Cookie": f"lang={cookie}"} if cookie else {})
        answer = await client.get(f"/{query}", headers=headers)
        assert f'<html lang="{expected}">' in await answer.text()
        assert ("lang" in answer.cookies) == (query == "?lang=en")

    with_page(tmp_path, story, core=False)


def test_what_the_network_says_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        html = await (await client.get("/")).text()
        assert "&lt;b&gt;Luis &amp; hijos&lt;/b&gt;" in html and "<b>Luis" not in html

    with_page(tmp_path, story)


@pytest.mark.parametrize("path", ["/", "/static/tipring.css", "/static/tipring.js", "/mark.svg", "/nothing", "/events"])
def test_security_headers_are_on_every_answer(path: str, tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        answer = await client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "aiohttp" not in answer.headers["Server"].lower()
        answer.close()

    with_page(tmp_path, story, core=False)


def test_nothing_inline_that_the_policy_forbids(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        html = await (await client.get("/")).text()
        assert not re.search(r"<style|style=|\son[a-z]+=|<script(?! src=\"/static/)", html)
        assert "http://" not in html.replace("http://www.w3.org/2000/svg", ""), "nothing is loaded from elsewhere"

    with_page(tmp_path, story)


def test_tables_speak_to_screen_readers(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        html = await (await client.get("/")).text()
        assert html.count("<table") == html.count("<caption>") == 4
        for cell in re.findall(r"<th [^>]*>", html):
            assert "scope=" in cell
        assert html.count("<h1") == 1 and '<a class="skip" href="#main">' in html

    with_page(tmp_path, story)


def test_the_page_is_light(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        parts = ("/", "/static/tipring.css", "/static/tipring.js", "/mark.svg")
        total = sum([len(await (await client.get(part)).read()) for part in parts])
        assert total < 40_000

    with_page(tmp_path, story)


def test_a_foreign_name_for_loopback_is_refused(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        for host, status in (("evil.example", 421), ("localhost:8080", 503), ("[::1]:8080", 503), ("", 421)):
            assert (await client.get("/", headers={"Host": host})).status == status, host

    with_page(tmp_path, story, core=False)
    assert loopback_only("127.0.0.1") and not loopback_only("0.0.0.0")


def test_on_the_network_any_name_will_do(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        assert (await client.get("/", headers={"Host": "pbx.lan"})).status == 503

    with_page(tmp_path, story, core=False, listen="0.0.0.0")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_page_can_only_be_read(method: str, tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        assert (await client.request(method, "/", data=b"x" * 5000)).status == 405

    with_page(tmp_path, story, core=False)


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e%2fserver.py", "/static/words.toml", "/static/"]
)
def test_no_other_file_is_handed_out(path: str, tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        assert (await client.get(path)).status == 404

    with_page(tmp_path, story, core=False)


def test_without_core_the_page_says_so_and_recovers_by_itself(tmp_path: Path) -> None:
    async def story(client: TestClient[Any, Any], core: ControlServer) -> None:
        answer = await client.get("/?lang=en")
        assert answer.status == 503
        assert "The telephone service is not answering" in await answer.text()
        stream = await client.get("/events?lang=en")
        assert "not answering" in (await next_sections(stream))["notices"]
        await core.start()
        sections = await next_sections(stream)
        assert "fxs1" in sections["lines"] and "not answering" not in sections["notices"]
        await core.stop()
        sections = await next_sections(stream)
        assert "not answering" in sections["notices"] and sections["lines"] == ""
        stream.close()

    with_page(tmp_path, story, core=False)


def test_live_updates_carry_only_what_changed(tmp_path: Path) -> None:
    status = json.loads(json.dumps(STATUS))

    async def answer_status(_args: dict[str, Any]) -> Any:
        return status

    async def story(client: TestClient[Any, Any], core: ControlServer) -> None:
        core.verbs["status"] = answer_status
        stream = await client.get("/events", headers={"Accept-Language": "en"})
        assert set(await next_sections(stream)) == set(SECTIONS)
        status["ports"][2] |= {"hook": "off", "state": "dialling", "loop_v": -9.0, "loop_ma": 20.0}
        core.publish("port.changed", {"port": "fxs3"})
        sections = await next_sections(stream)
        assert set(sections) == {"lines"} and "Dialling" in sections["lines"]
        stream.close()

    with_page(tmp_path, story)


def test_a_crowd_is_refused_politely_and_who_leaves_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_module, "MAX_VIEWERS", 2)
    monkeypatch.setattr(pages_module, "HEARTBEAT_S", 0.05)

    async def story(client: TestClient[Any, Any], _core: ControlServer) -> None:
        streams = [await client.get("/events") for _ in range(2)]
        for stream in streams:
            await next_sections(stream)
        assert (await client.get("/events")).status == 503
        for stream in streams:
            stream.close()
        while (answer := await client.get("/events")).status == 503:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        answer.close()

    with_page(tmp_path, story)
