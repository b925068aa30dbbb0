"""Holds a gateway to the model: a year of many lives posted to it, and what it then says of each number compared with
what the model says at the same clock.

    run.py BINARY [--lives N] [--seed S] [--postgres URL] [--only TRAIT,...] [--at MS --life I]
    run.py BINARY --cases DIR

Ends with 1 where anything differs. `--at` and `--life` tell one life of an earlier run again, `--only` lives with no
other traits. `--cases` posts the requests of each folder, their times moved to now, prints what the gateway has, and
holds it to the model and to what the case says."""

import argparse
import pathlib
import re
import sys
import time

import cases
import lives
import model
import operators
from answers import ENTITLEMENT, SUBSCRIPTION, moment, now, odd, shown, sort, told
from cases import NOTIFY
from gateway import ADMIN, Gateway, document, get, post

CHECK = "/vascloud/v1/notify_check"
SHOWN_MAX = 10
# Of how many lives entitlements and the journal are looked at too.
SAMPLE = 4
# And of how many an operator puts something right at the end.
OPERATED = 3
JUDGED = ("applied", "no_change", "superseded")


def xml(fields):
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return (
        "<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE>"
        f"<COMMAND>{inside}</COMMAND></ACCESSGW>"
    ).encode()


class Run:
    """What was found so far."""

    def __init__(self):
        self.posted = self.compared = self.sampled = self.put_right = 0
        self.wrong = []
        self.outcomes = {}

    def differ(self, life, what, expected, found):
        self.wrong.append(life)
        if len(self.wrong) > SHOWN_MAX:
            return
        print(f"\n== life {life.index}, number {life.number}: {what} ({', '.join(sorted(life.traits)) or 'plain'})")
        for fields in life.sent:
            print("  " + " ".join(f"{name}={text}" for name, text in fields.items()))
        for name, rows in (("model", expected), ("gateway", found)):
            print(f"  {name}:")
            for row in rows if isinstance(rows, list) else [rows]:
                print(f"    {shown(row)}")
        sys.stdout.flush()


def live(run, life):
    """Posts a life and compares what comes of it: a generator for `Gateway.talk`."""
    number = model.Number(lives.CATALOG)
    answers = []
    for fields in life.sent:
        row = number.take(fields, now())
        answers.append((row, (yield post(NOTIFY, xml(fields)))))
        run.posted += 1
    for row, (status, body) in answers:
        expected = b"<error_id>1<" if row.reason == "unreadable" else b"<error_id>0<"
        if status != 200 or expected not in body:
            return run.differ(life, f"the answer to {row.notice.fields['errorDesc']}", expected, (status, body))
    story = None
    if "timeless" in life.traits or life.index % SAMPLE == 0:
        story = document((yield get(f"/api/v1/subscribers/{life.number}", ADMIN)))
        # What is told in other words under one mark may be several rows, where it is no notice.
        by_mark = {}
        for notice in story["notices"]:
            by_mark.setdefault(mark(notice["raw"]), []).append(notice)
        receive(number, by_mark)
    services = number.services()

    before = now()
    found = document((yield get(f"/v1/subscribers/{life.number}/subscriptions")))
    after = now()
    found = told(found["subscriptions"], SUBSCRIPTION)
    expected = [sort(sum((service.subscriptions(at) for service in services), [])) for at in (before, after)]
    run.compared += 1
    if found not in expected:
        return run.differ(life, "subscriptions", expected[1], found)
    if story:
        yield from look_closer(run, life, number, services, by_mark)
    if life.index % OPERATED == 0 and "timeless" not in life.traits:
        yield from put_right(run, life, number)


def put_right(run, life, number):
    """An operator ends and grants, and the carrier renews what it sold before."""
    for what, asked in operators.Operator(life, number).steps():
        asked.took((yield asked.request))
        before = now()
        found = document((yield get(f"/v1/subscribers/{life.number}/subscriptions")))
        after = now()
        found = told(found["subscriptions"], SUBSCRIPTION)
        services = number.services()
        expected = [sort(sum((service.subscriptions(at) for service in services), [])) for at in (before, after)]
        run.put_right += 1
        if found not in expected:
            words = [f"{word.kind} {word.service} at {word.event} until {word.until}" for word in number.words]
            return run.differ(life, f"subscriptions after {what}, {words}", expected[1], found)


def look_closer(run, life, number, services, by_mark):
    run.sampled += 1
    before = now()
    found = document((yield get(f"/v1/subscribers/{life.number}/entitlements")))["entitlements"]
    after = now()
    expected = []
    for at in (before, after):
        rows, unsaid = [], set()
        for service in services:
            more, of_those = service.entitlements(at)
            rows, unsaid = rows + more, unsaid | of_those
        is_said = lambda row: (row["offer"], row["starts_at"]) not in unsaid
        expected.append(sort(filter(is_said, rows)))
    found = list(filter(is_said, told(found, ENTITLEMENT)))
    if found not in expected:
        return run.differ(life, "entitlements", expected[1], found)
    for row in number.rows:
        run.outcomes[row.reason or "judged"] = run.outcomes.get(row.reason or "judged", 0) + 1
    wrong = list(journal_faults(life, number, services, by_mark))
    wrong += yield from check_faults(life, services)
    if "odd-times" in life.traits:
        wrong += yield from odd_faults(number, by_mark)
    if wrong:
        run.differ(life, "journal or check", [expected for expected, _ in wrong], [found for _, found in wrong])


def check_faults(life, services):
    """Whether the number may register each offer."""
    wrong = []
    for offer in lives.CATALOG.offers:
        before = now()
        asked = f"{CHECK}?requestid=1&msisdn={life.number}&service={offer.service}&package={offer.package}"
        _, body = yield get(asked)
        found = re.search(rb"<status>(.*?)</status><error_id>(.*?)<", body)
        held = [service for service in services if service.service == offer.service]
        expected = {all(service.may_register(offer, at) for service in held) for at in (before, now())}
        if found.groups() not in [(b"1" if may else b"0", b"0") for may in expected]:
            wrong.append((f"check of {offer.id}: {expected}", f"check of {offer.id}: {found.groups()}"))
    return wrong


def odd_faults(number, by_mark):
    """Which times of its notices are not believed."""
    wrong = []
    for row in number.rows:
        kept = of_row(by_mark, row)
        if row.outcome == "judged" and kept:
            expected = row.notice.odd(lives.CATALOG.named(row.notice.fields)[0])
            found = odd(document((yield get(f"/api/v1/notices/{kept['id']}", ADMIN))))
            if found != expected:
                name = row.notice.fields["errorDesc"]
                wrong.append((f"{name}: odd {sorted(expected)}", f"{name}: odd {sorted(found)}"))
    return wrong


def mark(raw):
    """What names a message among those of its number."""
    found = re.search(r"<errorDesc>(\w+)</errorDesc>", raw or "")
    return found and found[1]


def of_row(by_mark, row):
    """The journal's row for one of the model's: of several, the one that is most like it."""
    of_mark = by_mark.get(row.notice.fields["errorDesc"], [])
    alike = lambda kept: (kept["reason"] == row.reason, kept["count"] == row.count)
    return max(of_mark, key=alike, default=None)


def receive(number, by_mark):
    """Gives each notice the receipt that the gateway wrote down."""
    for row in number.rows:
        kept = of_row(by_mark, row)
        if kept:
            row.notice.received = moment(kept["received_at"])


def journal_faults(life, number, services, by_mark):
    """Where the contract fixes what became of a notice and how often it came: pairs of that and what is kept."""
    told_again = {notice for service in services for notice in service.told_again}
    folds = {notice: sum(notice in fold for fold in number.judged().values()) for notice in told_again}
    for row in number.rows:
        name = row.notice.fields["errorDesc"]
        kept = of_row(by_mark, row)
        if kept is None:
            yield f"{name}: a row", "none"
            continue
        found = (kept["outcome"], kept["reason"], kept["count"])
        outcomes = JUDGED if row.outcome == "judged" else (row.outcome,)
        if row.notice in told_again and folds[row.notice] == 1 and life.sent[-1] is row.notice.sent and row.count == 1:
            outcomes = ("no_change",)
        if found[0] not in outcomes or found[1:] != (row.reason, row.count):
            yield f"{name}: {'/'.join(outcomes)} {row.reason} {row.count}", f"{name}: {found}"


def compare(arguments):
    run, at = Run(), arguments.at or now()
    allowed = frozenset(arguments.only.split(",")) if arguments.only is not None else frozenset(lives.TRAITS)
    which = range(arguments.lives) if arguments.life is None else [arguments.life]
    with Gateway(arguments.binary, lives.catalog_toml(), arguments.postgres) as gateway:
        began = time.monotonic()
        gateway.talk(live(run, lives.Life(arguments.seed, index, at, allowed)) for index in which)
        took = time.monotonic() - began
    print(
        f"seed {arguments.seed}, at {at}: {run.compared} numbers compared, {run.sampled} of them closely, "
        f"{run.put_right} words of operators and renewals after them, {run.posted} messages in {took:.0f} s; rows looked at: {run.outcomes}; {len(run.wrong)} lives differ"
    )
    return 1 if run.wrong or run.compared < len(which) else 0


def tell_cases(arguments):
    shipped = pathlib.Path(__file__).resolve().parents[2] / "config" / "catalog.toml"
    offers = cases.catalog(shipped.read_text())
    folders = sorted(path for path in pathlib.Path(arguments.cases).iterdir() if path.is_dir())
    faults = []
    # Each with a gateway of its own, whose ledger is empty.
    for folder in folders:
        with Gateway(arguments.binary, shipped.read_text(), arguments.postgres) as gateway:
            told = cases.Case(folder).tell(gateway, offers)
        faults += [folder.name] if told else []
    print(f"{len(folders)} cases, {len(faults)} differ" + "".join(f" {name}" for name in faults))
    return 1 if faults or not folders else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("binary", help="the gateway to be held to the model")
    parser.add_argument("--lives", type=int, default=20_000, help="how many numbers (20000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", help="URL of a server to make databases on; else SQLite")
    parser.add_argument("--only", help="traits that lives may have, comma between; empty: none")
    parser.add_argument("--at", type=int, help="the end of the year, in milliseconds since 1970; now where left out")
    parser.add_argument("--life", type=int, help="one life alone")
    parser.add_argument("--cases", help="a folder of cases to post instead")
    arguments = parser.parse_args()
    return tell_cases(arguments) if arguments.cases else compare(arguments)


if __name__ == "__main__":
    sys.exit(main())
