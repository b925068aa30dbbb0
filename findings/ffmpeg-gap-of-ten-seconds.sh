#!/usr/bin/env bash
# How long a recording with a gap in it is, once ffmpeg has made one file of its playlist.
#
# Versions   Debian 12: ffmpeg 5.1.9 (ffprobe and ffmpeg).
# Expected   EXT-X-DISCONTINUITY says that time stamps begin anew. So the file lasts as long as the list says, the sum
#            of its EXTINF, or as long as the clock on the wall went, gap and all; one of the two, whatever the gap is.
# Behaviour  A gap of up to ten seconds stays in the file, one above it is taken out: 8 s of recordings with 9 s between
#            them make a file of 17 s, with 11 s between them one of 8 s. With -c copy as with encoding, in MP4 as in TS.
#            Each gap is judged by itself: two gaps of 9 s make 26 s of 8 s. ffprobe says 8 s of each list.
# Hurts      Whoever offers a day of motion recordings as one file: its length is neither the recorded time nor the time
#            of day, the picture stands still in short gaps and jumps over long ones, and no offset into the file can be
#            told from a time. A test with one gap, long or short, finds the rule that it expects.
set -euo pipefail
export LC_ALL=C
got=$(dpkg-query -W -f '${Version}' ffmpeg) || { echo "not installed: ffmpeg" >&2; exit 2; }
echo "ffmpeg $got"
case $got in 7:5.1.9[-+]*) ;; *) echo "this is about ffmpeg 5.1.9" >&2; exit 2 ;; esac
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cd "$T"
run() { timeout 60 ffmpeg -nostdin -v error -y "$@"; }
segment() { # name, begins at this second
  run -f lavfi -i testsrc=s=160x120:r=10 -f lavfi -i sine=440 -t 2 -c:v mpeg2video -g 10 -c:a mp2 -output_ts_offset "$2" -f mpegts "$1.ts"
}
list() { # name, seconds of the gaps
  local name=$1 at=4 nth=0 gap; shift
  { printf '%s\n' '#EXTM3U' '#EXT-X-VERSION:3' '#EXT-X-TARGETDURATION:2' '#EXT-X-MEDIA-SEQUENCE:0' '#EXTINF:2.0,' 0.ts '#EXTINF:2.0,' 2.ts
    for gap in "$@"; do
      nth=$((nth + 1)); at=$((at + gap))
      segment "$name-$nth" "$at"
      printf '%s\n' '#EXT-X-DISCONTINUITY' '#EXTINF:2.0,' "$name-$nth.ts"
      at=$((at + 2))
    done
    if [ $# = 1 ]; then segment "$name-9" "$at"; printf '%s\n' '#EXTINF:2.0,' "$name-9.ts"; fi
    echo '#EXT-X-ENDLIST'; } > "$name.m3u8"
}
seconds() { timeout 30 ffprobe -v error -show_entries format=duration -of csv=p=0 "$1" | python3 -c 'print(round(float(input())))'; }
changed=0
see() { # what, got, expected
  if [ "$2" = "$3" ]; then echo "  $1: $2 s"; else echo "  $1: $2 s   CHANGED, was $3 s"; changed=1; fi
}
segment 0 0
segment 2 2
try() { # seconds of the file, gaps
  local expected=$1; shift
  echo "8 s of recordings, gaps: $* s"
  list list "$@"
  see "the list, by ffprobe" "$(seconds list.m3u8)" 8
  for end in ts mp4; do run -i list.m3u8 -c copy "copied.$end"; see "-c copy to $end" "$(seconds "copied.$end")" "$expected"; done
  run -i list.m3u8 encoded.mp4
  see "encoded to mp4" "$(seconds encoded.mp4)" "$expected"
}
try 9 1
try 17 9
try 8 11
try 8 3600
try 26 9 9
try 17 9 3600
if [ "$changed" != 0 ]; then exit 1; fi
echo "as described"
