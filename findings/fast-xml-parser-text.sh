#!/usr/bin/env bash
# What fast-xml-parser makes of the text of an element.
#
# Versions   npm fast-xml-parser 5.12.1; Python's xml.etree (expat) beside it, as any XML 1.0 processor reads the same.
# Expected   An element's text is its text: character references are XML itself, CDATA is another way to write the same
#            letters, and a type may be guessed, but one type for one field.
# Behaviour  * `&#273;` and `&#10;` stay as written, also with every conversion switched off; only htmlEntities: true
#              turns them into letters. Written back by its own builder they are `&amp;#273;`.
#            * Trimming, on by default, is done to each piece between CDATA marks and not to the whole: the blanks
#              inside `DK <![CDATA[L1]]> 30` are lost, and the command is `DKL130`. A lone CDATA keeps its blanks.
#            * Codes that look like numbers are numbers, in CDATA too: package `1E3` is 1000, `0x1F` is 31, `007` is 7.
#            * A queue number is a number as long as no digit of it would change, else a string: 9007199254740992 is the
#              one, 9007199254740993 the other, so strict comparisons and maps of one field see two types.
# Hurts      A Node service behind a carrier's XML: subscriber-facing texts with `&#7907;` in them, SMS commands and
#            package codes that match nothing in the catalogue, replies whose echoed code is not the one sent.
# Remedy     {parseTagValue: false, trimValues: false, htmlEntities: true}; shown last, and equal to expat.
set -euo pipefail
export LC_ALL=C.UTF-8
VERSION=5.12.1
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export npm_config_cache="$T/cache" npm_config_update_notifier=false
cd "$T"
timeout 180 npm install --prefix "$T" --no-audit --no-fund --ignore-scripts --loglevel=error "fast-xml-parser@$VERSION" >/dev/null || exit 3
cat > cases.json <<'JSON'
[["errorDesc", "Kh&#244;ng &#273;&#432;&#7907;c"],
 ["errorDesc", "line 1&#10;line 2"],
 ["commandcode", "DK <![CDATA[L1]]> 30"],
 ["commandcode", "<![CDATA[ DK ]]>"],
 ["packageCode", "1E3"],
 ["packageCode", "0x1F"],
 ["packageCode", "<![CDATA[007]]>"],
 ["queueID", "9007199254740992"],
 ["queueID", "9007199254740993"]]
JSON
cat > read.js <<'JS'
const fs = require("fs"), { XMLParser, XMLBuilder } = require("fast-xml-parser");
const version = JSON.parse(fs.readFileSync("node_modules/fast-xml-parser/package.json")).version;
const ways = {
  default: {},
  text: { parseTagValue: false },
  remedy: { parseTagValue: false, trimValues: false, htmlEntities: true },
};
const rows = JSON.parse(fs.readFileSync("cases.json")).map(([name, inner]) => {
  const xml = `<COMMAND><${name}>${inner}</${name}></COMMAND>`;
  const row = { xml };
  for (const [way, options] of Object.entries(ways)) row[way] = new XMLParser(options).parse(xml).COMMAND[name];
  row.back = new XMLBuilder().build(new XMLParser(ways.text).parse(xml));
  return row;
});
console.log(JSON.stringify({ version, rows }));
JS
timeout 60 node read.js > got.json
timeout 60 python3 - "$VERSION" <<'PY'
import json, sys
import xml.etree.ElementTree as E
got = json.load(open("got.json"))
assert got["version"] == sys.argv[1], got["version"]
print("fast-xml-parser", got["version"])
REF = "Kh&#244;ng &#273;&#432;&#7907;c"
# by default, with parseTagValue: false
EXPECTED = [(REF, REF), ("line 1&#10;line 2",) * 2, ("DKL130", "DKL130"), (" DK ", " DK "),
            (1000, "1E3"), (31, "0x1F"), (7, "007"), (9007199254740992, "9007199254740992"),
            ("9007199254740993",) * 2]
changed = 0
for row, (default, text) in zip(got["rows"], EXPECTED, strict=True):
    expat = E.fromstring(row["xml"])[0].text
    show = lambda v: json.dumps(v, ensure_ascii=False)
    print(f"\n{row['xml']}\n  expat {show(expat)}\n  default {show(row['default'])}\n"
          f"  parseTagValue: false {show(row['text'])}\n  remedy {show(row['remedy'])}")
    same = lambda a, b: type(a) is type(b) and a == b
    if not (same(row["default"], default) and same(row["text"], text) and same(row["remedy"], expat)):
        print("  CHANGED")
        changed += 1
back = got["rows"][1]["back"]
print("\nwritten back:", back)
if "line 1&amp;#10;line 2" not in back:
    print("  CHANGED")
    changed += 1
sys.exit(1 if changed else 0)
PY
echo "as described"
