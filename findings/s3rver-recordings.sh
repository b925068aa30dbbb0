#!/usr/bin/env bash
# What s3rver keeps of a stream, and lists of a folder, with today's AWS SDK.
#
# Versions   npm s3rver 3.7.1, @aws-sdk/client-s3 3.1175.0, what each brings; PyPI moto 5.2.5 beside it, asked the same
#            by the same client.
# Expected   What was put is got again, byte for byte, or the put fails. Keys are listed in the order of their bytes, as
#            S3 does, so that a list can be walked on from the last key that was seen.
# Behaviour  * A body that is a Buffer is kept as it was put. One that is a stream is kept with the frames and the
#              checksum of its transfer around it: 13 bytes become 54, that begin with `d` and a line end. Put and get
#              say 200, the ETag is the MD5 of the damaged bytes, and the SDK, which checks sums by itself, says nothing.
#            * Keys are listed folder by folder: cam-1/a before cam-1-x/a, though `-` comes before `/`. What is walked
#              on by StartAfter is compared by bytes all the same: of six keys, two at a time, three never come.
# Hurts      Whoever tests a recorder against it. Segments that are uploaded from memory play, those that are uploaded
#            from a file or a camera's connection do not; a sweep of old recordings, or a comparison of index and objects,
#            passes over cameras whose names begin alike. The real store does neither, so that the test is what is wrong.
set -euo pipefail
export LC_ALL=C.UTF-8 NODE_NO_WARNINGS=1
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export npm_config_cache="$T/cache" npm_config_update_notifier=false PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$T"
timeout 240 npm install --prefix "$T" --no-audit --no-fund --ignore-scripts --loglevel=error s3rver@3.7.1 @aws-sdk/client-s3@3.1175.0 >/dev/null || exit 3
python3 -m venv venv
timeout 240 venv/bin/pip install -q 'moto[server,s3]==5.2.5' || exit 3
cat > ask.js <<'JS'
const { createHash } = require("crypto"), { Readable } = require("stream");
const { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand, ListObjectsV2Command } = require("@aws-sdk/client-s3");
const BODY = "hello segment";
const KEYS = ["cam-1/a", "cam-1-x/a", "cam-10/a", "cam-1.ts", "cam-1/b/c", "cam-1/b-c"];
async function ask(endpoint) {
  const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
  const s3 = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1, credentials });
  const send = (command, input) => s3.send(new command({ Bucket: "recordings", ...input }));
  const got = {};
  await send(CreateBucketCommand, {});
  for (const [Key, Body] of [["memory", Buffer.from(BODY)], ["stream", Readable.from([Buffer.from(BODY)])]]) {
    const put = await send(PutObjectCommand, { Key, Body, ContentLength: BODY.length });
    const back = await send(GetObjectCommand, { Key });
    const bytes = await back.Body.transformToString();
    const md5 = createHash("md5").update(bytes).digest("hex");
    got[Key] = { put: put.$metadata.httpStatusCode, get: back.$metadata.httpStatusCode, length: bytes.length, first: bytes.split("\r\n")[0], etagIsMd5: put.ETag === `"${md5}"` };
  }
  for (const key of KEYS) await send(PutObjectCommand, { Key: `keys/${key}`, Body: Buffer.from("x") });
  const keys = (list) => (list.Contents || []).map((o) => o.Key.slice(5));
  got.list = keys(await send(ListObjectsV2Command, { Prefix: "keys/" }));
  got.walked = [];
  for (let StartAfter = "keys/"; ; StartAfter = `keys/${got.walked.at(-1)}`) {
    const two = keys(await send(ListObjectsV2Command, { Prefix: "keys/", StartAfter })).slice(0, 2);
    if (two.length === 0) break;
    got.walked.push(...two);
  }
  return got;
}
(async () => {
  const S3rver = require("s3rver");
  const server = new S3rver({ port: 0, address: "127.0.0.1", silent: true, directory: "objects" });
  const { port } = await server.run();
  const got = { s3rver: await ask(`http://127.0.0.1:${port}`), moto: await ask(process.argv[2]) };
  require("fs").writeFileSync("got.json", JSON.stringify(got));
  process.exit(0);
})();
JS
timeout 180 venv/bin/python - <<'PY'
import json, logging, subprocess, sys
from importlib.metadata import version
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
try:
    subprocess.run(["node", "ask.js", f"http://127.0.0.1:{port}"], check=True, timeout=120)
finally:
    server.stop()
for name in ("s3rver", "@aws-sdk/client-s3"):
    print("npm", name, json.load(open(f"node_modules/{name}/package.json"))["version"])
print("PyPI moto", version("moto"))
changed = 0
def see(what, got, expected):
    global changed
    print(f"  {what}: {json.dumps(got)}" + ("" if got == expected else f"   CHANGED, was {json.dumps(expected)}"))
    changed += got != expected
got = json.load(open("got.json"))
whole = {"put": 200, "get": 200, "length": 13, "first": "hello segment", "etagIsMd5": True}
keys = ["cam-1-x/a", "cam-1.ts", "cam-1/a", "cam-1/b-c", "cam-1/b/c", "cam-10/a"]
print("\nmoto")
see("from memory", got["moto"]["memory"], whole)
see("from a stream", got["moto"]["stream"], whole)
see("listed", got["moto"]["list"], keys)
see("walked two by two", got["moto"]["walked"], keys)
print("\ns3rver")
see("from memory", got["s3rver"]["memory"], whole)
see("from a stream", got["s3rver"]["stream"], {**whole, "length": 54, "first": "d"})
see("listed", got["s3rver"]["list"], ["cam-1/a", "cam-1/b/c", "cam-1/b-c", "cam-1-x/a", "cam-1.ts", "cam-10/a"])
see("walked two by two", got["s3rver"]["walked"], ["cam-1/a", "cam-1/b/c", "cam-10/a"])
sys.exit(1 if changed else 0)
PY
echo "as described"
