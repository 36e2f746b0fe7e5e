"""Serving the fake Zalo from a thread, for tests and tools.

Zalo's headers ``access_token`` and ``secret_key`` have underscores. Werkzeug's own
server drops such headers (behind a proxy they could be forged); this one keeps them.
Granian, which serves the product, keeps them by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


class ZaloRequestHandler(WSGIRequestHandler):
    """Keeps header names with underscores, and prints nothing."""

    def make_environ(self) -> WSGIEnvironment:
        """The WSGI environment with the underscored headers added."""
        environ = super().make_environ()
        for name, value in self.headers.items():
            if "_" in name:
                environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ

    def log(self, type: str, message: str, *args: Any) -> None:
        """The call log of the fake Zalo says more than an access log."""


# How soon the server notices that it is to stop; its own half a second would be most of
# what a short test takes.
STOP_POLL_SECONDS = 0.02


@contextmanager
def served(app: WSGIApplication, port: int = 0) -> Iterator[str]:
    """Serve on loopback while the block runs; yields the address."""
    server = make_server(
        "127.0.0.1", port, app, threaded=True, request_handler=ZaloRequestHandler
    )
    thread = threading.Thread(
        target=server.serve_forever, args=[STOP_POLL_SECONDS], name="fake-zalo-http"
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
