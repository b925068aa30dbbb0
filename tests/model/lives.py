"""A year of a subscriber, as a carrier's notifier would tell it: registers, renewals, cancels, changes of package, and
whatever goes wrong between them. Seeded: the same seed and time make the same lives."""

import random
import re

import model
import words
from model import CANCEL, REGISTER, Grant, Offer
from words import DAY

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
EVENTS_MAX = 9

EVENTS = Grant("cloud", "event", 7, 1)
ALL_DAY = Grant("cloud", "continuous", 30, 4)
PLUS = ("film-day", "film-week", "film-month")

# One exclusive service with each period; a free one, of whose packages one bears an id of the other service's.
CATALOG = model.Catalog(
    [
        Offer("film-day", "700", "1", "FILM", "NGAY", True, "day", (EVENTS,)),
        Offer("film-week", "700", "2", "FILM", "TUAN", True, "week", (EVENTS, Grant("ai", None, None, 2)), 2),
        Offer("film-month", "700", "3", "FILM", "THANG", True, "month", (ALL_DAY,)),
        Offer("plus-ai", "800", "1", "PLUS", "AI", False, "day", (Grant("ai", None, None, 1),), 0),
        Offer("plus-data", "800", "5", "PLUS", "DATA", False, "month", (Grant("4g", None, None, 1),)),
    ]
)


def catalog_toml():
    return "\n".join(offer_toml(offer) for offer in CATALOG.offers)


def offer_toml(offer):
    keys = {
        "id": offer.id,
        "service_id": offer.service,
        "package_id": offer.package,
        "service_code": offer.service_code,
        "package_code": offer.package_code,
        "exclusive": offer.exclusive,
        "period": offer.period,
        "renewal_grace_days": None if offer.grace_days == model.GRACE_DAYS else offer.grace_days,
    }
    grants = [{**vars(grant), "delivery": "device", "provider": "local"} for grant in offer.grants]
    return table("[[offer]]", keys) + "".join(table("[[offer.grant]]", grant) for grant in grants)


def table(head, keys):
    value = lambda said: f'"{said}"' if isinstance(said, str) else str(said).lower()
    lines = [f"{key} = {value(said)}" for key, said in keys.items() if said is not None]
    return "\n".join([head, *lines, ""])


# What may be true of a life, and of how many in a hundred.
TRAITS = {
    "skewed": 15,  # the clock that stamps notices is minutes off, now this way, now that
    "backlog": 20,  # notices are sent hours late
    "shuffled": 35,  # they arrive in any order
    "repeated": 30,  # some are sent twice
    "pushed-again": 25,  # support pushes old rows again, as new ones
    "conflict": 8,  # two contents of one identity
    "ties": 15,  # several within one second
    "odd-times": 20,
    "restarted": 20,  # the notifier's counter begins anew
    "no-queue": 8,  # a caller without a queue
    "some-queue": 8,
    "text-queue": 4,
    "no-reg": 8,  # some without regID
    "spelled": 15,  # the number in any spelling
    "coded": 10,  # codes instead of ids, or beside them
    "parked": 20,  # among them what is kept and not judged
    "one-row": 6,  # a cancel bears its register's queueID
    "ahead": 4,  # the last start is still to come
    "replaced-renewed": 50,  # what another package has replaced renews all the same
    "timeless": 2,  # a message without any time
}

CHANNELS = ["SMS", "WEB", "WAP", "USSD", "CSKH", "SMS/WAP", "CLIENT"]
GAPS = [(SECOND, 50 * SECOND), (MINUTE, 50 * MINUTE), (HOUR, 20 * HOUR), (20 * HOUR, 30 * HOUR)]
GAPS += [(2 * DAY, 9 * DAY), (10 * DAY, 45 * DAY)]


class Life:
    """The notices of one number, in the order in which they arrive."""

    def __init__(self, seed, index, now, allowed=frozenset(TRAITS)):
        self.random = random.Random(f"{seed} {index}")
        self.index = index
        self.now = now
        self.number = f"849{index:08d}"
        while True:
            self.traits = {name for name, of in TRAITS.items() if self.chance(of) and name in allowed}
            self.sent = self._tell()
            if not any(model.is_undecided(notices) for notices in self.judged().values()):
                break

    def chance(self, in_a_hundred):
        return self.random.random() * 100 < in_a_hundred

    def has(self, trait, in_a_hundred=100):
        return trait in self.traits and self.chance(in_a_hundred)

    def judged(self):
        told = model.Number(CATALOG)
        for fields in self.sent:
            told.take(fields, self.now)
        return told.judged()

    # --- the carrier's side -----------------------------------------------------------------------------------

    def _tell(self):
        self.rows = []
        self.regs = {}
        self.reg_count = self.marks = 0
        self.clock = self.now - self.random.randint(20 * DAY, 365 * DAY)
        for _ in range(self.random.randint(2, EVENTS_MAX)):
            if self.clock > self.now - HOUR:
                break
            self._happen()
            low, high = (0, 0) if self.has("ties", 50) else self.random.choice(GAPS)
            self.clock += self.random.randint(low, high)
        if "ahead" in self.traits:
            ahead = self.random.choice([(MINUTE, 4 * MINUTE), (2 * HOUR, 20 * HOUR)])
            self.clock = self.now + self.random.randint(*ahead)
            self._register(self.random.choice(CATALOG.offers), exact=True)
        if "pushed-again" in self.traits:
            self._push_again()
        if "timeless" in self.traits:
            self._say_without_time()
        self._count()
        return self._arrive()

    def _happen(self):
        held = list(self.regs)
        if not held or self.chance(25):
            offer = self.random.choice(CATALOG.offers[: 3 if self.chance(70) else 5])
            self._register(offer)
        elif self.has("parked", 25):
            self._say_what_is_parked()
        elif self.chance(35):
            self._register(self.random.choice(held), again=True)
        elif self.chance(12):
            unseen = [offer for offer in CATALOG.offers if offer not in self.regs]
            self._cancel(self.random.choice(unseen or held))
        else:
            self._cancel(self.random.choice(held))

    def _new_reg(self):
        self.reg_count += 1
        return str(10_000_000 + self.index * 50 + self.reg_count)

    def _mark(self):
        """What names a message; nothing is decided by it."""
        self.marks += 1
        return f"n{self.marks}"

    def _stamp(self):
        skew = self.random.randint(-10 * MINUTE, 10 * MINUTE) if self.has("skewed", 60) else 0
        return self.clock + skew

    def _row(self, kind, offer, reg, channel):
        late = self.random.randint(HOUR, 20 * HOUR) if self.has("backlog", 50) else self.random.randint(0, 5000)
        late = min(late, max(0, self.now - self.clock))
        fields = {
            "resultCode": "0",
            "errorDesc": self._mark(),
            "startTime": str(self.clock + late),
            "regID": None if self.has("no-reg", 30) else reg,
            "msisdn": self._spelled(),
            "regType": kind,
            "channel": channel,
            **self._target(offer),
            "price": self.random.choice(["3000", "0", "15000"]),
        }
        # By the carrier's clock, in milliseconds: when the row was queued, and when it was sent.
        self.rows.append({"fields": fields, "at": self.clock, "sends": self.clock + late})
        return fields

    def _target(self, offer):
        ids = {"service_id": offer.service, "package_id": offer.package}
        codes = {"serviceCode": offer.service_code, "packageCode": offer.package_code}
        if self.has("coded", 30):
            return codes
        if self.has("coded", 30):
            return {"service_id": offer.service, "packageCode": offer.package_code}
        if self.has("coded", 30):
            other = self.random.choice(CATALOG.offers)
            return {**ids, "serviceCode": other.service_code, "packageCode": other.package_code}
        return {**ids, **codes} if self.chance(30) else ids

    def _spelled(self):
        number = self.number
        if not self.has("spelled", 50):
            return number
        bare = number[2:]
        grouped = f"{bare[:2]} {bare[2:5]}.{bare[5:7]}-{bare[7:]}"
        heads = ["0", "+84", "0084", "840", "00840", "+840", ""]
        return self.random.choice([head + bare for head in heads] + [f"84 {grouped}", f"(+84) {grouped}", f" 0{bare} "])

    def _register(self, offer, again=False, exact=False):
        kept = self.regs.get(offer) if again and self.chance(70) else None
        newest = next((other for other in reversed(self.regs) if other.exclusive), None)
        if offer.exclusive and offer != newest and "replaced-renewed" not in self.traits:
            kept = None
        # A renewal keeps channel and autoRenew where its package may have been replaced meanwhile.
        vary = kept is None or not offer.exclusive
        reg = kept["reg"] if kept else self._new_reg()
        channel = self.random.choice(CHANNELS + [None]) if vary else kept["channel"]
        auto = self.random.choice(["1", "1", "1", "0", None]) if vary else kept["auto"]
        stamp = self.clock if exact else self._stamp()
        start = stamp // SECOND * SECOND
        fields = self._row(REGISTER, offer, reg, channel)
        fields |= {"autoRenew": auto, "subcribeTime": words.spell_time(start), "expiredTime": self._end(offer, start)}
        if self.chance(6) and not exact:
            fields["subcribeTime"] = None
        elif self.chance(20):
            fields["startTime"] = None
        if self.has("odd-times", 40) and not exact:
            self._make_odd(fields, offer, start)
        self.regs.pop(offer, None)
        self.regs[offer] = {"reg": reg, "channel": channel, "auto": auto, "start": fields["subcribeTime"]}

    def _end(self, offer, start):
        exact = start + self.random.randint(HOUR, 40 * DAY) // SECOND * SECOND
        cycle = words.cycle_end(offer.period, start)
        end = self.random.choice([cycle, cycle, cycle, exact, None])
        return end and words.spell_time(end)

    def _make_odd(self, fields, offer, start):
        latest = max(words.periods_later(offer.period, start, 12), start + 40 * DAY)
        odd_ends = [start, start - DAY, start - SECOND, latest, latest + SECOND, latest + 90 * DAY, start + 39 * DAY]
        odd_ends = [words.spell_time(end) for end in odd_ends]
        no_times = ["00000000000000", "0", "2026112990507", "180119094911", "20260230120000", "20261301000000"]
        if self.chance(60):
            fields["expiredTime"] = self.random.choice(odd_ends + no_times)
            return
        ahead = words.spell_time(self.now + self.random.randint(26 * HOUR, 400 * DAY))
        fields["startTime"] = str(self.clock + self.random.randint(0, 5000))
        fields["subcribeTime"] = self.random.choice(no_times + [ahead, ahead, fields["startTime"]])

    def _cancel(self, offer):
        known = self.regs.get(offer)
        reg = known["reg"] if known and self.chance(75) else self._new_reg()
        fields = self._row(CANCEL, offer, reg, self.random.choice(CHANNELS + ["UNSUB", "MAXRETRY"]))
        fields |= {"updateTime": words.spell_time(self._stamp()), "subcribeTime": known and known["start"]}
        if self.chance(30):
            fields["expiredTime"] = words.spell_time(self.clock + self.random.randint(-DAY, 20 * DAY))
        if self.chance(20):
            fields["updateTime"] = None
        elif self.chance(20):
            fields["startTime"] = None
        if self.has("odd-times", 30):
            fields["startTime"] = str(self.clock + self.random.randint(0, 5000))
            fields["updateTime"] = self.random.choice(["2026112990507", "00000000000000", "180119094911"])
        if self.chance(12):
            fields |= {"service_id": None, "serviceCode": None}
        elif self.chance(12):
            fields |= {"package_id": None, "packageCode": None}

    def _say_what_is_parked(self):
        offer = self.random.choice(CATALOG.offers)
        self._register(offer, exact=True) if self.chance(50) else self._cancel(offer)
        fields = self.rows[-1]["fields"]
        is_register = fields["regType"] == REGISTER
        way = self.random.choice(["held", "type", "unknown", "foreign", "alone", "nothing", "nobody"])
        if way == "held":
            fields["resultCode"] = self.random.choice(["5", "-1", "ERR"])
        elif way == "type":
            fields["regType"] = self.random.choice(["3", "0", "11"])
        elif way == "unknown":
            fields |= {"package_id": "99", "packageCode": None}
        elif way == "foreign":
            fields |= {"service_id": "999", "serviceCode": None}
        elif way == "alone" and is_register:
            fields |= {"service_id": None, "serviceCode": None, "package_id": "1", "packageCode": None}
        elif way == "nothing":
            fields |= {"service_id": None, "serviceCode": None, "package_id": None, "packageCode": None}
        elif way == "nobody":
            fields["queueID"] = fields["regID"] = None
            self.rows[-1]["nobody"] = True
        if is_register:
            self.regs.pop(offer, None)

    def _push_again(self):
        for _ in range(self.random.randint(1, 2)):
            old = self.random.choice(self.rows)
            at = self.random.choice([self.clock, self.random.randint(old["at"], max(old["at"], self.clock))])
            at = min(at, self.now)
            fields = {**old["fields"], "errorDesc": self._mark()}
            if fields["startTime"]:
                fields["startTime"] = str(at + self.random.randint(0, 5000))
            if fields["regType"] == REGISTER and fields.get("subcribeTime") and self.chance(25):
                start = words.read_time(fields["subcribeTime"])
                fields["expiredTime"] = start and words.spell_time(start + self.random.randint(1, 30) * DAY)
            self.rows.append({"fields": fields, "at": at, "sends": at, "nobody": old.get("nobody")})

    def _say_without_time(self):
        """The last word on its number, or the only one: the contract lets nothing come behind it."""
        self.traits &= {"timeless", "spelled", "coded"}
        if self.chance(50):
            self.rows, self.regs = [], {}
        self.rows = [row for row in self.rows if row["at"] < self.now - 2 * DAY]
        self.clock = self.now
        offer = self.random.choice(CATALOG.offers)
        self._register(offer, exact=True) if self.chance(50) else self._cancel(offer)
        fields = self.rows[-1]["fields"]
        times = dict.fromkeys(["startTime", "subcribeTime", "expiredTime", "updateTime"])
        fields |= {**times, "regID": self._new_reg(), "service_id": offer.service, "package_id": offer.package}

    # --- the notifier's side ----------------------------------------------------------------------------------

    def _count(self):
        """queueIDs, in the order of the queue."""
        self.rows.sort(key=lambda row: row["at"])
        restart = self.random.randrange(len(self.rows) + 1) if "restarted" in self.traits else None
        count = last = 0
        for at, row in enumerate(self.rows):
            if restart is not None and at >= restart:
                count = self.random.randint(1, 3) if at == restart else count + 1
                queue = str(count)
            else:
                last = max(last + 1, row["at"] // SECOND - 1_700_000_000)
                queue = str(last * 100_000 + self.index)
            row["fields"]["queueID"] = None if row.get("nobody") else self._queue(queue)
            if row["fields"]["queueID"] is None and not row.get("nobody") and not row["fields"]["regID"]:
                row["fields"]["regID"] = self._new_reg()
        if "one-row" in self.traits:
            self._update_in_place()

    def _queue(self, queue):
        if self.has("no-queue") or self.has("some-queue", 40):
            return self.random.choice([None, "0", "-1", "000"]) if self.chance(50) else None
        if "text-queue" in self.traits:
            return self.random.choice([f"N-{queue}", f"{queue}.0", queue.zfill(31)])
        return queue

    def _update_in_place(self):
        registers = {}
        for row in self.rows:
            fields = row["fields"]
            key = (fields["regID"], fields.get("service_id"), fields.get("package_id"))
            if fields["regType"] == REGISTER:
                registers[key] = fields["queueID"]
            elif registers.get(key):
                fields["queueID"] = registers[key]

    def _arrive(self):
        self.rows.sort(key=lambda row: row["sends"])
        line = [row["fields"] for row in self.rows]
        if self.has("conflict"):
            line += [self._contradict(self.random.choice(line))] * self.random.randint(1, 2)
        if self.has("repeated"):
            for fields in self.random.choices(line, k=self.random.randint(1, 3)):
                line.insert(self.random.randint(line.index(fields) + 1, len(line)), self._repeat(fields))
        if self.has("shuffled"):
            self.random.shuffle(line)
        return [{name: text for name, text in fields.items() if text is not None} for fields in line]

    def _repeat(self, fields):
        """The same again; what neither identity nor content is made of may differ, where there is an identity."""
        same = {**fields}
        is_sure = fields.get("regType") in (REGISTER, CANCEL) and "conflict" not in self.traits
        if is_sure and self.chance(50) and re.fullmatch(r"[1-9][0-9]{0,29}", fields.get("queueID") or ""):
            same["channel"] = self.random.choice(CHANNELS)
            same["startTime"] = fields["startTime"] and str(int(fields["startTime"]) + 61_000)
        return same

    def _contradict(self, fields):
        other = {**fields, "errorDesc": fields["errorDesc"] + "x"}
        way = self.random.choice(["price", "regID", "autoRenew"])
        other[way] = {"price": "77", "autoRenew": "0" if fields.get("autoRenew") != "0" else "1"}.get(way, "77")
        return other
