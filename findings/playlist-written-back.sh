#!/usr/bin/env bash
# What a playlist says after a library has read it and written it back, nothing changed in between.
#
# Versions   npm hls-parser 0.16.1, PyPI m3u8 6.0.0; npm m3u8-parser 7.2.0 reads what both wrote.
# Expected   The same segments, the same keys, the same marks; at worst another order of lines that means the same.
# Behaviour  * Both write EXT-X-KEY before an EXT-X-MAP that stood before it. A key counts for what follows it (RFC 8216,
#              4.3.2.4), so an initialization section in the clear is now one that is to be decrypted.
#            * hls-parser makes a segment of an EXT-X-DATERANGE after the last one, with an empty URI and no duration:
#              a count is one too high, the sum of durations NaN. Written back with a MAP in force, the list gains
#              `#EXT-X-KEY:METHOD=undefined,URI="<the MAP's>"`. m3u8 drops that DATERANGE.
#            * Of two DATERANGEs before one segment hls-parser keeps the last.
# Hurts      A gateway that only signs the URIs of a camera's list: players are told to decrypt an initialization section
#            that is in the clear, a total shows NaN, and marks (motion, a person) are gone, all without an error.
set -euo pipefail
export LC_ALL=C.UTF-8
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export npm_config_cache="$T/cache" npm_config_update_notifier=false PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$T"
timeout 180 npm install --prefix "$T" --no-audit --no-fund --ignore-scripts --loglevel=error hls-parser@0.16.1 m3u8-parser@7.2.0 >/dev/null || exit 3
python3 -m venv venv
timeout 180 venv/bin/pip install -q m3u8==6.0.0 || exit 3
cat > key.m3u8 <<'LIST'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXT-X-KEY:METHOD=AES-128,URI="key-1",IV=0x0000000000000000000000000000000f
#EXTINF:4.000,
1.mp4
#EXTINF:3.000,
2.mp4
#EXT-X-ENDLIST
LIST
cat > marks.m3u8 <<'LIST'
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-03-01T08:00:00.000Z
#EXT-X-DATERANGE:ID="motion-1",START-DATE="2026-03-01T08:00:00.500Z",DURATION=1
#EXT-X-DATERANGE:ID="motion-2",START-DATE="2026-03-01T08:00:02.500Z",DURATION=1
#EXTINF:4.000,
1.mp4
#EXTINF:3.000,
2.mp4
#EXT-X-DATERANGE:ID="motion-3",START-DATE="2026-03-01T08:00:05.000Z",DURATION=1
#EXT-X-ENDLIST
LIST
cat > write-back.js <<'JS'
const fs = require("fs"), hls = require("hls-parser");
const out = {};
for (const name of ["key", "marks"]) {
  const list = hls.parse(fs.readFileSync(`${name}.m3u8`, "utf8"));
  fs.writeFileSync(`${name}.hls-parser.m3u8`, hls.stringify(list));
  out[name] = { uris: list.segments.map((s) => s.uri), sum: String(list.segments.reduce((a, s) => a + s.duration, 0)) };
}
console.log(JSON.stringify(out));
JS
timeout 60 node write-back.js > hls-parser.json
timeout 60 venv/bin/python - <<'PY'
import m3u8
for name in ("key", "marks"):
    with open(f"{name}.m3u8.m3u8", "w") as f:
        f.write(m3u8.load(f"{name}.m3u8").dumps())
PY
cat > read.js <<'JS'
const fs = require("fs"), { Parser } = require("m3u8-parser");
const out = {};
for (const file of process.argv.slice(2)) {
  const p = new Parser();
  p.push(fs.readFileSync(file, "utf8"));
  p.end();
  const m = p.manifest;
  out[file] = {
    segments: m.segments.length,
    map: m.segments[0].map.key ? `decrypted with ${m.segments[0].map.key.uri}` : "in the clear",
    marks: (m.dateRanges || []).map((d) => d.id),
  };
}
console.log(JSON.stringify(out));
JS
timeout 60 node read.js key.m3u8 key.hls-parser.m3u8 key.m3u8.m3u8 marks.m3u8 marks.hls-parser.m3u8 marks.m3u8.m3u8 > read.json
timeout 60 venv/bin/python - <<'PY'
import json, sys
from importlib.metadata import version
for name in ("hls-parser", "m3u8-parser"):
    print("npm", name, json.load(open(f"node_modules/{name}/package.json"))["version"])
print("PyPI m3u8", version("m3u8"))
changed = 0
def see(what, got, expected):
    global changed
    print(f"{what}: {got}" + ("" if got == expected else f"   CHANGED, was {expected}"))
    changed += got != expected
read, parsed = json.load(open("read.json")), json.load(open("hls-parser.json"))
print("\ninitialization section before the key")
see("  as made", read["key.m3u8"]["map"], "in the clear")
see("  after hls-parser", read["key.hls-parser.m3u8"]["map"], "decrypted with key-1")
see("  after m3u8", read["key.m3u8.m3u8"]["map"], "decrypted with key-1")
print("\nmarks, two before the first segment and one after the last")
see("  as made", read["marks.m3u8"]["marks"], ["motion-1", "motion-2", "motion-3"])
see("  after hls-parser", read["marks.hls-parser.m3u8"]["marks"], ["motion-2", "motion-3"])
see("  after m3u8", read["marks.m3u8.m3u8"]["marks"], ["motion-1", "motion-2"])
print("\nhls-parser's segments")
see("  list without marks", parsed["key"], {"uris": ["1.mp4", "2.mp4"], "sum": "7"})
see("  list with marks", parsed["marks"], {"uris": ["1.mp4", "2.mp4", ""], "sum": "NaN"})
keys = [line.rstrip("\n") for line in open("marks.hls-parser.m3u8") if "EXT-X-KEY" in line]
see("  keys that it wrote into the list that has none", keys, ['#EXT-X-KEY:METHOD=undefined,URI="init.mp4"'])
sys.exit(1 if changed else 0)
PY
echo "as described"
