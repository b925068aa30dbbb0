"""What schemathesis does not know of the gateway: which rows there are, how apps sign, and what a refusal of their
surfaces looks like, which is HTTP 200. Loaded by SCHEMATHESIS_HOOKS."""

import base64
import hashlib
import hmac
import json
import os
import re
import time
import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
import schemathesis

ACTIVATION, CAMERAS = "/v3/third/sdk/", "/vas/v1/"
KEY, SECRET = os.environ["ACTIVATION_KEY"], os.environ["ACTIVATION_SECRET"]

# A time and a nonce that were made up would be stale, or used before.
OURS = {"partnerKey", "signature", "timestamp", "signatureNonce"}

# Rows that the run has made beforehand: their numbers begin with 1.
ROWS = 12


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Half of all ids are those of rows that are there."""
    number = (path_parameters or {}).get("id")
    if isinstance(number, int) and number % 2:
        path_parameters["id"] = number % ROWS + 1
    return path_parameters


@schemathesis.hook
def before_call(context, case, kwargs):
    """Of grants that the document allows: an offer that is in the catalog, until a time that is ahead."""
    body = case.body
    if isinstance(body, dict) and case.path.endswith("/grant"):
        offer, until = body.get("offer"), body.get("until")
        if isinstance(offer, str) and re.fullmatch("[a-z0-9-]{1,64}", offer):
            body["offer"] = "lovetv-day"
        if isinstance(until, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", until):
            body["until"] = "2099-01-01T00:00:00Z"


def signature(pairs):
    """Over what is sent, as it is sent: none of what is absent, anything that is no text as compact JSON."""
    spelled = [
        (name, value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False))
        for name, value in pairs
        if value is not None
    ]
    text = "&".join(f"{name}={value}" for name, value in sorted(spelled, key=lambda pair: pair[0]))
    return base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()).decode()


class Partner(requests.auth.AuthBase):
    """Signs what is asked of the surfaces of apps as it goes out, whatever it is."""

    def __call__(self, request):
        place = urlsplit(request.url)
        if not place.path.startswith((ACTIVATION, CAMERAS)):
            return request
        query = parse_qsl(place.query, keep_blank_values=True)
        if request.method == "GET" and place.path.startswith(ACTIVATION):
            query = [pair for pair in query if pair[0] not in OURS] + [("partnerKey", KEY)]
            query.append(("signature", signature(query)))
            request.url = urlunsplit(place._replace(query=urlencode(query)))
            return request
        try:
            return self.with_body(request, query if place.path.startswith(ACTIVATION) else [])
        except (UnicodeError, ValueError, AttributeError):
            # No body that anybody could sign: it goes out as it is.
            return request

    def with_body(self, request, query):
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        if "json" in request.headers.get("Content-Type", ""):
            sent = {name: value for name, value in json.loads(body).items() if name not in OURS}
            sent["partnerKey"] = KEY
            if CAMERAS in request.url:
                sent |= {"timestamp": time.time_ns() // 1_000_000, "signatureNonce": str(uuid.uuid4())}
            sent["signature"] = signature(query + list(sent.items()))
            body = json.dumps(sent)
        else:
            sent = [pair for pair in parse_qsl(body, keep_blank_values=True) if pair[0] not in OURS]
            sent.append(("partnerKey", KEY))
            sent.append(("signature", signature(query + sent)))
            body = urlencode(sent)
        request.prepare_body(body.encode(), None)
        return request


schemathesis.auth.set_from_requests(Partner())


@schemathesis.check
def refusals_are_told(ctx, response, case):
    """An app is refused by a code of its own: never as wrongly signed where it signed and asked rightly, and
    never done where it asked wrongly. A number in JSON counts as it is spelled, which is forgiven."""
    if not case.path.startswith(ACTIVATION) or response.status_code != 200:
        return
    code, generation = response.json()["resultCode"], case.meta and case.meta.generation
    if generation and generation.mode.is_positive:
        assert code != "1023", "a request that was signed rightly is refused as wrongly signed"
    texts = not isinstance(case.body, dict) or all(isinstance(value, str) for value in case.body.values())
    if generation and generation.mode.is_negative and texts:
        assert code != "1001", "a request that the document forbids was carried out"


@schemathesis.check
def refusals_of_camera_apps_are_told(ctx, response, case):
    """The same of the camera apps' surface, where anything may be sent as text, and what holds an `&` can be read in two
    ways. Which parameter is wrong is named."""
    if not case.path.startswith(CAMERAS) or response.status_code != 200:
        return
    told, generation = response.json(), case.meta and case.meta.generation
    assert (told["data"] is None) == (told["code"] != 0), told
    if generation and generation.mode.is_positive:
        assert told["code"] not in (10002, 10003, 10005), "a request that was signed rightly is not heard"
        if isinstance(case.body, dict):
            # What the document does not say of zones and of names: they are neither made up nor hold an `=`.
            spared = "two ways" in told["msg"] or told["msg"].startswith("timezone")
            assert told["code"] != 10001 or spared, f"a request that the document allows is refused: {told['msg']}"
    # What is ours is sent rightly whatever the case holds; an empty account is none, which some calls do without.
    fits = lambda name: isinstance(case.body.get(name), str) and 0 < len(case.body[name].strip()) <= 128
    texts = isinstance(case.body, dict) and all(isinstance(value, str) for value in case.body.values())
    texts = texts and all(fits(name) for name in OURS) and case.body.get("userAccount") != ""
    if generation and generation.mode.is_negative and texts:
        assert told["code"] != 0, "a request that the document forbids was carried out"
    if told["code"] == 10001 and isinstance(case.body, dict) and "two ways" not in told["msg"]:
        names = ("userAccount", "deviceId", "packageNo", "couponCode", "couponIds", "orderId", "orderStatus", "lastId")
        names += ("payType", "timezone", "countryCode", "serviceType", "serviceId", "voucherCode", "The body")
        assert told["msg"].startswith(names), told["msg"]
