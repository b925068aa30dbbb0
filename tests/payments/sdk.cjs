// Does what it is asked with the SDKs from npm: a list of [what, arguments] on standard input, a list of what came of each
// on standard output.
const { createRequire } = require('node:module');
const need = createRequire(`${process.env.SDKS}/`);
const { AlipaySdk } = need('alipay-sdk');
const Pay = need('wechatpay-node-v3');

const alipay = (a) => new AlipaySdk({ appId: a.app_id, privateKey: a.private, alipayPublicKey: a.public });
const wechat = (a) => new Pay({
  appid: a.app_id, mchid: a.mch_id, serial_no: a.serial_no, privateKey: a.private, publicKey: Buffer.from(a.own || '-'),
  key: a.api_v3_key,
});

// An order string at a time of ours.
function order(a) {
  const Real = Date;
  global.Date = class extends Real { constructor(...at) { super(...(at.length ? at : [a.now_ms])); } };
  try {
    const fields = { notifyUrl: a.notify_url, format: 'JSON', bizContent: a.content };
    return alipay(a).sdkExecute('alipay.trade.app.pay', fields);
  } finally {
    global.Date = Real;
  }
}

async function callback(a) {
  Pay.certificates = { [a.headers['wechatpay-serial']]: a.public };
  const of = (name) => a.headers[`wechatpay-${name}`];
  const verified = await wechat(a).verifySign({
    timestamp: of('timestamp'), nonce: of('nonce'), serial: of('serial'), signature: of('signature'), body: a.body,
  });
  const { ciphertext, associated_data, nonce } = JSON.parse(a.body).resource;
  return verified && wechat(a).decipher_gcm(ciphertext, associated_data || '', nonce);
}

const does = {
  'alipay.order': order,
  'alipay.verify': (a) => alipay(a).checkNotifySignV2(a.fields),
  'wechat.request_sign': (a) => wechat(a).getSignature('POST', a.nonce, a.timestamp, a.path, a.body),
  'wechat.sign': (a) => wechat(a).sign(a.text),
  'wechat.callback': callback,
};

let input = '';
process.stdin.on('data', (some) => { input += some; });
process.stdin.on('end', async () => {
  const answers = [];
  for (const [what, a] of JSON.parse(input)) {
    try {
      answers.push(await does[what](a));
    } catch (error) {
      answers.push({ raised: String(error) });
    }
  }
  process.stdout.write(JSON.stringify(answers));
});
