"""Core's socket: answers, events, and what bad or slow peers get."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from firmware.control import server as server_module
from firmware.control.client import ControlClient, call_core
from firmware.control.messages import LIMIT_OCTETS, BadMessage, ControlError, CoreAway, pack
from firmware.control.paths import check_length, core_socket, private_folder, run_folder
from firmware.control.server import MAX_CLIENTS, QUEUE_EVENTS, ControlServer


async def status(args: dict[str, Any]) -> Any:
    return {"version": "1", "args": args}


async def broken(_args: dict[str, Any]) -> Any:
    raise RuntimeError("a bug")


async def refuse(_args: dict[str, Any]) -> Any:
    raise ControlError("fxs9 does not exist")


async def huge(_args: dict[str, Any]) -> Any:
    return "x" * LIMIT_OCTETS


VERBS = {"status": status, "broken": broken, "refuse": refuse, "huge": huge}


@asynccontextmanager
async def serving(tmp_path: Path, **options: Any) -> AsyncIterator[ControlServer]:
    server = ControlServer(tmp_path / "core.sock", VERBS, version="0.1.0", **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def with_server(tmp_path: Path, story: Callable[[ControlServer], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), serving(tmp_path, **options) as server:
            await story(server)

    asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what is awaited lies inside the server
        await asyncio.sleep(0.005)


async def raw(server: ControlServer, sent: bytes) -> list[dict[str, Any]]:
    """Send octets, close our direction, return every line that came."""
    reader, writer = await asyncio.open_unix_connection(server.path, limit=4 * LIMIT_OCTETS)
    try:
        writer.write(sent)
        writer.write_eof()
        return [json.loads(line) for line in (await reader.read()).splitlines()]
    finally:
        writer.close()


def test_a_question_and_its_answer(tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        async with ControlClient(server.path) as core:
            assert core.version == "0.1.0"
            assert await core.call("status", limit=5) == {"version": "1", "args": {"limit": 5}}
            answers = await asyncio.gather(*(core.call("status", n=n) for n in range(50)))
            assert [a["args"]["n"] for a in answers] == list(range(50))
        assert await asyncio.to_thread(call_core, "status", {"a": 1}, path=server.path) == {
            "version": "1",
            "args": {"a": 1},
        }

    with_server(tmp_path, story)
    assert not (tmp_path / "core.sock").exists()


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"hello\n", "not JSON"),
        (b"[1]\n", "a message is a JSON object"),
        (b"{}\n", 'needs "id"'),
        (b'{"id":true,"do":"status"}\n', 'needs "id"'),
        (b'{"id":1}\n', 'needs "do"'),
        (b'{"id":1,"do":"status","args":[]}\n', '"args" must be an object'),
        (b'{"id":1,"do":"dance"}\n', "known: broken, huge, refuse, status, subscribe"),
        (b'{"id":1,"do":"refuse"}\n', "fxs9 does not exist"),
        (b'{"id":1,"do":"huge"}\n', "at most 1048576 are allowed"),
        (b"[" * 100000 + b"\n", "not JSON"),
        (b"\xff\xfe\x00\n", "not JSON"),
    ],
)
def test_a_bad_request_gets_a_sentence_and_the_connection_lives(sent: bytes, error: str, tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        greeting, bad, good = await raw(server, sent + b"\n" + b'{"id":"x","do":"status"}\n')
        assert greeting == {"tipring": "0.1.0", "protocol": 1}
        assert error in bad["error"] and "Traceback" not in bad["error"]
        assert good["id"] == "x" and "ok" in good

    with_server(tmp_path, story)


def test_a_bug_in_a_verb_is_logged_and_answered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(server: ControlServer) -> None:
        async with ControlClient(server.path) as core:
            with pytest.raises(ControlError, match="internal error"):
                await core.call("broken")
            assert await core.call("status")

    with_server(tmp_path, story)
    assert "a bug" in caplog.text


def test_a_line_without_end_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        answers = await raw(server, b"x" * (LIMIT_OCTETS + 70000))
        assert "more than 1048576 octets" in answers[-1]["error"]
        await until(lambda: not server.clients)

    with_server(tmp_path, story)


def test_half_a_line_then_goodbye(tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        assert len(await raw(server, b'{"id":1,"do":"sta')) == 1
        await until(lambda: not server.clients)

    with_server(tmp_path, story)


def test_events_reach_every_subscriber_in_order(tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        async with ControlClient(server.path) as one, ControlClient(server.path) as two:
            flows = [one.events(), two.events()]
            firsts = [asyncio.ensure_future(anext(f)) for f in flows]
            await until(lambda: sum(c.subscribed for c in server._clients) == 2)
            for n in range(5):
                server.publish("call.ended", {"n": n})
            for flow, first in zip(flows, firsts, strict=True):
                got = [await first] + [await anext(flow) for _ in range(4)]
                assert [e.data["n"] for e in got] == list(range(5))
                assert [e.seq for e in got] == list(range(1, 6))

    with_server(tmp_path, story)


def test_a_slow_reader_is_told_to_resync_and_core_keeps_nothing(tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        reader, writer = await asyncio.open_unix_connection(server.path)
        writer.write(b'{"id":1,"do":"subscribe"}\n')
        await reader.readline()
        assert json.loads(await reader.readline())["ok"] == {"seq": 0}
        for n in range(4000):
            server.publish("big", {"n": n, "fill": "x" * 1000})
            if n % 100 == 0:
                await asyncio.sleep(0)
        (client,) = server._clients
        assert len(client._events) <= QUEUE_EVENTS
        events = [json.loads(await reader.readline())]
        while events[-1]["seq"] < 4000:
            events.append(json.loads(await reader.readline()))
        assert "resync" in {e["event"] for e in events}
        seqs = [e["seq"] for e in events]
        assert seqs == sorted(seqs)
        writer.close()

    with_server(tmp_path, story)


def test_too_many_connections_are_told_so(tmp_path: Path) -> None:
    async def story(server: ControlServer) -> None:
        clients = [ControlClient(server.path) for _ in range(MAX_CLIENTS)]
        for client in clients:
            await client.connect()
        with pytest.raises(ControlError, match="too many connections"):
            await ControlClient(server.path).connect()
        for client in clients:
            await client.close()
        await until(lambda: not server.clients)
        async with ControlClient(server.path) as core:
            assert await core.call("status")

    with_server(tmp_path, story)


@pytest.mark.parametrize(("uid", "allowed"), [(os.getuid(), True), (0, True), (54321, False)])
def test_only_our_user_and_root_may_talk(
    uid: int, allowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_peer_uid", lambda _writer: uid)

    async def story(server: ControlServer) -> None:
        if allowed:
            async with ControlClient(server.path) as core:
                assert await core.call("status")
        else:
            with pytest.raises(ControlError, match="user 54321 may not talk"):
                await ControlClient(server.path).connect()

    with_server(tmp_path, story)


def test_the_web_user_may_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_peer_uid", lambda _writer: 54321)

    async def story(server: ControlServer) -> None:
        async with ControlClient(server.path) as core:
            assert await core.call("status")
            with pytest.raises(ControlError, match="refuse is not allowed to the web page"):
                await core.call("refuse")

    with_server(tmp_path, story, guests={54321})


def test_a_second_core_is_refused_and_a_dead_ones_socket_is_removed(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "core.sock"))
    dead.close()

    async def story(server: ControlServer) -> None:
        with pytest.raises(ControlError, match="another core answers"):
            await ControlServer(server.path, {}).start()
        assert await asyncio.to_thread(call_core, "status", path=server.path)

    with_server(tmp_path, story)


def test_core_away_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CoreAway, match="core is not running"):
        call_core("status", path=tmp_path / "core.sock")

    async def story(server: ControlServer) -> None:
        async with ControlClient(server.path) as core:
            flow = core.events()
            following = asyncio.ensure_future(anext(flow, None))
            await asyncio.sleep(0.02)
            await server.stop()
            assert await following is None
            with pytest.raises(CoreAway):
                await core.call("status")

    with_server(tmp_path, story)


def test_what_is_not_json_is_not_sent() -> None:
    for data in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(BadMessage):
            pack(data)


def test_the_folder_of_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIPRING_SOCKET", str(tmp_path / "a" / "own.sock"))
    assert run_folder() == tmp_path / "a"
    assert core_socket() == tmp_path / "a" / "own.sock"


def test_a_folder_in_tmp_must_be_ours_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "tipring-1"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert private_folder(folder).stat().st_mode & 0o777 == 0o700
    trap = tmp_path / "link"
    trap.symlink_to(folder)
    with pytest.raises(ControlError, match="belongs to somebody else"):
        private_folder(trap)
    with pytest.raises(ControlError, match="too long"):
        check_length(tmp_path / ("x" * 120))
