#!/usr/bin/env bash
# When a payment URL made by npm vnpay is created and when it expires, by VNPAY's clock.
#
# Versions   npm vnpay 2.5.0.
# Expected   VNPAY's times are 14 digits of Vietnam's clock. The package is made for it alone, so that they are right
#            whatever the machine's zone is; or else they are right on a machine that is set to Vietnam's.
# Behaviour  vnp_CreateDate, which it fills in, is the machine's clock plus seven hours: right on a machine in UTC, seven
#            hours ahead on one that is set to Asia/Ho_Chi_Minh. vnp_ExpireDate goes through its dateFormat (another
#            format is refused with a hint to use it), which writes the machine's clock: right in Ho Chi Minh City,
#            seven hours early in UTC. So a URL that is to live a quarter of an hour ends 6 h 45 min before it was
#            created, on either machine, and no setting of TZ makes both right.
#            What it reads is no better: parseDate(vnp_PayDate, "gmt7") is off by 14 hours in UTC, by 7 in Vietnam.
# Hurts      Whoever sells packages by VNPAY: customers are told that the transaction has timed out before they see it,
#            and setting the container's TZ, the first thing that comes to mind, only moves the fault to the other date.
# Remedy     Both dates by oneself, in Vietnam's zone; a vnp_CreateDate that is given is taken. Shown last.
set -euo pipefail
export LC_ALL=C
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export npm_config_cache="$T/cache" npm_config_update_notifier=false
cd "$T"
timeout 180 npm install --prefix "$T" --no-audit --no-fund --ignore-scripts --loglevel=error vnpay@2.5.0 >/dev/null || exit 3
cat > pay.js <<'JS'
const { VNPay, dateFormat, parseDate } = require("vnpay");
const vnpay = new VNPay({ tmnCode: "TRY00001", secureSecret: "no-secret-to-try-with", vnpayHost: "https://pay.example", testMode: true, enableLog: false });
const asked = { vnp_Amount: 3000, vnp_IpAddr: "192.0.2.1", vnp_TxnRef: "order-1", vnp_OrderInfo: "Cloud 1 day", vnp_ReturnUrl: "https://shop.example/back" };
// 14 digits of Vietnam's clock as an instant, and back.
const instant = (digits) => Date.parse(String(digits).replace(/(....)(..)(..)(..)(..)(..)/, "$1-$2-$3T$4:$5:$6+07:00"));
const digits = (ms) => Number(new Date(ms + 7 * 3600e3).toISOString().replace(/\D/g, "").slice(0, 14));
const now = Date.now();
const minutes = (ms) => Math.round(ms / 60e3);
const dates = (more) => {
  const url = new URL(vnpay.buildPaymentUrl({ ...asked, ...more }));
  return ["vnp_CreateDate", "vnp_ExpireDate"].map((name) => minutes(instant(url.searchParams.get(name)) - now));
};
const later = now + 15 * 60e3;
let refused;
try { dates({ vnp_ExpireDate: "2026-03-02T10:19:05" }); } catch (error) { refused = error.message; }
console.log(JSON.stringify({
  made: dates({ vnp_ExpireDate: dateFormat(new Date(later)) }),
  refused,
  paid: minutes(parseDate(20260302100405, "gmt7").getTime() - instant(20260302100405)),
  byhand: dates({ vnp_CreateDate: digits(now), vnp_ExpireDate: digits(later) }),
}));
JS
for zone in UTC Asia/Ho_Chi_Minh; do TZ=$zone timeout 60 node pay.js > "got-${zone##*/}.json"; done
timeout 60 python3 - <<'PY'
import json, sys
print("npm vnpay", json.load(open("node_modules/vnpay/package.json"))["version"])
changed = 0
def see(what, got, expected):
    global changed
    print(f"  {what}: {got}" + ("" if got == expected else f"   CHANGED, was {expected}"))
    changed += got != expected
for zone, created, expires, paid in (("UTC", 0, -405, 840), ("Ho_Chi_Minh", 420, 15, 420)):
    got = json.load(open(f"got-{zone}.json"))
    print(f"\nTZ {zone}: minutes from now, of a URL that is made now and is to live 15 minutes")
    see("vnp_CreateDate, filled in", got["made"][0], created)
    see("vnp_ExpireDate, by dateFormat", got["made"][1], expires)
    see("a date that did not go through it", got["refused"], "Invalid vnp_ExpireDate format. Use `dateFormat` utility function to format it")
    see('parseDate(vnp_PayDate, "gmt7"), minutes off', got["paid"], paid)
    see("both by hand, in Vietnam's zone", got["byhand"], [0, 15])
sys.exit(1 if changed else 0)
PY
echo "as described"
