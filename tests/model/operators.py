"""What operators put right at the end of a life, and what the carrier renews after that: by registers that repeat the
regID and subcribeTime of one from before, as carriers' notifiers do."""

import json
import random

import lives
import model
import words
from answers import moment, now
from gateway import ADMIN, document, post
from model import REGISTER
from words import DAY

ORDERS = ["grant renew", "renew grant renew", "end renew grant renew", "grant end grant renew", "grant grant renew renew"]


class Asked:
    """A request, and what the model makes of its answer."""

    def __init__(self, request, took):
        self.request = request
        self.took = took


class Operator:
    def __init__(self, life, number):
        self.random = random.Random(f"operator {life.index}")
        self.life = life
        self.number = number
        self.count = 0

    def steps(self):
        for what in self.random.choice(ORDERS).split():
            asked = getattr(self, f"_{what}")()
            if asked:
                yield what, asked

    def _ask(self, what, body, took):
        _, request = post(f"/api/v1/subscribers/{self.life.number}/{what}", json.dumps(body).encode())
        return Asked((ADMIN, request), took)

    def _end(self):
        def took(answer):
            if answer[0] != 409:
                self.number.end(moment(document(answer)["notices"][0]["received_at"]))
                return
            held = [sub for service in self.number.services() for sub in service.held.values()]
            if any(sub.is_in_force(now()) for sub in held):
                raise AssertionError(f"nothing to end of {self.life.number}, says the gateway")

        return self._ask("end", {}, took)

    def _grant(self):
        held = [sub.offer for service in self.number.services() for sub in service.held.values()]
        offer = self.random.choice(held if held and self.random.random() < 0.8 else lives.CATALOG.offers)
        # After whatever may be dated ahead.
        until = (now() + self.random.choice([2, 3, 9, 40, 400]) * DAY) // 1000 * 1000
        body = {"offer": offer.id, "until": words.rfc3339(until)}
        granted = lambda answer: moment(document(answer)["notices"][0]["received_at"])
        return self._ask("grant", body, lambda answer: self.number.grant(offer, until, granted(answer)))

    def _renew(self):
        """Where the order of it and all others is told by the contract."""
        for row in self.random.sample(self.number.rows, len(self.number.rows)):
            if row.outcome != "judged" or row.notice.kind != REGISTER or row.notice.subscribed is None:
                continue
            self.count += 1
            fields = {**row.notice.sent, "queueID": str(10**15 + self.count), "errorDesc": f"o{self.count}"}
            fields["expiredTime"] = words.spell_time(now() + self.random.choice([1, 5, 20, 35]) * DAY)
            renewal = model.Notice(fields, now())
            offer = lives.CATALOG.named(renewal.fields)[0]
            beside = self.number.counted().get(offer.service, [])
            if not model.is_undecided([*beside, renewal]):
                return self._tell(fields)
        return None

    def _tell(self, fields):
        inside = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
        message = "<ACCESSGW><MODULE>SDP</MODULE><MESSAGE_TYPE>NOTIFY</MESSAGE_TYPE>"
        message += f"<COMMAND>{inside}</COMMAND></ACCESSGW>"

        def took(answer):
            if answer[0] != 200 or b"<error_id>0<" not in answer[1]:
                raise AssertionError(f"a renewal is answered {answer}")
            self.number.take(fields, now())

        return Asked(post("/vascloud/v1/notify_reg", message.encode()), took)
