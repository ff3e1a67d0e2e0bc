"""The web pages of a worker: /metrics, /health/live and /health/ready, as a service that Faust starts and stops.

Faust's own web server is not used: asked for a free port it cannot tell which one it got, it answers a taken port
with a bare stack trace, and it serves pages about tables and routes that do not exist here. This one takes its place
through Faust's own hook for that (`app.web_server`).
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from mode import Service
from prometheus_client.exposition import choose_encoder

from newsdesk.ops.logs import HOST, fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from newsdesk.ops.health import Health

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0
"""A scraper that does not finish reading holds up the end for no longer than this."""


class WebError(RuntimeError):
    """The pages cannot be served: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. {remedy}")
        self.problem = problem
        self.remedy = remedy


class Pages(Service):
    """Serves the three pages on *host*:*port*; port 0 takes a free one, which the log names."""

    logger = logging.getLogger(HOST)

    def __init__(
        self,
        *,
        host: str,
        port: int,
        registry: CollectorRegistry,
        live: Callable[[], Health],
        ready: Callable[[], Health],
        **service: Any,
    ) -> None:
        super().__init__(**service)
        self._host = host
        self._port = port
        self._registry = registry
        self._live = live
        self._ready = ready
        self._runner: web.AppRunner | None = None

    async def on_start(self) -> None:
        """Listen, so that a worker that waits for its broker can be asked what it is waiting for.

        Raises:
            WebError: The address cannot be had.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/health/live", self._health_live)
        app.router.add_get("/health/ready", self._health_ready)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            raise WebError(
                f"cannot listen on {self._host}:{self._port}: {error.strerror or error}",
                "Choose an address of this machine with NEWSDESK_WEB_HOST."
                if error.errno == errno.EADDRNOTAVAIL
                else "Choose another port with NEWSDESK_WEB_PORT (0 takes a free one).",
            ) from error
        self._runner = runner
        host, port = runner.addresses[0][:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        log.info("listening on %s (/metrics, /health/live, /health/ready)", url, extra=fields(url=url))

    async def on_stop(self) -> None:
        """Stop listening, after everything that was asked is answered."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _health_live(self, _request: web.Request) -> web.Response:
        return _answer(self._live())

    async def _health_ready(self, _request: web.Request) -> web.Response:
        return _answer(self._ready())


def _answer(health: Health) -> web.Response:
    return web.Response(
        status=200 if health.ok else 503,
        body=orjson.dumps(health.body) + b"\n",
        content_type="application/json",
    )
