"""What a gateway answers, made comparable with what the model says: names alone, times in milliseconds."""

import datetime
import re
import time

import words

SUBSCRIPTION = "service_id package_id offer state subscribed_at expires_at auto_renew channel reg_id".split()
ENTITLEMENT = "offer kind storage retention_days devices_max state starts_at ends_at".split()
TIMES = ("subscribed_at", "expires_at", "starts_at", "ends_at")


def now():
    return time.time_ns() // 1_000_000


def moment(text):
    """An RFC 3339 time in milliseconds."""
    if text is None:
        return None
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(at.timestamp() * 1000)


def told(rows, names):
    """Rows of a JSON answer, with these names alone, in an order of their own."""
    value = lambda row, name: moment(row[name]) if name in TIMES else row[name]
    return sort({name: value(row, name) for name in names} for row in rows)


def sort(rows):
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def shown(row):
    if not isinstance(row, dict):
        return str(row)
    time_of = lambda at: at and f"{words.spell_time(at)}.{at % 1000:03d}"
    return " ".join(f"{name}={time_of(value) if name in TIMES else value}" for name, value in row.items())


def odd(notice):
    """The names of the fields that a notice calls odd."""
    return set(re.findall(r"\w+Time(?:CP)?", str(notice.get("odd") or "")))
