"""The rules of a notice once more, from the contract's section 2 alone: what a number holds after a set of notices.
Slow and plain on purpose, and without a line of the gateway's: where both agree, both read the contract so.

All times are milliseconds since 1970; a notice's fields are the texts of its elements, by the carrier's names."""

import dataclasses
import re

from words import DAY, cycle_end, msisdn, periods_later, read_time, whole

QUEUE_DISORDER_MAX = DAY
EXPIRY_PERIODS_MAX = 12
EXPIRY_MIN = 40 * DAY
AHEAD_MAX = DAY
CLOCK_SKEW = 300_000
GRACE_DAYS = 35

REGISTER, CANCEL = "1", "2"


# --- the catalog -----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Grant:
    kind: str
    storage: str | None
    retention_days: int | None
    devices_max: int


@dataclasses.dataclass(frozen=True)
class Offer:
    id: str
    service: str
    package: str
    service_code: str
    package_code: str
    exclusive: bool
    period: str
    grants: tuple
    grace_days: int = GRACE_DAYS


def fits(sent_id, sent_code, offers_id, offers_code):
    """Ids before codes, codes before nothing."""
    if sent_id:
        return sent_id == offers_id
    return not sent_code or sent_code == offers_code


class Catalog:
    def __init__(self, offers):
        self.offers = offers

    def named(self, fields):
        """The offers that a notice names."""
        get = fields.get
        return [
            offer
            for offer in self.offers
            if fits(get("service_id"), get("serviceCode"), offer.service, offer.service_code)
            and fits(get("package_id"), get("packageCode"), offer.package, offer.package_code)
        ]


# --- a notice --------------------------------------------------------------------------------------------------


class Notice:
    """What was sent, and when it came first."""

    is_own = False

    def __init__(self, fields, received):
        self.sent = fields
        self.fields = {name: text.strip() for name, text in fields.items() if text and text.strip()}
        self.received = received
        get = self.fields.get
        self.number = msisdn(get("msisdn", ""))
        self.kind = get("regType")
        self.reg = get("regID")
        queue = get("queueID")
        self.queue = None if queue and re.fullmatch(r"-\d+|0+", queue) else queue
        self.started = read_time(get("startTime"), or_epoch=True)
        self.subscribed = read_time(get("subcribeTime"))
        if self.subscribed is not None and self.subscribed > received + AHEAD_MAX:
            self.subscribed = None
        happened = read_time(get("updateTime")) if self.kind == CANCEL else self.subscribed
        self.happened = next((at for at in (happened, self.started) if at is not None), None)

    @property
    def event(self):
        """When it happened, by its own account; else when it came."""
        return self.received if self.happened is None else self.happened

    def is_readable(self):
        get = self.fields.get
        package = get("package_id") or get("packageCode")
        service = get("service_id") or get("serviceCode")
        enough = {REGISTER: package, CANCEL: package or service}.get(self.kind, True)
        return bool(self.number and self.kind and enough and (self.queue or self.reg))

    def identity(self):
        if self.queue:
            return ("queue", self.queue, self.number, self.kind)
        get = self.fields.get
        moment = (get("updateTime") or get("startTime")) if self.kind == CANCEL else None
        return ("operation", self.reg, self.number, self.kind, get("subcribeTime"), moment)

    def content(self, catalog):
        get = self.fields.get
        sent = tuple(get(name) for name in ("service_id", "serviceCode", "package_id", "packageCode"))
        what = tuple(offer.id for offer in catalog.named(self.fields)) or sent
        # A time that cannot be read is an absent one.
        times = tuple(read_time(get(name)) for name in ("subcribeTime", "expiredTime"))
        return (what, self.reg, self.auto_renew(), *times, get("price"))

    def auto_renew(self):
        return self.fields.get("autoRenew", "1") == "1"

    def meant_end(self, offer):
        """Its own word of when what it registers ends, where that can be meant."""
        start = self.event
        until = read_time(self.fields.get("expiredTime"))
        latest = max(periods_later(offer.period, start, EXPIRY_PERIODS_MAX), start + EXPIRY_MIN)
        return until if until is not None and start < until <= latest else None

    def end(self, offer):
        until = self.meant_end(offer)
        return cycle_end(offer.period, self.event) if until is None else until

    def odd(self, offer):
        """The fields whose times are sent and not believed, of a notice about this offer."""
        readable = {
            "startTime": self.started,
            "subcribeTime": self.subscribed,
            "expiredTime": self.meant_end(offer) if self.kind == REGISTER else read_time(self.fields.get("expiredTime")),
            "updateTime": read_time(self.fields.get("updateTime")),
        }
        return {name for name, at in readable.items() if name in self.fields and at is None}


class Word:
    """An operator's own end or grant, of the moment at which it counts. Of a grant also what was known of the end of what
    it is about: by this what the carrier renews meanwhile is told from what it should change."""

    is_own = True
    started = queue = reg = subscribed = None

    def __init__(self, kind, service, at, offer=None, until=None, known_end=None):
        self.kind = kind
        self.service = service
        self.event = at
        self.offer = offer
        self.until = until
        self.known_end = known_end
        self.fields = {"service_id": service}


def in_order(notices):
    """One service's notices in the order in which they count."""
    line = sorted(notices, key=place)
    while (at := next((i for i in range(len(line) - 1) if is_disordered(line[i], line[i + 1])), None)) is not None:
        line[at], line[at + 1] = line[at + 1], line[at]
    return line


def place(notice):
    started = -1 if notice.started is None else notice.started
    queue = whole(notice.queue)
    return (notice.event, started, notice.kind, -1 if queue is None else queue)


def is_disordered(before, after):
    one, two = whole(before.queue), whole(after.queue)
    near = abs(before.event - after.event) <= QUEUE_DISORDER_MAX
    return one is not None and two is not None and one > two and near


def is_undecided(notices):
    """Whether only a hash, or nothing that the contract says, tells two of these apart in their order."""
    line = sorted(notices, key=place)
    for one, two in zip(line, line[1:]):
        if one.event != two.event:
            continue
        if (one.started is None) != (two.started is None):
            return True
        same = one.started == two.started and one.kind == two.kind
        if same and (whole(one.queue) is None or whole(two.queue) is None or whole(one.queue) == whole(two.queue)):
            return True
    return False


# --- what a number holds ---------------------------------------------------------------------------------------

HELD, CANCELLED, REPLACED = "held", "cancelled", "replaced"


@dataclasses.dataclass
class Run:
    """What was in force without a break, and what ended it before its time."""

    start: int
    natural_end: int
    cut: int | None = None
    # Told to end a second time, and before the first: the contract does not say which counts.
    is_cut_twice: bool = False

    def end(self):
        return self.natural_end if self.cut is None else min(self.cut, self.natural_end)


@dataclasses.dataclass
class Subscription:
    offer: Offer
    state: str
    subscribed: int | None = None
    expires: int | None = None
    auto_renew: bool = False
    channel: str | None = None
    reg: str | None = None
    run: Run | None = None

    def patience_ends(self):
        return self.expires + (self.offer.grace_days * DAY if self.auto_renew else 0)

    def is_in_force(self, at):
        return self.state == HELD and at < self.patience_ends()

    def told_state(self, at):
        if self.state != HELD:
            return self.state
        if at < self.expires:
            return "active"
        return "grace" if at < self.patience_ends() else "lapsed"


class Service:
    """The fold of one service's notices."""

    def __init__(self, catalog, service):
        self.catalog = catalog
        self.service = service
        self.held = {}
        self.runs = []
        self.told = {}
        self.cancelled = set()
        self.told_again = set()
        # What an operator ended, and the carrier did not cancel since.
        self.ended = set()

    def fold(self, notices):
        for notice in in_order(notices):
            if notice.kind == REGISTER and notice.is_own:
                self.grant(notice)
            elif notice.kind == REGISTER:
                self.register(notice, self.catalog.named(notice.fields)[0])
            else:
                self.cancel(notice)
        return self

    def register(self, notice, offer):
        at, until = notice.event, notice.end(offer)
        told = (offer.package, notice.reg, notice.subscribed)
        if notice.reg and notice.subscribed is not None:
            if until <= self.told.get(told, -1):
                self.told_again.add(notice)
                return
            self.told[told] = until
        others = [sub for sub in self.held.values() if sub.offer.package != offer.package]
        others = [sub for sub in others if offer.exclusive and sub.is_in_force(at)]
        sub = self.held.setdefault(offer.package, Subscription(offer, CANCELLED))
        stays_replaced = sub.state == REPLACED and notice.reg and notice.reg == sub.reg and others
        goes_on = sub.is_in_force(at)
        sub.expires, sub.auto_renew = until, notice.auto_renew()
        sub.channel, sub.reg = notice.fields.get("channel"), notice.reg
        if stays_replaced:
            return
        self.hold(sub, goes_on, at, until)
        for other in others:
            other.state, other.run.cut = REPLACED, at

    def grant(self, word):
        """At least until its end: a later end than was known is the carrier's word, given since, and holds."""
        at, offer, until = word.event, word.offer, word.until
        for other in self.held.values():
            if offer.exclusive and other.offer.package != offer.package and other.is_in_force(at):
                other.state, other.run.cut = REPLACED, at
        sub = self.held.setdefault(offer.package, Subscription(offer, CANCELLED))
        goes_on, known = sub.is_in_force(at), sub.expires is not None
        is_news = known and (word.known_end is None or sub.expires > word.known_end)
        comes_back = is_news and not goes_on and at < sub.expires and offer.package in self.ended
        if goes_on or comes_back:
            sub.auto_renew = sub.auto_renew and (is_news or until >= sub.expires)
            sub.expires = max(until, sub.expires) if is_news else until
        else:
            sub.expires, sub.auto_renew, sub.channel, sub.reg = until, False, None, None
        self.hold(sub, goes_on, at, until)

    def hold(self, sub, goes_on, at, until):
        """Goes on with the run, or begins another."""
        sub.state = HELD
        if not goes_on:
            sub.subscribed = at
            sub.run = Run(at, until)
            self.runs.append((sub.offer, sub.run))
        sub.run.natural_end = sub.patience_ends()

    def cancel(self, notice):
        get = notice.fields.get
        if get("package_id") or get("packageCode"):
            named = [offer for offer in self.catalog.named(notice.fields) if offer.service == self.service]
        else:
            named = [sub.offer for sub in self.held.values()]
        told_again = [self.cancel_one(notice, offer) for offer in named]
        if told_again and all(told_again):
            self.told_again.add(notice)

    def cancel_one(self, notice, offer):
        """Ends one package; true where it was told again."""
        sub = self.held.get(offer.package)
        if sub is None:
            channel = notice.fields.get("channel")
            self.held[offer.package] = Subscription(offer, CANCELLED, channel=channel, reg=notice.reg)
            return False
        if notice.reg and sub.reg and notice.reg != sub.reg and (offer.package, notice.reg) in self.cancelled:
            return True
        if notice.reg and notice.reg == sub.reg:
            self.cancelled.add((offer.package, notice.reg))
        if not notice.is_own:
            self.ended.discard(offer.package)
        elif sub.state != CANCELLED:
            self.ended.add(offer.package)
        if sub.state == HELD:
            sub.run.cut = notice.event
        elif sub.run and notice.event < sub.run.end():
            sub.run.is_cut_twice = True
        sub.state = CANCELLED
        return False

    def may_register(self, offer, at):
        """What a check is answered: not what is in force, nor beside another package of an exclusive service."""
        in_force = {sub.offer.package for sub in self.held.values() if sub.is_in_force(at)}
        return not (in_force if offer.exclusive else in_force & {offer.package})

    def subscriptions(self, at):
        return [
            {
                "service_id": self.service,
                "package_id": sub.offer.package,
                "offer": sub.offer.id,
                "state": sub.told_state(at),
                "subscribed_at": sub.subscribed,
                "expires_at": sub.expires,
                "auto_renew": sub.auto_renew,
                "channel": sub.channel,
                "reg_id": sub.reg,
            }
            for sub in self.held.values()
        ]

    def entitlements(self, at):
        """Of every run that has begun; the second value names runs of which the contract says nothing: those that
        ended before they began, those that a word from the future ends, those that were ended twice."""
        told, unsaid = [], set()
        for offer, run in self.runs:
            if run.is_cut_twice or run.end() < run.start or (run.cut is not None and run.cut > at):
                unsaid.add((offer.id, run.start))
            elif run.start <= at + CLOCK_SKEW:
                told += [self.entitlement(offer, run, grant, at) for grant in offer.grants]
        return told, unsaid

    def entitlement(self, offer, run, grant, at):
        sub = self.held[offer.package]
        if at >= run.end():
            state, ends = "ended", run.end()
        else:
            state = sub.told_state(at)
            ends = sub.expires if state == "active" else sub.patience_ends()
        return {
            "offer": offer.id,
            "kind": grant.kind,
            "storage": grant.storage,
            "retention_days": grant.retention_days,
            "devices_max": grant.devices_max,
            "state": state,
            "starts_at": run.start,
            "ends_at": ends,
        }


@dataclasses.dataclass
class Row:
    """One row of the journal."""

    notice: Notice
    outcome: str
    reason: str | None = None
    count: int = 1


class Number:
    """One number: its notices as they come, then what they come to."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.rows = []
        self.words = []
        self._known = {}

    def take(self, fields, received):
        """One message; answers the row of the journal that it is, or is told by."""
        notice = Notice(fields, received)
        if not notice.is_readable():
            return self._alone(notice, "unreadable", tuple(notice.fields.items()))
        key, content = notice.identity(), notice.content(self.catalog)
        if key in self._known:
            row = self._known[key]
            if row.notice.content(self.catalog) != content:
                return self._alone(notice, "conflict", (key, content))
            row.count += 1
            return row
        reason = self._parked(notice)
        row = self._add(Row(notice, "parked" if reason else "judged", reason))
        self._known[key] = row
        return row

    def _alone(self, notice, reason, content):
        """What occupies no identity: the same content is one row."""
        if (reason, content) in self._known:
            row = self._known[reason, content]
            row.count += 1
            return row
        row = self._known[reason, content] = self._add(Row(notice, "parked", reason))
        return row

    def _add(self, row):
        self.rows.append(row)
        return row

    def _parked(self, notice):
        if notice.kind not in (REGISTER, CANCEL):
            return "unknown_reg_type"
        if notice.fields.get("resultCode", "0").strip("0"):
            return "held"
        named = self.catalog.named(notice.fields)
        if not named:
            return "unmapped"
        return "ambiguous" if notice.kind == REGISTER and len(named) > 1 else None

    def judged(self):
        """The notices that count, by the services whose fold they stand in."""
        services = {}
        for row in self.rows:
            if row.outcome == "judged":
                for service in {offer.service for offer in self.catalog.named(row.notice.fields)}:
                    services.setdefault(service, []).append(row.notice)
        return services

    def counted(self):
        """The same with what operators said."""
        services = self.judged()
        for word in self.words:
            services.setdefault(word.service, []).append(word)
        return services

    def services(self):
        return [Service(self.catalog, service).fold(notices) for service, notices in self.counted().items()]

    def end(self, received):
        """An operator ends all that is in force."""
        for service in self.services():
            if any(sub.is_in_force(received) for sub in service.held.values()):
                self.words.append(Word(CANCEL, service.service, self._counts_from(service.service, received)))

    def grant(self, offer, until, received):
        """An operator grants an offer."""
        held = next((service for service in self.services() if service.service == offer.service), None)
        sub = held and held.held.get(offer.package)
        at = self._counts_from(offer.service, received)
        self.words.append(Word(REGISTER, offer.service, at, offer, until, sub and sub.expires))

    def _counts_from(self, service, received):
        """After all that was told of the service, also for a time that is ahead."""
        return max([received] + [notice.event + 1 for notice in self.counted().get(service, [])])
