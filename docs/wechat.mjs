// As much of WeChat Pay as the purchase in apps.md needs: every order gets a prepay id, and POST /paid says of the last one
// that it was paid. Signs with the key that was made there, and seals with a key that is worth nothing.
import { createCipheriv, createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const [gateway, port, folder] = process.argv.slice(2);
const key = readFileSync(`${folder}/vendor.pem`);
let order;

function signed(body) {
    const [time, nonce] = [Math.floor(Date.now() / 1000), "fake-nonce-of-a-signature"];
    const signature = createSign("RSA-SHA256").update(`${time}\n${nonce}\n${body}\n`).sign(key, "base64");
    return {
        "Content-Type": "application/json",
        "Wechatpay-Serial": "PUB_KEY_ID_FAKE",
        "Wechatpay-Timestamp": `${time}`,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": signature,
    };
}

function notice({ appid, mchid, out_trade_no, amount }) {
    const [transaction_id, success_time] = [`w-${out_trade_no}`, new Date().toISOString()];
    const paid = { appid, mchid, out_trade_no, transaction_id, trade_state: "SUCCESS", success_time, amount };
    const [algorithm, nonce] = ["AEAD_AES_256_GCM", "fake-nonce-0"];
    const cipher = createCipheriv("aes-256-gcm", "fake-api-v3-key-to-try-with-0000", nonce);
    const sealed = [cipher.update(JSON.stringify(paid)), cipher.final(), cipher.getAuthTag()];
    const resource = { algorithm, nonce, ciphertext: Buffer.concat(sealed).toString("base64") };
    return JSON.stringify({ event_type: "TRANSACTION.SUCCESS", resource });
}

createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    if (request.method === "GET") {
        response.end("ready\n");
    } else if (request.url === "/paid") {
        const [method, told] = ["POST", notice(order)];
        const answer = await fetch(`${gateway}/vas/v1/pay/wechat`, { method, body: told, headers: signed(told) });
        response.end(`${await answer.text()}\n`);
    } else {
        order = JSON.parse(body);
        const prepared = JSON.stringify({ prepay_id: "wx-fake-prepay-id" });
        response.writeHead(200, signed(prepared)).end(prepared);
    }
}).listen(port, "127.0.0.1");
