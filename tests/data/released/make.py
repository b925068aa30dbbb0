#!/usr/bin/env python3
"""Makes the released ledger: posts a few lives to a released gateway, and writes the rows of its SQLite ledger.

    make.py BINARY            writes ledger.jsonl (a row a line) and held.json (what each number held) beside it

BINARY must have schema 6, the last one in which a queueID alone was an identity and ruled the order.
"""

import json
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
NUMBER = "849000000{:02}"
SETTINGS = """
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
[catalog]
path = "{catalog}"
[carrier]
renewal_grace_days = 3650
[[partner]]
name = "app"
token = "obviously-not-secret"
key = "pk-test"
secrets = ["obviously-not-secret"]
"""


def xml(fields):
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return ("<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE>"
            f"<COMMAND>{inside}</COMMAND></ACCESSGW>")


def register(number, queue, at, package="11", **more):
    service = "200" if package == "21" else "100"
    fields = {"queueID": queue, "msisdn": number, "regType": "1", "service_id": service, "package_id": package,
              "regID": f"R{number[-2:]}", "startTime": at, "subcribeTime": at, "resultCode": "0", "autoRenew": "1",
              "price": "3000", "channel": "SMS"}
    return {name: value for name, value in {**fields, **more}.items() if value is not None}


def cancel(number, queue, at, package="11", **more):
    fields = {"queueID": queue, "msisdn": number, "regType": "2", "service_id": "100", "package_id": package,
              "regID": f"R{number[-2:]}", "startTime": at, "updateTime": at, "resultCode": "0", "channel": "SMS"}
    return {name: value for name, value in {**fields, **more}.items() if value is not None}


def lives():
    """What is posted, in its order. The test tells what must come of each."""
    n = NUMBER.format
    # The notifier counts from 1 again: one queueID for two numbers. And a third, which an operator laid aside.
    yield register(n(1), "101", "20261001080000", "13", expiredTime="20261101080000")
    yield register(n(2), "101", "20261120080000", "13", expiredTime="20261220080000")
    yield register(n(16), "101", "20261121080000", "13")
    # One queueID for a register and its cancel.
    yield register(n(3), "201", "20261101080000", "13")
    yield cancel(n(3), "201", "20261105080000", "13")
    # A STOP whose queueID is low.
    yield register(n(4), "5000", "20261001080000", "13")
    yield cancel(n(4), "12", "20261110080000", "13")
    # An old row that support has pushed again, after the cancel.
    yield register(n(5), "300", "20261001080000", expiredTime="20261002080000")
    yield cancel(n(5), "310", "20261005080000")
    yield register(n(5), "320", "20261001080000", expiredTime="20261002080000", startTime="20261020080000")
    # Times that cannot be meant: 13 digits, before the start, in 2099, a start next year.
    yield register(n(6), "400", "20261101080000", "13", expiredTime="1796083200000")
    yield register(n(7), "401", "20261101080000", "13", expiredTime="20261001080000")
    yield register(n(8), "402", "20261101080000", "12", expiredTime="20991231235959")
    yield register(n(9), "403", "20270601080000", "13", startTime="20261102080000")
    # A caller without a queue.
    yield register(n(10), "0", "20261103080000", "13")
    yield register(n(11), "0", "20261104080000", "13")
    # Bytes that are purged below: as they should be; an end before the start; a start next year.
    yield register(n(12), "500", "20261105080000", "12")
    yield register(n(13), "501", "20261106080000", "13", expiredTime="20261001080000")
    yield register(n(19), "502", "20270601080000", "13", startTime="20261107080000")
    # Parked as unmapped, and laid aside.
    yield register(n(14), "600", "20261108080000", "99")
    yield register(n(15), "601", "20261109080000", "98")
    # A number that was kept as it was spelled, and its usual spelling.
    yield register(n(17), "700", "20261010080000", "21")
    yield register("00" + n(17), "701", "20261110080000", "13")
    # A subscriber who has been there for long.
    for day in range(40):
        at = f"2026{10 + day // 30:02}{1 + day % 30:02}080000"
        yield register(n(18), str(800 + day), at)
    # A conflict that stays one: its queueID's notice said another price.
    yield register(n(20), "900", "20261111080000", "13")
    yield register(n(20), "900", "20261111080000", "13", price="9000")


class Released:
    def __init__(self, binary, folder):
        settings = folder / "settings.toml"
        settings.write_text(SETTINGS.format(catalog=HERE / "catalog.toml"))
        self.binary, self.folder, self.at = binary, folder, {}
        self.environment = {"SDP_GATEWAY_CONFIG": str(settings)}
        self.process = subprocess.Popen([binary, "serve"], cwd=folder, env=self.environment,
                                        stderr=subprocess.PIPE, text=True)
        while "admin" not in self.at:
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit(f"{binary} ended before it listened")
            if found := re.search(r'surface="(\w+)" address=(\S+)', line):
                self.at[found[1]] = found[2]

    def call(self, surface, path, body=None, **headers):
        request = urllib.request.Request(f"http://{self.at[surface]}{path}", headers=headers,
                                         data=None if body is None else body.encode())
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def put(self, path, body):
        request = urllib.request.Request(f"http://{self.at['main']}{path}", method="PUT", data=json.dumps(body).encode(),
                                         headers={"Authorization": "Bearer obviously-not-secret",
                                                  "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def run(self, *arguments):
        return subprocess.run([self.binary, *arguments], cwd=self.folder, env=self.environment, check=True)

    def held(self, number):
        story = json.loads(self.call("admin", f"/api/v1/subscribers/{number}"))
        words = ("service_id", "package_id", "state", "subscribed_at", "expires_at")
        subscriptions = [{word: s[word] for word in words} for s in story["subscriptions"]]
        return {"subscriptions": subscriptions, "entitlements": [e["id"] for e in story["entitlements"]]}


def rows(path):
    database = sqlite3.connect(path)
    database.row_factory = sqlite3.Row
    found = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'")
    own = {"probe", "writer", "gateway", "sqlite_sequence"}
    for table in sorted(name for (name,) in found.fetchall() if name not in own):
        for row in database.execute(f"SELECT * FROM {table} ORDER BY 1, 2"):
            cells = {key: row[key] for key in row.keys() if row[key] is not None}
            if table == "notice_raw":
                cells["body"] = cells["body"].decode()
            yield {"table": table, "row": cells}


def main(binary):
    numbers = [NUMBER.format(at) for at in range(1, 21)]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        gateway = Released(binary, folder)
        for at in (1, 2, 4):
            gateway.put(f"/v1/subscribers/{NUMBER.format(at)}/devices/cam-{at}", {"user_account": f"user-{at}"})
        gateway.put(f"/v1/subscribers/00{NUMBER.format(17)}/devices/cam-17", {"user_account": "user-17"})
        for fields in lives():
            gateway.call("main", "/vascloud/v1/notify_reg", xml(fields), **{"Content-Type": "text/xml"})
        for at in (15, 16):
            found = json.loads(gateway.call("admin", f"/api/v1/notices?msisdn={NUMBER.format(at)}"))
            gateway.run("notices", "discard", str(found["notices"][0]["id"]))
        held = {number: gateway.held(number) for number in [*numbers, "00" + NUMBER.format(17)]}
        gateway.process.terminate()
        gateway.process.wait()
        ledger = folder / "data/gateway.db"
        with sqlite3.connect(ledger) as database:
            purged = [NUMBER.format(at) for at in (12, 13, 19)]
            database.execute("DELETE FROM notice_raw WHERE notice_id IN (SELECT id FROM notice WHERE msisdn IN (?,?,?))",
                             purged)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows(ledger)]
        (HERE / "ledger.jsonl").write_text("\n".join(lines) + "\n")
        (HERE / "held.json").write_text(json.dumps(held, indent=1) + "\n")


main(*sys.argv[1:])
