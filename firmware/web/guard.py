"""What stands before every answer: security headers, and who may ask.

No inline script or style exists, so the content security policy forbids both. On loopback only
the machine's own names are answered: a foreign site could otherwise point its name at 127.0.0.1
and read the page through a visitor's browser (DNS rebinding).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Server": "tipring",
}
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "ip6-localhost"})


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler (`on_response_prepare`): also streams and errors get the headers."""
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")


def loopback_only(listen: str) -> bool:
    """True when `listen` is reachable from this machine alone."""
    return listen.startswith("127.") or listen in {"::1", "localhost"}


def host_name(request: web.Request) -> str:
    """The Host header without its port."""
    host = request.headers.get("Host", "").lower()
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.split(":")[0]


def own_names_only(listen: str) -> Middleware:
    """Middleware: on loopback, refuse every other Host (421 Misdirected Request, RFC 9110 section 15.5.20)."""
    guarded = loopback_only(listen)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if guarded and host_name(request) not in LOOPBACK_NAMES | {listen}:
            raise web.HTTPMisdirectedRequest(text="This page answers only on localhost.\n")
        return await handler(request)

    return guard
