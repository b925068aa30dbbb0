"""The stories of a folder of cases, told to a gateway: what it has afterwards is printed, and held to the model and,
where a case says what must come out, to that."""

import datetime
import re
import tomllib

import model
import words
from answers import ENTITLEMENT, SUBSCRIPTION, now, odd, shown, sort, told
from gateway import ADMIN, document, get, post

NOTIFY = "/vascloud/v1/notify_reg"
REUSED = "sdp_gateway_queue_id_reused_total"
TIME = re.compile(r"<(startTime|startTimeCP|subcribeTime|expiredTime|updateTime)>(\d+)</")
FAULTS_SHOWN_MAX = 12
# Of cases that say nothing themselves: the day that their README names.
AS_OF = datetime.datetime(2026, 11, 28, 12, tzinfo=words.HANOI)
AS_OF_OTHERS = {"start-ahead-of-clock": datetime.datetime(2017, 4, 21, 9, 9, 10, tzinfo=words.HANOI)}


def catalog(text):
    """The model's catalog of one in TOML."""
    return model.Catalog([offer(table) for table in tomllib.loads(text)["offer"]])


def offer(table):
    keys = ("kind", "storage", "retention_days")
    grants = [[grant.get(key) for key in keys] + [grant.get("devices_max", 1)] for grant in table["grant"]]
    return model.Offer(
        table["id"],
        table["service_id"],
        table["package_id"],
        table.get("service_code"),
        table.get("package_code"),
        table.get("exclusive", False),
        table["period"],
        tuple(model.Grant(*grant) for grant in grants),
        table.get("renewal_grace_days", model.GRACE_DAYS),
    )


class Case:
    """A folder."""

    def __init__(self, folder):
        self.name = folder.name
        said = folder / "case.toml"
        self.said = tomllib.loads(said.read_text()) if said.exists() else {}
        self.requests = [path.read_text() for path in sorted(folder.glob("request-*.xml"))]
        as_of = self.said.get("now") or AS_OF_OTHERS.get(self.name, AS_OF)
        self.by = (now() - int(as_of.timestamp() * 1000)) // 1000 * 1000
        self.faults = []

    def moved(self, text):
        """A message with its times moved to now; what is no time stays."""

        def move(found):
            name, digits = found[1], found[2]
            at = words.read_time(digits, or_epoch=name.startswith("startTime"))
            if at is None:
                return found[0]
            return f"<{name}>{at + self.by if len(digits) == 13 else words.spell_time(at + self.by)}</"

        return TIME.sub(move, text)

    def fault(self, what, expected, found):
        self.faults.append(what)
        if len(self.faults) <= FAULTS_SHOWN_MAX:
            print(f"  DIFFERS: {what}: {expected} expected, {found} found")

    def tell(self, gateway, offers):
        gateway.talk([self._story(offers)], connections=1)
        if len(self.faults) > FAULTS_SHOWN_MAX:
            print(f"  ... and {len(self.faults) - FAULTS_SHOWN_MAX} more differences")
        return self.faults

    def _story(self, offers):
        print(f"== {self.name}")
        tellers = self.said.get("numbers", 1)
        for teller in range(tellers):
            requests = [self.moved(counted_on(text, teller)) for text in self.requests]
            turned = self.said.get("any_order") and teller % 2
            order = range(len(requests))[:: -1 if turned else 1]
            yield from self._told_by(teller, requests, order, offers, is_shown=teller < 2)
        if tellers > 2:
            print(f"  ... and {tellers - 2} more numbers")

    def _told_by(self, teller, requests, order, offers, is_shown):
        numbers, notices = {}, {}
        reused = yield from counter(REUSED)
        for turn, at in enumerate(order):
            fields = dict(re.findall(r"<(\w+)>([^<>]+)</\1>", requests[at]))
            number = words.msisdn(fields["msisdn"])
            numbers.setdefault(number, model.Number(offers)).take(fields, now())
            _, answer = yield post(NOTIFY, requests[at].encode())
            story = document((yield get(f"/api/v1/subscribers/{number}", ADMIN)))
            notices[at + 1] = story["notices"][0]
            error_id = re.search(rb"<error_id>(.*?)<", answer)[1].decode()
            if is_shown:
                print(f"  request {at + 1}: error_id {error_id}, {outcome(notices[at + 1])}")
            for after in self.said.get("after", []):
                # In any order: what is true after all of them.
                due = turn + 1 == len(order) if self.said.get("any_order") else after["request"] == at + 1
                if due:
                    yield from self._check(after, notices, error_id, reused, teller, offers)
                    self._check_model(after, numbers, teller, offers)
        for number, story in numbers.items():
            yield from self._compare(number, story, is_shown)

    def _check(self, after, notices, error_id, reused, teller, offers):
        notice = notices[after["request"]]
        expected = {"error_id": error_id, **{name: notice[name] for name in ("outcome", "reason")}}
        for name, found in expected.items():
            if name in after and str(after[name]) != str(found):
                self.fault(f"{name} of request {after['request']}", after[name], found)
        if "error_id" not in after and error_id != "0":
            self.fault(f"answer to request {after['request']}", 0, error_id)
        if "odd" in after:
            strange = odd(document((yield get(f"/api/v1/notices/{notice['id']}", ADMIN))))
            if strange != set(after["odd"]):
                self.fault(f"odd times of request {after['request']}", after["odd"], strange)
        if "reused" in after:
            grown = (yield from counter(REUSED)) - reused
            if grown != after["reused"]:
                self.fault("queue_id_reused", after["reused"], grown)
        if "retry_status" in after:
            yield from self._retry(after, notice)
        for held in after.get("holds", []):
            yield from self._check_held(held, teller, offers)

    def _retry(self, after, notice):
        surface, request = post(f"/api/v1/notices/{notice['id']}/retry", b"")
        status, body = yield ADMIN, request
        again = document((yield get(f"/api/v1/notices/{notice['id']}", ADMIN)))
        if status != after["retry_status"] or outcome(again) != outcome(notice):
            self.fault("retry", f"{after['retry_status']}, {outcome(notice)}", f"{status}, {outcome(again)} {body}")

    def _check_held(self, held, teller, offers):
        number = str(int(held["msisdn"]) + teller)
        story = document((yield get(f"/api/v1/subscribers/{number}", ADMIN)))
        named = [row for row in told(story["subscriptions"], SUBSCRIPTION) if row["package_id"] == held["package_id"]]
        if len(named) != 1:
            return self.fault(f"package {held['package_id']} of {number}", "one", len(named))
        found = named[0]
        self._check_row(f"package {held['package_id']} of {number}", held, found, offers)
        if "entitlement" in held:
            runs = [row for row in told(story["entitlements"], ENTITLEMENT) if row["offer"] == found["offer"]]
            states = [row["state"] for row in runs if row["starts_at"] == found["subscribed_at"]]
            if held["entitlement"] not in states and not (states == [] and held["entitlement"] == "ended"):
                self.fault(f"entitlement to {held['package_id']} of {number}", held["entitlement"], states)

    def _check_row(self, what, held, found, offers):
        expected = {name: held[name] for name in ("state",) if name in held}
        for name in ("subscribed_at", "expires_at"):
            if held.get(name) == "cycle":
                [offer] = [offer for offer in offers.offers if offer.id == found["offer"]]
                expected[name] = words.cycle_end(offer.period, found["subscribed_at"])
            elif name in held:
                expected[name] = words.read_time(held[name]) + self.by
        of_those = {name: found[name] for name in expected}
        if of_those != expected:
            self.fault(what, shown(expected), shown(of_those))

    def _check_model(self, after, numbers, teller, offers):
        """The model is held to the case as the gateway is."""
        for held in after.get("holds", []):
            number = str(int(held["msisdn"]) + teller)
            services = numbers[number].services()
            rows = sum((service.subscriptions(now()) for service in services), [])
            named = [row for row in rows if row["package_id"] == held["package_id"]]
            if len(named) != 1:
                self.fault(f"THE MODEL'S package {held['package_id']} of {number}", "one", len(named))
            else:
                self._check_row(f"THE MODEL'S package {held['package_id']} of {number}", held, named[0], offers)

    def _compare(self, number, story, is_shown):
        at = now()
        found = document((yield get(f"/api/v1/subscribers/{number}", ADMIN)))
        services = story.services()
        for name, keys, rows in (
            ("subscription", SUBSCRIPTION, [service.subscriptions(at) for service in services]),
            ("entitlement", ENTITLEMENT, [service.entitlements(at)[0] for service in services]),
        ):
            of_gateway, of_model = told(found[name + "s"], keys), sort(sum(rows, []))
            if is_shown:
                for row in of_gateway:
                    print(f"  {number} {name}: {shown(row)}")
            if of_gateway != of_model:
                self.fault(f"{name}s of {number}, as the model has them", "; ".join(map(shown, of_model)), "others")


def outcome(notice):
    return f"{notice['outcome']} {notice['reason']}"


def counted_on(text, by):
    """The same message of another number: this one's and its regID counted on."""
    more = lambda found: f"<{found[1]}>{int(found[2]) + by}</"
    return re.sub(r"<(msisdn|regID)>(\d+)</", more, text) if by else text


def counter(name):
    status, body = yield get("/metrics", ADMIN)
    found = re.search(rf"^{name}(?:\{{.*?\}})? (\d+)", body.decode(), re.M)
    return int(found[1]) if status == 200 and found else 0
