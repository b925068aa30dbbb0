"""A gateway of its own in a folder of its own, and a way to talk to it over many kept-alive connections at once:
whoever asks is a generator that yields requests and is sent the answers."""

import contextlib
import itertools
import json
import os
import pathlib
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time

TOKEN = "fake-partners-token"
START_S_MAX = 60
ANSWER_S_MAX = 60

SETTINGS = """
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[worker]
enabled = false
[log]
level = "error,sdp_gateway::app=info"
[ledger]
url = "{ledger}"
[catalog]
path = "{catalog}"
[[partner]]
name = "model"
token = "{token}"
"""

DATABASES = itertools.count(1)


@contextlib.contextmanager
def database(server):
    """A database of its own on a server, dropped at the end; its URL."""
    programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))
    psql = programs[-1] if programs else shutil.which("psql")
    name = f"model_{os.getpid()}_{next(DATABASES)}"

    def tell(sql):
        subprocess.run([psql, "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, server], check=True)

    tell(f"CREATE DATABASE {name}")
    try:
        yield re.sub(r"^(postgres(?:ql)?://[^/]*)/[^?]*", rf"\1/{name}", server)
    finally:
        tell(f"DROP DATABASE {name} WITH (FORCE)")


# A request's surface: which listener it goes to.
MAIN, ADMIN = "main", "admin"


class Gateway:
    """Started with `with`; stopped at its end, its folder removed."""

    def __init__(self, binary, catalog, postgres=None):
        self.binary = str(pathlib.Path(binary).resolve())
        self.catalog = catalog
        self.postgres = postgres

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="sdp-gateway-model-")
        folder = pathlib.Path(self._folder.name)
        catalog = folder / "catalog.toml"
        catalog.write_text(self.catalog)
        self._database = contextlib.ExitStack()
        ledger = f"sqlite://{folder}/gateway.db"
        if self.postgres:
            ledger = self._database.enter_context(database(self.postgres))
        settings = SETTINGS.format(ledger=ledger, catalog=catalog, token=TOKEN)
        (folder / "settings.toml").write_text(settings)
        self.log = folder / "log"
        command = [self.binary, "serve", "--config", "settings.toml"]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, cwd=folder, env={}, stderr=log)
        try:
            self.addresses = self._addresses()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._database.close()
        self._folder.cleanup()

    def _addresses(self):
        until = time.monotonic() + START_S_MAX
        while time.monotonic() < until and self.process.poll() is None:
            lines = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
            heard = [line for line in lines if "listening" in line and "address=" in line]
            if len(heard) == 2:
                return {self._surface(line): self._address(line) for line in heard}
            time.sleep(0.05)
        raise SystemExit("the gateway does not listen:\n" + self.log.read_text())

    @staticmethod
    def _surface(line):
        return line.split('surface="')[1].split('"')[0]

    @staticmethod
    def _address(line):
        host, port = line.split("address=")[1].strip().rsplit(":", 1)
        return host, int(port)

    def talk(self, asking, connections=48):
        """Runs generators, so many at a time, each on one connection to each listener. What is yielded is
        `(surface, bytes of a request)`; what comes back is `(status, bytes of the body)`."""
        Talk(self, iter(asking), connections).run()


def post(path, body):
    return MAIN, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def get(path, surface=MAIN):
    token = f"Authorization: Bearer {TOKEN}\r\n" if surface == MAIN else ""
    return surface, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n".encode()


def document(answer):
    """The JSON of an answer that must be good."""
    status, body = answer
    if status != 200:
        raise AssertionError(f"answered {status}: {body[:300]!r}")
    return json.loads(body)


class Connection:
    """One generator at a time, and its connections."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.sockets = {}
        self.asking = None
        self.waits_for = None
        self.heard = b""

    def socket(self, surface):
        if surface not in self.sockets:
            connected = socket.create_connection(self.gateway.addresses[surface], timeout=ANSWER_S_MAX)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets[surface] = connected
        return self.sockets[surface]

    def go_on(self, answer):
        """Hands over an answer and sends what is asked next; False when nothing is."""
        try:
            surface, request = self.asking.send(answer)
        except StopIteration:
            return False
        self.waits_for = self.socket(surface)
        self.waits_for.sendall(request)
        self.heard = b""
        return True

    def read(self):
        """The answer, once all of it is here."""
        piece = self.waits_for.recv(1 << 18)
        if not piece:
            raise AssertionError("the gateway closed a connection in the middle of an answer")
        self.heard = self.heard + piece if self.heard else piece
        head_end = self.heard.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        head = self.heard[:head_end].lower()
        at = head.find(b"content-length:")
        if at < 0:
            raise AssertionError(f"an answer without a length: {head!r}")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        body = self.heard[head_end + 4 :]
        return (int(head[9:12]), body) if len(body) >= length else None


class Talk:
    """The loop: whichever connection has heard something goes on."""

    def __init__(self, gateway, asking, connections):
        self.asking = asking
        self.selector = selectors.DefaultSelector()
        self.idle = [Connection(gateway) for _ in range(connections)]
        self.busy = 0

    def run(self):
        try:
            for connection in self.idle:
                self._begin(connection)
            while self.busy:
                ready = self.selector.select(timeout=ANSWER_S_MAX)
                if not ready:
                    raise AssertionError(f"no answer within {ANSWER_S_MAX} s")
                for key, _ in ready:
                    self._hear(key.data)
        finally:
            for connection in self.idle:
                for connected in connection.sockets.values():
                    connected.close()
            self.selector.close()

    def _begin(self, connection):
        for connection.asking in self.asking:
            if connection.go_on(None):
                self.busy += 1
                self.selector.register(connection.waits_for, selectors.EVENT_READ, connection)
                return

    def _hear(self, connection):
        before = connection.waits_for
        answer = connection.read()
        if answer is None:
            return
        if not connection.go_on(answer):
            self.selector.unregister(before)
            self.busy -= 1
            self._begin(connection)
        elif connection.waits_for is not before:
            self.selector.unregister(before)
            self.selector.register(connection.waits_for, selectors.EVENT_READ, connection)
