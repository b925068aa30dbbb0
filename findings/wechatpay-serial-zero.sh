#!/usr/bin/env bash
# What WeChat Pay SDKs call a certificate whose serial number begins with a zero digit.
#
# Versions   PyPI wechatpayv3 2.0.4; npm wechatpay-node-v3 2.2.1; openssl of the machine, any 3.x, beside them.
# Expected   WeChat names a certificate by its serial number, 40 hexadecimal digits in capitals, as openssl prints it, and
#            a SDK that reads the serial out of the certificate comes to the same text.
# Behaviour  * Python sends `Wechatpay-Serial: A1B2…` for `0A1B2…` with every call whose names are encrypted: it writes
#              the number without the zero before it.
#            * npm's getSN keeps the zero and writes small letters, `0a1b2…`; that is the `serial_no` that it signs its
#              calls with when it is given none.
#            * A serial that begins with another digit and has none of A to F is the same in all three, so a test with
#              one certificate may show nothing.
# Hurts      Serials of 20 bytes have their first bit clear, so about one certificate in eight begins with a zero. A
#            merchant moves to a new one, and calls with encrypted names bear a serial that is none of WeChat's; maps of
#            keys by serial, filled by one of these and asked by a callback's header, find nothing.
# Remedy     Compare serials as numbers, or in capitals without zeros before them; send what WeChat's console shows.
set -euo pipefail
export LC_ALL=C.UTF-8
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export npm_config_cache="$T/cache" npm_config_update_notifier=false
cd "$T"
timeout 180 npm install --prefix "$T" --no-audit --no-fund --ignore-scripts --loglevel=error wechatpay-node-v3@2.2.1 >/dev/null || exit 3
python3 -m venv "$T/python" || exit 3
timeout 180 "$T/python/bin/pip" install --quiet --disable-pip-version-check wechatpayv3==2.0.4 requests==2.34.2 \
    cryptography==50.0.2 || exit 3
openssl version

cat > named.cjs <<'JS'
const fs = require("fs"), Pay = require("wechatpay-node-v3");
const [, , certificate, key] = process.argv;
const publicKey = fs.readFileSync(certificate), privateKey = fs.readFileSync(key);
process.stdout.write(new Pay({ appid: "wx0", mchid: "1900000001", publicKey, privateKey }).serial_no);
JS
cat > named.py <<'PY'
import http.server, sys, threading
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType

sent = []

class Double(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        sent.append(self.headers["Wechatpay-Serial"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Double)
threading.Thread(target=server.serve_forever, daemon=True).start()
core = Core("1900000001", "0", open(sys.argv[2]).read(), "0" * 32, cert_dir=sys.argv[3], timeout=10)
core._gate_way = f"http://127.0.0.1:{server.server_port}"
core.request("/v3/transfer", RequestType.POST, data={"user_name": "x"}, skip_verify=True, cipher_data=True)
print(sent[0], end="")
PY

changed=0
# Takes a serial, and what openssl, Python and npm are expected to call it.
named() {
    mkdir "$1"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -subj /CN=x -days 30 -set_serial "0x$1" -out "$1/c.pem" 2>/dev/null
    local serial python node
    serial=$(openssl x509 -in "$1/c.pem" -noout -serial)
    python=$(timeout 60 python/bin/python -W ignore named.py "$1/c.pem" key.pem "$1")
    node=$(timeout 60 node named.cjs "$1/c.pem" key.pem)
    printf '%s\n  openssl      %s\n  wechatpayv3  %s\n  npm          %s\n' "$1" "${serial#serial=}" "$python" "$node"
    if [ "${serial#serial=} $python $node" != "$2 $3 $4" ]; then
        echo "  CHANGED: it was $2 $3 $4"
        changed=1
    fi
}
named 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567 \
    0A1B2C3D4E5F60718293A4B5C6D7E8F901234567 A1B2C3D4E5F60718293A4B5C6D7E8F901234567 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567
named 5157092345678901234567890123456789012345 \
    5157092345678901234567890123456789012345 5157092345678901234567890123456789012345 5157092345678901234567890123456789012345
exit "$changed"
