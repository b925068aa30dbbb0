#!/bin/sh
# Fills fuzz/corpus from fixtures/: every request body and query that the gateway is known to answer.
# Run again at any time; what the fuzzer has found itself is left alone.
set -eu
cd "$(dirname "$0")"
mkdir -p corpus/xml corpus/params corpus/decode corpus/fold
for case in ../fixtures/*/ ../tests/setups/*/*/; do
    name=$(basename "$case")
    body=$case/request.xml
    if [ -f "$body" ]; then
        # Bodies beyond the fuzzer's usual length only slow it down.
        [ "$(wc -c <"$body")" -le 4096 ] || continue
        cp "$body" "corpus/xml/seed-$name"
        for charset in 0 4; do # in decode: none, windows-1258
            { printf "\\00$charset"; cat "$body"; } >"corpus/decode/seed-$name-$charset"
        done
        { printf '\010'; cat "$body"; } >"corpus/params/seed-$name"
    fi
    query=$case/request.query
    if [ -f "$query" ]; then
        for path in 2 3; do # in params: a form, on the notify and on the check path
            { printf "\\00$path"; tr -d '\n' <"$query"; } >"corpus/params/seed-$name-$path"
        done
    fi
done
# Histories have no fixture form: a few lengths of noise for the fold to start from, the same each time.
for seed in 1 2 3 4 5 6 7 8; do
    awk -v seed="$seed" 'BEGIN { srand(seed); for (i = 0; i < 40 * seed; i++) printf "%c", 1 + int(rand() * 126) }' \
        >"corpus/fold/seed-$seed"
done
for folder in corpus/*; do
    printf '%s: %s files\n' "$folder" "$(find "$folder" -type f | wc -l)"
done
