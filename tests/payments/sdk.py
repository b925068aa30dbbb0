"""Does what it is asked with the SDKs from PyPI: a list of [what, arguments] on standard input, a list of what came of
each on standard output. What a vendor would do, such as sealing, is done with the library that its SDK opens with."""
import json
import logging
import os
import sys
import tempfile
from base64 import b64encode

from alipay import AliPay
from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.domain.AlipayTradeAppPayModel import AlipayTradeAppPayModel
from alipay.aop.api.request.AlipayTradeAppPayRequest import AlipayTradeAppPayRequest
from alipay.aop.api.util import SignatureUtils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from wechatpayv3 import utils
from wechatpayv3.core import Core

logging.disable(logging.CRITICAL)


def alipay(a):
    return AliPay(a['app_id'], app_private_key_string=a['private'], alipay_public_key_string=a['public'])


def aop_order(a):
    """alipay-sdk-python's own order string of an order."""
    settings = AlipayClientConfig()
    settings.app_id, settings.app_private_key = a['app_id'], a['private']
    model = AlipayTradeAppPayModel()
    for name, value in a['content'].items():
        setattr(model, name, value)
    request = AlipayTradeAppPayRequest(biz_model=model)
    request.notify_url = a['notify_url']
    return DefaultAlipayClient(settings).sdk_execute(request)


def wechat(a):
    if 'certificate' not in a:
        return Core(a['mch_id'], a['serial_no'], a['private'], a['api_v3_key'], public_key=a['public'],
                    public_key_id=a['serial'])
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'certificate.pem'), 'w', encoding='ascii') as file:
            file.write(a['certificate'])
        return Core(a['mch_id'], a['serial_no'], a['private'], a['api_v3_key'], cert_dir=folder)


def authorization(a):
    utils.time.time = lambda: a['timestamp']
    key = utils.load_private_key(a['private'])
    return utils.build_authorization(a['path'], 'POST', a['mch_id'], a['serial_no'], key, a['body'], a['nonce'])


def seal(a):
    sealed = AESGCM(a['key'].encode()).encrypt(a['nonce'].encode(), a['plain'].encode(), a['with'].encode())
    return b64encode(sealed).decode()


DOES = {
    'alipay.sign': lambda a: alipay(a)._sign(a['text']),
    'alipay.order': lambda a: alipay(a).sign_data(dict(a['fields'])),
    'alipay.verify': lambda a: alipay(a).verify(dict(a['fields']), a['sign']),
    'aop.sign': lambda a: SignatureUtils.sign_with_rsa2(a['private'], a['text'], 'utf-8'),
    'aop.verify': lambda a: SignatureUtils.verify_with_rsa(a['public'], a['text'].encode(), a['sign']),
    'aop.order': aop_order,
    'wechat.sign': lambda a: utils.rsa_sign(utils.load_private_key(a['private']), a['text']),
    'wechat.authorization': authorization,
    'wechat.app_sign': lambda a: wechat(a).sign(a['parts']),
    'wechat.callback': lambda a: wechat(a).callback(a['headers'], a['body']),
    'seal': seal,
}


def do(what, arguments):
    try:
        return DOES[what](arguments)
    except Exception as error:  # whatever an SDK raises is an answer
        return {'raised': f'{type(error).__name__}: {error}'}


json.dump([do(*job) for job in json.load(sys.stdin)], sys.stdout)
