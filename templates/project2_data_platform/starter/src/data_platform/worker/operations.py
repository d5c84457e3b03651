"""/healthz, /readyz and /metrics for processes that serve no web pages: a small HTTP server in a thread."""

import json
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from data_platform.observability.operations import Answer, answer
from data_platform.observability.request_id import HEADER
from data_platform.observability.requests import observe_request
from data_platform.problems import MEDIA_TYPE, problem

_log = logging.getLogger(__name__)


class OperationsServer(ThreadingHTTPServer):
    """Answers for the process named."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], process: str) -> None:
        super().__init__(address, _Handler)
        self.process = process


class _Handler(BaseHTTPRequestHandler):
    server: OperationsServer
    timeout = 5  # a client that connects and says nothing must not keep a thread

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with observe_request("GET", self.headers.get(HEADER)) as observation:
            found = answer(path, self.server.process)
            if found is not None:
                observation.route = path
            else:
                body = json.dumps(problem(404, "There is nothing at this path."))
                found = Answer(404, MEDIA_TYPE, body.encode())
            observation.status = found.status
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(found.body)))
            self.send_header(HEADER, observation.request_id)
            self.end_headers()
            self.wfile.write(found.body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing: the request has its line already."""


def serve_operations(process: str, port: int | None) -> OperationsServer | None:
    """Serve in the background until the process ends; without a port, don't. Raises OSError if the port is taken."""
    if port is None:
        return None
    server = OperationsServer(("0.0.0.0", port), process)  # noqa: S104  (in a container the outside is the only way in)
    Thread(target=server.serve_forever, name="operations", daemon=True).start()
    _log.info("serving health and metrics on port %d", server.server_port)
    return server
