"""Holds every operation of the OpenAPI document to a running gateway with schemathesis: no 5xx, no answer that the
document does not have, nothing taken that it forbids. `run.py GATEWAY SCHEMATHESIS`, both binaries; about a minute."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
DOCUMENT = HERE.parent.parent / "src" / "openapi.json"
SECONDS_MAX = 300

TOKENS = {"partner": "fake-partners-token", "operator": "fake-operators-token"}
APP = {"ACTIVATION_KEY": "fake-key", "ACTIVATION_SECRET": "fake-partners-secret"}

# Guesses are not limited here, or most answers would be 429. Without a worker tasks stay what they are.
SHOP = HERE.parent.parent / "config" / "example-shop.toml"

SETTINGS = f"""
[catalog]
path = "{SHOP}"
[payments.sdp]
[server]
listen = "127.0.0.1:0"
[admin]
listen = "127.0.0.1:0"
token = "{TOKENS['operator']}"
[worker]
enabled = false
[flussonic]
token_secret = "no secret, for this run alone"
[limits]
bad_signature_per_second = 0
bad_code_per_minute = 0
[[partner]]
name = "app"
token = "{TOKENS['partner']}"
key = "{APP['ACTIVATION_KEY']}"
secrets = ["{APP['ACTIVATION_SECRET']}"]
"""

# The runs: which operations, on which listener, with whose token, how many examples of each, the fewest cases that
# they come to, and how. A refusal of an app is HTTP 200, which hooks.py looks at; a streamer is refused for a token.
RUNS = [
    (["partner"], "main", "partner", 8, 200, ["--phases", "examples,coverage,fuzzing,stateful"]),
    (["operator", "health"], "admin", "operator", 8, 200, ["--phases", "examples,coverage,fuzzing"]),
    # As for apps: what they are refused is looked at by hooks.py.
    (
        ["vas"],
        "main",
        None,
        8,
        1000,
        ["--phases", "examples,coverage,fuzzing", "--exclude-checks", "negative_data_rejection,positive_data_acceptance"],
    ),
    (
        ["app", "streamer"],
        "main",
        None,
        8,
        300,
        [
            "--phases",
            "examples,coverage,fuzzing",
            "--exclude-checks",
            "negative_data_rejection,positive_data_acceptance",
        ],
    ),
]


def start(gateway, folder):
    """The gateway and where it listens, by surface."""
    (folder / "settings.toml").write_text(SETTINGS)
    log = open(folder / "log", "w")
    command = [gateway, "serve", "--config", "settings.toml"]
    process = subprocess.Popen(command, cwd=folder, env={}, stderr=log)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        lines = (folder / "log").read_text().splitlines()
        heard = [line for line in lines if "listening" in line and "address=" in line]
        if len(heard) == 2:
            surface = lambda line: line.split('surface="')[1].split('"')[0]
            return process, {surface(line): "http://" + line.split("address=")[1].strip() for line in heard}
        time.sleep(0.05)
    sys.exit("the gateway does not listen:\n" + (folder / "log").read_text())


def send(method, url, body, token=None):
    headers = {"Authorization": f"Bearer {TOKENS[token]}"} if token else {}
    request = urllib.request.Request(url, body.encode() if body else None, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode()


def fill(listeners):
    """Rows for the operators' calls to find: notices of several outcomes, and tasks of the devices that they reach."""
    main = listeners["main"]
    for nth in range(1, 13):
        number = f"8494500{nth:04}"
        send("PUT", f"{main}/v1/subscribers/{number}/devices/cam-{nth}", '{"user_account": "ann@sdp.example"}', "partner")
        package = "1003013" if nth % 3 else "999"
        fields = f"queueID={nth}&msisdn={number}&regType=1&service_id=1000625&package_id={package}&autoRenew=1"
        failed = "&resultCode=5" if nth % 4 == 0 else ""
        send("POST", f"{main}/vascloud/v1/notify_reg", fields + failed)
    tasks = json.loads(send("GET", f"{listeners['admin']}/api/v1/tasks", None, "operator"))["tasks"]
    assert tasks, "there are no tasks to look at"


def run(schemathesis, listeners, folder, index):
    """One run, which must be whole; how many operations it tried."""
    tags, listener, token, examples, fewest, options = RUNS[index]
    report = folder / f"report-{index}.json"
    command = [schemathesis, "run", str(DOCUMENT), "--url", listeners[listener], "-n", str(examples), "--seed", "1"]
    command += [part for tag in tags for part in ("--include-tag", tag)] + options
    command += ["--continue-on-failure", "--generation-database", "none", "--no-color"]
    command += ["--report", "json", "--report-json-path", str(report)]
    if token:
        command += ["-H", f"Authorization: Bearer {TOKENS[token]}"]
    hooks = {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **hooks, **APP}
    ended = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, timeout=SECONDS_MAX)
    print(ended.stdout if ended.returncode else ended.stdout[ended.stdout.rfind("Test cases:") :], ended.stderr)
    told = json.loads(report.read_text())
    cases, operations = told["test_cases"], told["operations"]
    assert ended.returncode == 0 and told["complete"], f"{tags}: not as the document says"
    assert operations["tested"] == operations["selected"] > 0, f"{tags}: {operations}"
    assert cases["generated"] >= fewest and cases["errored"] == 0, f"{tags}: {cases}"
    return operations["selected"]


def main(gateway, schemathesis):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        process, listeners = start(gateway, folder)
        try:
            fill(listeners)
            tried = sum(run(schemathesis, listeners, folder, index) for index in range(len(RUNS)))
            paths = json.loads(DOCUMENT.read_text())["paths"].values()
            methods = sum(len(path.keys() & {"get", "put", "post", "delete"}) for path in paths)
            assert tried == methods, f"{tried} of {methods} operations were tried"
            metrics = send("GET", f"{listeners['admin']}/metrics", None, "operator")
            for method in ("queryPackgeList", "createOrder", "receiveCoupons", "queryOwnedCouponList"):
                done = f'sdp_gateway_vas_requests_total{{method="{method}",code="0"}} 0'
                assert done not in metrics, f"no {method} was answered"
            for call in ("usage_record", "effect"):
                done = f'sdp_gateway_activation_requests_total{{call="{call}",code="1001"}}'
                assert done in metrics, f"no {call} was answered: it is signed wrongly here"
            assert process.poll() is None, "the gateway has ended"
            log = (folder / "log").read_text()
            assert "panicked" not in log and " ERROR " not in log, log
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main(*map(os.path.abspath, sys.argv[1:3]))
