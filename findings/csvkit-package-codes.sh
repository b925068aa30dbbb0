#!/usr/bin/env bash
# What csvkit makes of package codes when it only sorts, joins or converts a file of a carrier's rows.
#
# Versions   PyPI csvkit 2.2.0 with agate 1.14.2, pytimeparse 1.1.10, parsedatetime 2.6; Python 3.
# Expected   A tool for CSV may take digits for numbers, so a telephone number loses its leading 0 (its manual says so,
#            and where to look). A column of text stays text: sorting rows changes their order and nothing else.
# Behaviour  A column whose values all read as spans of time becomes one: packages 1D, 7D, 30D are written back as
#            "1 day, 0:00:00", "7 days, 0:00:00", "30 days, 0:00:00", and 2h as 2:00:00. Channels Y and N, or T and F,
#            are True and False. Words that read as dates are dates: MAY is 0001-05-01. One value that does not fit (L1)
#            leaves the whole column alone, so that one day's file is sorted unharmed and the next day's is not. csvjson
#            writes numbers of subscribers as 84945989325.0. All of it ends with status 0 and says nothing.
# Hurts      Whoever sorts or joins the day's CDR file before it is reconciled or loaded: no row of it matches the
#            catalogue any more, and it began when the last odd package code was withdrawn.
# Remedy     --no-inference of csvsort, csvjoin, csvjson; shown last.
set -euo pipefail
export LC_ALL=C.UTF-8 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T"
python3 -m venv venv
timeout 300 venv/bin/pip install -q csvkit==2.2.0 agate==1.14.2 pytimeparse==1.1.10 parsedatetime==2.6 || exit 3
printf '%s\n' 'msisdn|package|channel|word' '84945989325|7D|Y|MAY' '84912555755|1D|N|MAY' '84912000001|30D|Y|MAY' > today.csv
printf '%s\n' 'msisdn|package|channel|word' '84945989325|7D|Y|MAY' '84912555755|L1|N|DK' '84912000001|30D|SMS|MAY' > odd.csv
timeout 180 venv/bin/python - <<'PY'
import csv, io, json, subprocess, sys
from importlib.metadata import version
print("csvkit", version("csvkit"), "agate", version("agate"))
changed = 0
def run(*command):
    done = subprocess.run(["venv/bin/" + command[0], *command[1:]], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr, done.stdout
def see(what, got, expected):
    global changed
    print(f"  {what}: {got}" + ("" if got == expected else f"   CHANGED, was {expected}"))
    changed += got != expected
def columns(out):
    rows = list(csv.reader(io.StringIO(out)))
    return {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}
LINES = {name: open(name).read() for name in ("today.csv", "odd.csv")}
SPANS = ["30 days, 0:00:00", "1 day, 0:00:00", "7 days, 0:00:00"]
def sorted_by(name, *options):
    code, err, out = run("csvsort", "-d", "|", "-c", "msisdn", *options, name)
    see("status, said", (code, err), (0, ""))
    return columns(out)
print("\ntoday's file\n" + LINES["today.csv"] + "csvsort -d '|' -c msisdn")
got = sorted_by("today.csv")
see("package", got["package"], SPANS)
see("channel", got["channel"], ["True", "False", "True"])
see("word", got["word"], ["0001-05-01"] * 3)
print("\na file with one package and one channel that do not fit\n" + LINES["odd.csv"] + "csvsort -d '|' -c msisdn")
got = sorted_by("odd.csv")
see("package", got["package"], ["30D", "L1", "7D"])
see("channel", got["channel"], ["SMS", "N", "Y"])
see("word", got["word"], ["MAY", "DK", "MAY"])
print("\ncsvjoin of today's file with itself")
code, err, out = run("csvjoin", "-d", "|", "-c", "msisdn", "today.csv", "today.csv")
see("status, said", (code, err), (0, ""))
see("package", columns(out)["package"], SPANS[2:] + SPANS[1:2] + SPANS[:1])
print("\ncsvjson of today's file")
code, err, out = run("csvjson", "-d", "|", "today.csv")
see("status, said", (code, err), (0, ""))
see("first row", out[:out.index("}") + 1].lstrip("["),
    '{"msisdn": 84945989325.0, "package": "7 days, 0:00:00", "channel": true, "word": "0001-05-01"}')
print("\ncsvsort --no-inference")
got = sorted_by("today.csv", "--no-inference")
see("package", got["package"], ["30D", "1D", "7D"])
see("channel", got["channel"], ["Y", "N", "Y"])
see("word", got["word"], ["MAY"] * 3)
sys.exit(1 if changed else 0)
PY
echo "as described"
