"""A loopback HTTP server whose every answer a test decides: the far end of webhooks, chats and SMS."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, str]


class HttpServer:
    """`answer` says what is answered to a request; `asked` are those that came. A status of 0 ends the connection
    without an answer."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Answer] = lambda _asked: (200, "ok")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, body)
                server.asked.append(asked)
                status, text = server.answer(asked)
                if status:
                    said = text.encode()
                    self.send_response(status)
                    self.send_header("content-length", str(len(said)))
                    if status in (301, 302, 307):
                        self.send_header("location", text)
                    self.end_headers()
                    self.wfile.write(said)
                else:
                    self.close_connection = True

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Nothing: pytest shows what matters."""

        return Handler

    @contextmanager
    def serving(self) -> Iterator["HttpServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
