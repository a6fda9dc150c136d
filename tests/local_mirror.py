"""A local web server with the faults that publishers' servers have.

Every path has a list of answers, one a request; the last one is repeated. Nothing leaves 127.0.0.1.
"""

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

NAME = "hd_audio.tar.gz"
LIST = "md5sums.txt"

# closing the connection then resets it, as a failing network does
RESET = struct.pack("ii", 1, 0)

Answer = Callable[["Handler"], None]


class Request(NamedTuple):
    path: str
    range: str | None
    accept_encoding: str | None


class Handler(BaseHTTPRequestHandler):
    """Looks up the answer, and counts what is asked and sent."""

    protocol_version = "HTTP/1.1"
    server: "Mirror"

    def do_GET(self) -> None:
        names = ("Range", "Accept-Encoding")
        self.server.requests.append(Request(self.path, *(self.headers.get(n) for n in names)))
        self.close_connection = True
        answers = self.server.answers.get(self.path.lstrip("/"), [status(404)])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with suppress(ConnectionError):  # the client has had enough
            answer(self)

    def head(self, code: int, **headers: object) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def body(self, data: bytes) -> None:
        self.wfile.write(data)
        self.server.sent += len(data)

    def log_message(self, *_: object) -> None:
        pass


class Mirror(ThreadingHTTPServer):
    """A mirror with an archive and its list of checksums."""

    def __init__(self, content: bytes, *answers: Answer, md5sums: bytes | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/datasets/"
        self.requests: list[Request] = []
        self.sent = 0
        self.closing = threading.Event()
        self.answers = {
            f"datasets/{NAME}": list(answers) or [serve(content)],
            f"datasets/{LIST}": [serve(md5sums if md5sums is not None else md5_line(content))],
        }

    def shutdown_request(self, request: Any) -> None:
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(RESET)) == RESET:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def archive_requests(self) -> list[Request]:
        return [request for request in self.requests if not request.path.endswith(LIST)]


@contextmanager
def running(*mirrors: Mirror) -> Iterator[None]:
    threads = [threading.Thread(target=m.serve_forever, args=(0.01,)) for m in mirrors]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for mirror, thread in zip(mirrors, threads, strict=True):
            mirror.closing.set()
            mirror.shutdown()
            thread.join()
            mirror.server_close()


def md5_line(content: bytes, name: str = NAME) -> bytes:
    return f"{hashlib.md5(content).hexdigest()}  {name}\n".encode()


def serve(
    content: bytes,
    *,
    ranges: bool = True,
    cut_after: int | None = None,
    reset: bool = False,
    announced: int | str | None = None,
    encoding: str | None = None,
    pause: tuple[int, float] | None = None,
    stall_after: int | None = None,
    chunked: bool = False,
) -> Answer:
    """Give a file.

    Args:
        content: of the file.
        ranges: whether requests for a part are understood.
        cut_after: bytes after which the connection is closed.
        reset: whether the connection is reset instead.
        announced: the length in the header, if not the true one.
        encoding: what the content is said to be encoded with.
        pause: pieces of so many bytes with so many seconds between.
        stall_after: bytes after which nothing comes any more.
        chunked: tell no length, but send in chunks.
    """

    def answer(handler: Handler) -> None:
        start = 0
        asked = handler.headers.get("Range")
        headers: dict[str, object] = {}
        if ranges and asked:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                handler.head(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
                return
            headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        if encoding:
            headers["Content_Encoding"] = encoding
        if chunked:
            headers["Transfer_Encoding"] = "chunked"
        else:
            headers["Content_Length"] = announced or len(content) - start
        handler.head(206 if "Content_Range" in headers else 200, **headers)
        rest = content[start:]
        end = min(each for each in (cut_after, stall_after, len(rest)) if each is not None)
        step, seconds = pause or (end, 0.0)
        for begin in range(0, end, max(step, 1)):
            piece = rest[begin : min(begin + step, end)]
            handler.body(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            time.sleep(seconds)
        if stall_after is not None:
            handler.server.closing.wait(30)
        if chunked and end == len(rest):
            handler.wfile.write(b"0\r\n\r\n")
        if reset:
            time.sleep(0.05)  # a reset overtakes what is still on its way
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return answer


def status(code: int, **headers: object) -> Answer:
    """Give nothing but a status."""
    return lambda handler: handler.head(code, Content_Length=0, **headers)


def no_reply(handler: Handler) -> None:
    """Accept the connection, and close it."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def serve_part(content: bytes, span: str | None) -> Answer:
    """Give some bytes as a part of the file, and say which part it is, whatever was asked for."""
    headers: dict[str, object] = {} if span is None else {"Content_Range": span}

    def answer(handler: Handler) -> None:
        handler.head(206, Content_Length=len(content), **headers)
        handler.body(content)

    return answer
