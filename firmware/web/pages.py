"""The page and its live updates.

`/` is complete HTML and needs no script. `/events` sends the sections that changed as
server-sent events (WHATWG HTML, section 9.2), rendered by the same templates.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from firmware.web.core_feed import CoreFeed, Snapshot
from firmware.web.view import page_data
from firmware.web.words import LANGUAGES, Words, choose_language, read_catalogue

HERE = Path(__file__).parent
SECTIONS = ("summary", "notices", "lines", "calls", "phones", "records")
MAX_VIEWERS = 50
HEARTBEAT_S = 15.0
COOKIE = "lang"
_STATIC_TYPES = {"tipring.css": "text/css", "tipring.js": "text/javascript"}


class Pages:
    """Handlers of the status page. language: what a browser gets that asks for none we have."""

    def __init__(self, feed: CoreFeed, language: str) -> None:
        self.feed = feed
        self.language = language
        catalogue = read_catalogue()
        self.words = {lang: Words(lang, catalogue) for lang in LANGUAGES}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._static = {name: (HERE / "static" / name).read_text(encoding="utf-8") for name in _STATIC_TYPES}
        self._mark = self._templates.get_template("mark.html").render()
        self._rendered: dict[str, tuple[Snapshot | None, dict[str, str]]] = {}
        self._streams: set[asyncio.Task[Any]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Everything the page answers."""
        return [
            web.get("/", self.page),
            web.get("/events", self.events),
            web.get("/mark.svg", self.mark),
            web.get("/static/{name}", self.static),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The whole page; 503 while core is away, so that a monitor sees it too."""
        snapshot = await self.feed.fresh()
        lang = self._language(request)
        template = self._templates.get_template("page.html")
        text = template.render(
            w=self.words[lang],
            lang=lang,
            languages=LANGUAGES,
            sections=self.sections(snapshot, lang),
            away=snapshot is None,
            status=snapshot.status if snapshot else None,
        )
        answer = web.Response(text=text, content_type="text/html", status=200 if snapshot else 503)
        answer.headers["Vary"] = "Accept-Language, Cookie"
        if request.query.get("lang") in LANGUAGES:
            answer.set_cookie(COOKIE, lang, max_age=31_536_000, httponly=True, samesite="Lax")
        return answer

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Changed sections as they change; a comment every 15 s finds out who left."""
        lang = self._language(request)
        if self.feed.viewers >= MAX_VIEWERS:
            return web.Response(status=503, text=self.words[lang]("error.crowded"))
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await stream.prepare(request)
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            await self._stream(stream, lang)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the browser left, or the server ends: either way the stream is over
        finally:
            self._streams.discard(task)
        return stream

    async def _stream(self, stream: web.StreamResponse, lang: str) -> None:
        sent: dict[str, str] = {}
        with self.feed.watch() as changed:
            while True:
                sections = self.sections(self.feed.snapshot, lang)
                new = {name: html for name, html in sections.items() if sent.get(name) != html}
                if new:
                    await stream.write(f"event: sections\ndata: {json.dumps(new)}\n\n".encode())
                    sent = sections
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await changed.wait()
                except TimeoutError:
                    await stream.write(b": still here\n\n")
                changed.clear()

    async def end_streams(self, _app: web.Application) -> None:
        """Signal handler (`on_shutdown`): an open stream must not hold up the end."""
        for task in self._streams:
            task.cancel()

    async def static(self, request: web.Request) -> web.Response:
        """Style and script, from memory."""
        name = request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound(text=self.words[self._language(request)]("error.not_found"))
        headers = {"Cache-Control": "no-cache"}
        return web.Response(text=self._static[name], content_type=_STATIC_TYPES[name], headers=headers)

    async def mark(self, _request: web.Request) -> web.Response:
        """The mark, as the browser's icon."""
        headers = {"Cache-Control": "max-age=86400"}
        return web.Response(text=self._mark, content_type="image/svg+xml", headers=headers)

    def sections(self, snapshot: Snapshot | None, lang: str) -> dict[str, str]:
        """Section name -> its HTML; rendered once per snapshot and language, however many watch."""
        cached = self._rendered.get(lang)
        if cached is not None and cached[0] is snapshot:
            return cached[1]
        words = self.words[lang]
        if snapshot is None:
            away = self._templates.get_template("away.html").render(w=words)
            made = dict.fromkeys(SECTIONS, "") | {"notices": away}
        else:
            data = page_data(snapshot, words, datetime.now(UTC).astimezone())
            made = {name: self._templates.get_template(f"{name}.html").render(w=words, **data) for name in SECTIONS}
        self._rendered[lang] = (snapshot, made)
        return made

    def _language(self, request: web.Request) -> str:
        return choose_language(
            request.query.get("lang"),
            request.cookies.get(COOKIE),
            request.headers.get("Accept-Language", ""),
            self.language,
        )
