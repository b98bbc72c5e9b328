"""Runs the tasks of callback_interop.rs with wechatpy: each task is a line of JSON, and so is each answer."""

import json
import sys

import xmltodict
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import WeChatCrypto


def check_url(crypto, task):
    echo = crypto.check_signature(task["msg_signature"], task["timestamp"], task["nonce"], task["echostr"])
    return {"message": echo}


def open_request(crypto, task):
    xml = crypto.decrypt_message(task["body"], task["msg_signature"], task["timestamp"], task["nonce"])
    return {"message": xml, "content": parse_message(xml).content}


def seal(crypto, task):
    envelope = crypto.encrypt_message(task["message"], task["nonce"], task["timestamp"])
    elements = xmltodict.parse(envelope)["xml"]
    return {"body": envelope, "msg_signature": elements["MsgSignature"]}


OPERATIONS = {"check_url": check_url, "open": open_request, "seal": seal}

for line in sys.stdin:
    task = json.loads(line)
    crypto = WeChatCrypto(task["token"], task["encoding_aes_key"], task["receive_id"])
    print(json.dumps(OPERATIONS[task["operation"]](crypto, task)), flush=True)
