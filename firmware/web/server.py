"""The web process: `tipring-web --run DIR [--listen 127.0.0.1] [--port 8080] [--language es]`.

It talks to core only through its socket and holds no call, no database and no password. When
it dies or is flooded, no call notices. What it shows: `pages.py`; who may ask: `guard.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from aiohttp import web

from firmware.web.core_feed import CoreFeed
from firmware.web.guard import add_headers, loopback_only, own_names_only
from firmware.web.pages import Pages
from firmware.web.words import LANGUAGES

log = logging.getLogger(__name__)


def make_app(socket: Path, *, listen: str = "127.0.0.1", language: str = "es") -> web.Application:
    """The web application that follows the core on `socket`."""
    feed = CoreFeed(socket)
    pages = Pages(feed, language)
    app = web.Application(middlewares=[own_names_only(listen)], client_max_size=1024)
    app.add_routes(pages.routes())
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(pages.end_streams)

    async def follow_core(_app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(feed.run(), name="core-feed")
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    app.cleanup_ctx.append(follow_core)
    return app


async def serve(socket: Path, listen: str, port: int, language: str) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code; 1 when the port cannot be had."""
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    runner = web.AppRunner(make_app(socket, listen=listen, language=language), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, listen, port).start()
    except OSError as error:
        log.error("web: cannot listen on %s:%d: %s", listen, port, error.strerror or error)
        return 1
    else:
        if not loopback_only(listen):
            log.warning("web: the page has no log-in and is open to every machine that reaches %s:%d", listen, port)
        log.info("web: page on http://%s:%d/", listen, port)
        await over.wait()
        return 0
    finally:
        await runner.cleanup()


def main(argv: Sequence[str] | None = None) -> int:
    """Entry of the `tipring-web` script."""
    parser = argparse.ArgumentParser(prog="tipring-web", description="The status page of Tipring.")
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of core's socket")
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--language", choices=sorted(LANGUAGES), default="es")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s web %(levelname)s %(message)s")
    return asyncio.run(serve(args.run / "core.sock", args.listen, args.port, args.language))


if __name__ == "__main__":
    sys.exit(main())
