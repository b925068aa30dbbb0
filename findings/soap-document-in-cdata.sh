#!/usr/bin/env bash
# What npm soap hands to a service for a string that is itself an XML document.
#
# Versions   npm soap 1.13.0; PyPI zeep 4.3.3 reads the same message.
# Expected   An element of type xsd:string is a string. CDATA and escaping are two ways to write the same letters, and
#            which letters they are is nobody's business on the way.
# Behaviour  * A string that begins with an XML declaration is parsed and handed over as an object when it was written
#              in CDATA: {"ACCESSGW": {...}} where the same message without the declaration, or escaped, is the string.
#            * Its comments, attributes' places and the declared encoding are gone by then, so the string cannot be made
#              again, and a signature over it cannot be checked.
#            * An element that is there once is a value, one that is there twice a list, as in the message around it.
# Hurts      SDPs and payment systems put the signed document into one string of a SOAP message. The service works in
#            the tests, where the document is short and has no declaration, and raises "is not a function" or refuses
#            every signature when the carrier's own serializer writes one.
set -euo pipefail
export LC_ALL=C.UTF-8
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
export npm_config_cache="$T/cache" npm_config_update_notifier=false PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$T"
timeout 180 npm install --prefix "$T" --no-audit --no-fund --ignore-scripts --loglevel=error soap@1.13.0 >/dev/null || exit 3
python3 -m venv venv
timeout 180 venv/bin/pip install -q zeep==4.3.3 || exit 3
cat > service.wsdl <<'XML'
<definitions name="Notifier" targetNamespace="urn:n" xmlns:t="urn:n" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns="http://schemas.xmlsoap.org/wsdl/">
  <types><xsd:schema targetNamespace="urn:n" elementFormDefault="qualified">
    <xsd:element name="notify"><xsd:complexType><xsd:sequence>
      <xsd:element name="msisdn" type="xsd:string"/><xsd:element name="content" type="xsd:string"/>
    </xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="notifyResponse"><xsd:complexType><xsd:sequence>
      <xsd:element name="result" type="xsd:string"/>
    </xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></types>
  <message name="In"><part name="all" element="t:notify"/></message>
  <message name="Out"><part name="all" element="t:notifyResponse"/></message>
  <portType name="Port"><operation name="notify"><input message="t:In"/><output message="t:Out"/></operation></portType>
  <binding name="Binding" type="t:Port">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="notify"><soap:operation soapAction="notify"/>
      <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
  </binding>
  <service name="Service"><port name="Port" binding="t:Binding"><soap:address location="http://127.0.0.1/s"/></port></service>
</definitions>
XML
cat > cases.json <<'JSON'
[["in CDATA, without a declaration", "<![CDATA[<ACCESSGW><COMMAND><regType>1</regType></COMMAND></ACCESSGW>]]>"],
 ["escaped, with a declaration", "&lt;?xml version=\"1.0\"?>&lt;ACCESSGW>&lt;COMMAND>&lt;regType>1&lt;/regType>&lt;/COMMAND>&lt;/ACCESSGW>"],
 ["in CDATA, with a declaration", "<![CDATA[<?xml version=\"1.0\"?><ACCESSGW><COMMAND><regType>1</regType></COMMAND></ACCESSGW>]]>"],
 ["the same, with a comment and two of a kind", "<![CDATA[<?xml version=\"1.0\"?><ACCESSGW><!-- q 7 --><COMMAND id=\"1\"/><COMMAND id=\"2\"/></ACCESSGW>]]>"]]
JSON
cat > service.js <<'JS'
const fs = require("fs"), http = require("http"), soap = require("soap");
const cases = JSON.parse(fs.readFileSync("cases.json"));
const server = http.createServer();
let got;
soap.listen(server, "/s", { Service: { Port: { notify: (args) => { got = args.content; return { result: "ok" }; } } } }, fs.readFileSync("service.wsdl", "utf8"));
server.listen(0, "127.0.0.1", async () => {
  const rows = [];
  for (const [, content] of cases) {
    got = undefined;
    const body = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><notify xmlns="urn:n"><msisdn>84945989325</msisdn><content>${content}</content></notify></e:Body></e:Envelope>`;
    const answer = await fetch(`http://127.0.0.1:${server.address().port}/s`, { method: "POST", headers: { "Content-Type": "text/xml; charset=utf-8", SOAPAction: "notify" }, body });
    await answer.text();
    rows.push({ status: answer.status, got });
  }
  fs.writeFileSync("got.json", JSON.stringify(rows));
  server.close();
  server.closeAllConnections();
});
JS
timeout 60 node service.js
timeout 120 venv/bin/python - <<'PY'
import json, sys
from importlib.metadata import version
from lxml import etree
from zeep import Client
print("npm soap", json.load(open("node_modules/soap/package.json"))["version"], "PyPI zeep", version("zeep"))
element = Client("service.wsdl").get_element("{urn:n}notify")
DOCUMENT = "<ACCESSGW><COMMAND><regType>1</regType></COMMAND></ACCESSGW>"
EXPECTED = [DOCUMENT, '<?xml version="1.0"?>' + DOCUMENT, {"ACCESSGW": {"COMMAND": {"regType": "1"}}},
            {"ACCESSGW": {"COMMAND": [{"attributes": {"id": "1"}}, {"attributes": {"id": "2"}}]}}]
changed = 0
for (what, content), row, expected in zip(json.load(open("cases.json")), json.load(open("got.json")), EXPECTED, strict=True):
    xml = f'<notify xmlns="urn:n"><msisdn>84945989325</msisdn><content>{content}</content></notify>'
    zeep = element.parse(etree.fromstring(xml), None).content
    print(f"\n{what}\n  zeep: {json.dumps(zeep)}\n  soap: {json.dumps(row['got'])}")
    if row != {"status": 200, "got": expected} or type(zeep) is not str:
        print(f"  CHANGED, was {json.dumps(expected)}")
        changed += 1
sys.exit(1 if changed else 0)
PY
echo "as described"
