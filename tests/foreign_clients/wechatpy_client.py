"""Makes with wechatpy the calls that foreign_clients.rs asks for: a line of JSON in, a line of JSON out."""

import json
import os
import sys

from wechatpy.enterprise import WeChatClient
from wechatpy.exceptions import WeChatClientException

BASE_URL = os.environ["BASE_URL"]


class Client(WeChatClient):
    """The client of wechatpy, which has the address of the service in its code."""

    API_BASE_URL = BASE_URL

    def fetch_access_token(self):
        parameters = {"corpid": self.corp_id, "corpsecret": self.secret}
        return self._fetch_access_token(url=BASE_URL + "gettoken", params=parameters)


def call(client, task):
    query = {} if task["token"] is None else {"access_token": task["token"]}
    if task["method"] == "GET":
        return client.get(task["path"], params={**task["parameters"], **query})
    return client.post(task["path"], params=query, data=task["parameters"])


client = Client(os.environ["CORP_ID"], os.environ["CORP_SECRET"])
for line in sys.stdin:
    try:
        reply = call(client, json.loads(line))
    except WeChatClientException as refusal:
        reply = {"errcode": refusal.errcode, "errmsg": refusal.errmsg}
    print(json.dumps(reply), flush=True)
