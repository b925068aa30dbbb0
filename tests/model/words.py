"""The model's words, from the contract and the carrier's own facts: numbers, times, billing cycles. All times are
milliseconds since 1970."""

import calendar
import datetime
import re

DAY = 86_400_000
HANOI = datetime.timezone(datetime.timedelta(hours=7))
OLD_PLAN = {"124": "84", "127": "81", "129": "82", "123": "83", "125": "85"}


def msisdn(text):
    """A number's canonical spelling, or None."""
    text = text.strip()
    plus = text.startswith("+")
    digits = re.sub(r"(?<=\d)[\s.\-()\[\]]+(?=\d)", "", text.lstrip("+(["))
    if not re.fullmatch(r"[0-9]{6,15}", digits):
        return None
    heads = ["84", "840"] if plus else ["84", "840", "0084", "00840", "0", ""]
    for head in heads:
        rest = digits[len(head) :]
        if digits.startswith(head) and len(rest) == 9 and rest[0] != "0":
            return "84" + rest
        if head and digits.startswith(head) and len(rest) == 10 and rest[:3] in OLD_PLAN:
            return "84" + OLD_PLAN[rest[:3]] + rest[3:]
    return digits


def read_time(text, or_epoch=False):
    """14 digits of the carrier's clock; 13 digits of milliseconds where the field may hold them."""
    if re.fullmatch(r"[0-9]{13}", text or "") and or_epoch:
        return int(text) or None
    if not re.fullmatch(r"[0-9]{14}", text or ""):
        return None
    year, *rest = int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))
    try:
        at = datetime.datetime(year, *rest, tzinfo=HANOI)
    except ValueError:
        return None
    return None if year < 1970 else int(at.timestamp()) * 1000


def local(at):
    return datetime.datetime.fromtimestamp(at // 1000, HANOI)


def spell_time(at):
    """The same moment as the carrier writes it."""
    return local(at).strftime("%Y%m%d%H%M%S")


def rfc3339(at):
    return datetime.datetime.fromtimestamp(at / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def midnight(day):
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=HANOI).timestamp()) * 1000


def months_later(day, months):
    """The same day so many months later, and whether that month has it; else its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return day.replace(year=year, month=month + 1, day=min(day.day, last)), day.day <= last


def cycle_end(period, start):
    """The exclusive end of the cycle that begins then: a day's, the sixth day's after, the eve of the same day of the
    next month or that month's last day."""
    day = local(start).date()
    if period == "day":
        return midnight(day + datetime.timedelta(days=1))
    if period == "week":
        return midnight(day + datetime.timedelta(days=7))
    then, has_day = months_later(day, 1)
    return midnight(then if has_day else then + datetime.timedelta(days=1))


def periods_later(period, start, periods):
    if period == "month":
        then, _ = months_later(local(start), periods)
        return int(then.timestamp()) * 1000 + start % 1000
    return start + periods * (7 if period == "week" else 1) * DAY


def whole(text):
    """A queueID as a number, where it is one of up to 30 digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,30}", text or "") else None
