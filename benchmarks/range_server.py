"""A folder over HTTP on this machine, with ranges, counting what it sends."""

import os
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        self.server.requests.append(self.command)
        if self.server.disturb(self):
            return
        path = self.translate_path(self.path)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        size = os.path.getsize(path)
        begin, end, status = 0, size, 200
        wanted = re.fullmatch(
            r'bytes=(\d+)-(\d*)', self.headers['Range'] or ''
        )
        if wanted:
            begin, status = int(wanted[1]), 206
            if begin >= size:
                self.send_error(416)
                return
            end = min(int(wanted[2] or size) + 1, size)
        self.send_response(status)
        self.send_header('Accept-Ranges', 'bytes')
        self.send_header('Content-Length', str(end - begin))
        self.send_header('Content-Range', f'bytes {begin}-{end - 1}/{size}')
        self.end_headers()
        if body:
            with open(path, 'rb') as file:
                file.seek(begin)
                self.wfile.write(file.read(end - begin))
            self.server.sent += end - begin

    def log_message(self, *args) -> None:
        pass


class RangeServer(ThreadingHTTPServer):
    """Serves a folder. A context manager.

    Attributes:
        url (str): Its address.
        requests (list[str]): The methods of the requests so far.
        sent (int): Bytes of files that went out.
        disturb (Callable): Given the handler of a request; answers it in
            another way and gives True, or False.
    """

    daemon_threads = True

    def __init__(self, folder) -> None:
        super().__init__(
            ('127.0.0.1', 0), partial(_Handler, directory=str(folder))
        )
        self.url = f'http://127.0.0.1:{self.server_port}'
        self.requests: list[str] = []
        self.sent = 0
        self.disturb = lambda handler: False

    def __enter__(self):
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc) -> None:
        self.shutdown()
        self.server_close()
