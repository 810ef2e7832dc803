"""A host of a cluster in another language, written from docs/wire.md alone.

Its argument is JSON: host, port, key and ticket (files), name (of an exported mailbox), durable (name of a durable one),
and behind: how many envelopes wait in its inbox before it reads the first one, as those of a busy host do.
It takes part as a host of its own: finds who exports the name, comes to a session with him, sends, casts and calls, and puts
a cast into the durable mailbox. What it got it prints as JSON.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time

import cbor2
import pika
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

HEARTBEAT_S = 0.5
DEADLINE_S = 60


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(public_key):
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def id_of(public_key):
    return hashlib.sha256(public_key).hexdigest()[:32]


class Member:
    """Key, root and grant; and what is signed with them."""

    def __init__(self, key_file, ticket_file):
        with open(key_file, "rb") as file:
            self.key = load_pem_private_key(file.read(), None)
        with open(ticket_file) as file:
            prefix, body = file.read().strip().split(".")
        assert prefix == "espalier-join-1"
        ticket = json.loads(from_base64url(body))
        self.root = ticket["root"]
        self.grant = from_base64url(ticket["grant"])
        self.public = raw(self.key.public_key())
        self.id = id_of(self.public)

    def queue(self, *parts):
        text = json.dumps([self.root, *parts], separators=(",", ":"))
        return "espalier." + to_base64url(hashlib.sha256(text.encode()).digest())[:32]

    def sign(self, place, payload):
        protected = cbor2.dumps({1: -8, 4: self.public})
        signed = cbor2.dumps(["Signature1", protected, place.encode(), payload])
        return cbor2.dumps(cbor2.CBORTag(18, [protected, {"grant": self.grant}, payload, self.key.sign(signed)]))

    def read(self, place, body):
        """The id of who has signed it, and the payload. Raises where it is not a member's."""
        tag = cbor2.loads(body)
        assert tag.tag == 18
        protected, unprotected, payload, signature = tag.value
        head = cbor2.loads(protected)
        assert head[1] == -8
        root = Ed25519PublicKey.from_public_bytes(from_base64url(self.root))
        granted = "espalier grant 1\n%s\n%s\n" % (id_of(from_base64url(self.root)), to_base64url(head[4]))
        root.verify(unprotected["grant"], granted.encode())
        signed = cbor2.dumps(["Signature1", protected, place.encode(), payload])
        Ed25519PublicKey.from_public_bytes(head[4]).verify(signature, signed)
        return id_of(head[4]), payload


class Handshake:
    """Noise_KK_25519_AESGCM_SHA256, with empty payloads."""

    def __init__(self, begins, own, ephemeral, other, prologue):
        self.begins, self.own, self.ephemeral, self.other = begins, own, ephemeral, other
        self.h = self.ck = b"Noise_KK_25519_AESGCM_SHA256".ljust(32, b"\0")
        self.mix_hash(prologue)
        mine = raw(own.public_key())
        self.mix_hash(mine if begins else other)
        self.mix_hash(other if begins else mine)

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def hkdf(self, material):
        temporary = hmac.digest(self.ck, material, "sha256")
        first = hmac.digest(temporary, b"\1", "sha256")
        return first, hmac.digest(temporary, first + b"\2", "sha256")

    def mix_key(self, private, public):
        secret = private.exchange(X25519PublicKey.from_public_bytes(public))
        self.ck, self.key = self.hkdf(secret)

    def write(self):
        public = raw(self.ephemeral.public_key())
        self.mix_hash(public)
        self.mix_key(self.ephemeral, self.other if self.begins else self.theirs)
        self.mix_key(self.own if self.begins else self.ephemeral, self.other)
        sealed = AESGCM(self.key).encrypt(bytes(12), b"", self.h)
        self.mix_hash(sealed)
        return public + sealed

    def read(self, message):
        self.theirs = message[:32]
        self.mix_hash(self.theirs)
        if self.begins:
            self.mix_key(self.ephemeral, self.theirs)
            self.mix_key(self.own, self.theirs)
        else:
            self.mix_key(self.own, self.theirs)
            self.mix_key(self.own, self.other)
        AESGCM(self.key).decrypt(bytes(12), message[32:], self.h)
        self.mix_hash(message[32:])

    def split(self):
        first, second = self.hkdf(b"")
        return (first, second) if self.begins else (second, first)


class Peer:
    """One other incarnation: who it is, and the session with it."""

    def __init__(self, presence):
        self.host, self.incarnation = presence["host"], presence["incarnation"]
        self.presence = presence
        self.ephemeral = X25519PrivateKey.generate()
        self.keys = self.question = self.answer = None
        self.sent = 0


class Bridge:
    def __init__(self, settings):
        self.me = Member(settings["key"], settings["ticket"])
        self.incarnation = os.urandom(8).hex()
        self.static = X25519PrivateKey.generate()
        self.count = 0
        self.peers = {}
        self.replies = {}
        self.sequences = {}
        self.dropped = []
        self.unread = []
        self.behind = settings["behind"]
        parameters = pika.ConnectionParameters(settings["host"], settings["port"])
        self.connection = pika.BlockingConnection(parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.exchange = self.me.queue("presence")
        self.inbox = self.me.queue("inbox", self.incarnation)
        listening = self.me.queue("presence", self.incarnation)
        self.channel.exchange_declare(self.exchange, "fanout", durable=True)
        for queue in (self.inbox, listening):
            self.channel.queue_declare(queue, exclusive=True)
        self.channel.queue_bind(listening, self.exchange)
        self.arrived = []
        for queue in (self.inbox, listening):
            take = lambda _channel, _method, _properties, body, at=queue: self.arrived.append((at, body))
            self.channel.basic_consume(queue, take, auto_ack=True)
        self.say("hello")

    def publish(self, queue, body, durable=False):
        properties = pika.BasicProperties(delivery_mode=2 if durable else 1)
        self.channel.basic_publish("", queue, body, properties, mandatory=True)

    def say(self, kind):
        presence = {"version": 1, "kind": kind, "host": self.me.id, "incarnation": self.incarnation}
        if kind != "bye":
            self.count += 1
            key = raw(self.static.public_key())
            presence.update(exports=[], ended=[], count=self.count, key=key)
        body = self.me.sign(self.exchange, cbor2.dumps(presence))
        if kind != "bye":
            self.introduction = body
        self.channel.basic_publish(self.exchange, "", body)
        self.said_at = time.monotonic()

    def turn(self):
        self.connection.process_data_events(time_limit=0.02)
        if time.monotonic() - self.said_at > HEARTBEAT_S:
            self.say("alive")
        while self.arrived:
            queue, body = self.arrived.pop(0)
            if queue == self.inbox:
                self.unread.append(body)
            else:
                self.take(self.heard, body)
        if len(self.unread) >= self.behind:
            self.behind = 1
            while self.unread:
                self.take(self.envelope, self.unread.pop(0))

    def take(self, read, body):
        """What does not open, and is not of whom it says or not of anybody known, changes nothing."""
        try:
            read(body)
        except (InvalidTag, InvalidSignature, KeyError) as error:
            self.dropped.append(repr(error))

    def heard(self, body):
        signer, payload = self.me.read(self.exchange, body)
        presence = cbor2.loads(payload)
        if presence["kind"] not in ("alive", "hello") or signer in (self.me.id,) or signer != presence["host"]:
            return
        peer = self.peers.setdefault(presence["incarnation"], Peer(presence))
        if presence["count"] > peer.presence["count"]:
            peer.presence = presence
        if presence["kind"] == "hello":
            self.say("alive")
        if peer.keys is None and self.me.id < peer.host:
            self.begin(peer)

    def begin(self, peer):
        question = self.handshake_with(peer, True).write()
        self.publish(self.me.queue("inbox", peer.incarnation), cbor2.dumps([1, self.introduction, question]))

    def handshake_with(self, peer, begins):
        us, them = "%s/%s" % (self.me.id, self.incarnation), "%s/%s" % (peer.host, peer.incarnation)
        first, second = (us, them) if begins else (them, us)
        prologue = "espalier session 1\n%s\n%s\n%s\n" % (self.me.root, first, second)
        return Handshake(begins, self.static, peer.ephemeral, peer.presence["key"], prologue.encode())

    def envelope(self, body):
        kind, *fields = cbor2.loads(body)
        if kind == 1:
            signer, payload = self.me.read(self.exchange, fields[0])
            presence = cbor2.loads(payload)
            assert signer == presence["host"] and signer < self.me.id
            peer = self.peers.setdefault(presence["incarnation"], Peer(presence))
            if peer.question != fields[1]:
                handshake = self.handshake_with(peer, False)
                handshake.read(fields[1])
                peer.question, peer.answer = fields[1], handshake.write()
                peer.keys = handshake.split()
            answer = cbor2.dumps([2, self.incarnation, peer.answer])
            self.publish(self.me.queue("inbox", peer.incarnation), answer)
        elif kind == 2:
            peer = self.peers[fields[0]]
            if peer.keys is None:
                handshake = self.handshake_with(peer, True)
                handshake.write()
                handshake.read(fields[1])
                peer.keys = handshake.split()
            self.seal(peer, self.me.queue("inbox", peer.incarnation), b"")
        elif kind == 0:
            peer = self.peers[fields[0]]
            nonce = bytes(4) + fields[1].to_bytes(8, "big")
            frame = AESGCM(peer.keys[1]).decrypt(nonce, fields[2], self.inbox.encode())
            peer.confirmed = True
            if frame:
                _version, stream, _number, _low, *items = cbor2.loads(frame)
                assert stream.startswith("%s/%s/" % (peer.host, peer.incarnation))
                for item in items:
                    if item[0] in (3, 4):
                        self.replies[item[1]] = item

    def seal(self, peer, queue, frame):
        nonce = bytes(4) + peer.sent.to_bytes(8, "big")
        sealed = AESGCM(peer.keys[0]).encrypt(nonce, frame, queue.encode())
        self.publish(queue, cbor2.dumps([0, self.incarnation, peer.sent, sealed]))
        peer.sent += 1

    def frame(self, queue, *items):
        """A stream for each queue; each frame is confirmed before the next one is made."""
        stream, number = self.sequences.get(queue, (len(self.sequences) + 1, 0))
        self.sequences[queue] = (stream, number + 1)
        name = "%s/%s/%d" % (self.me.id, self.incarnation, stream)
        return cbor2.dumps([1, name, number + 1, number + 1, *items])

    def exporter(self, name):
        """Who exports it, with a session that both know of; and the queue of the mailbox's life."""
        for peer in self.peers.values():
            for export in peer.presence["exports"]:
                is_known = peer.keys is not None and (self.me.id < peer.host or hasattr(peer, "confirmed"))
                if export["name"] == name and is_known:
                    return peer, self.me.queue("mailbox", peer.incarnation, name, str(export["life"]))
        return None

    def until(self, look):
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            self.turn()
        raise TimeoutError


def main():
    settings = json.loads(sys.argv[1])
    bridge = Bridge(settings)
    peer, mailbox = bridge.until(lambda: bridge.exporter(settings["name"]))
    send = lambda *items: bridge.seal(peer, mailbox, bridge.frame(mailbox, *items))
    send([0, {"from": "python", "n": 2**52, "bytes": b"\0\1"}])
    send([1, "tell", ["a cast"]])
    send([2, 1, "told", []], [2, 2, "refuse", ["no"]])
    told = bridge.until(lambda: bridge.replies.get(1))
    refused = bridge.until(lambda: bridge.replies.get(2))
    durable = bridge.me.queue("durable", settings["durable"])
    bridge.publish(durable, bridge.me.sign(durable, bridge.frame(durable, [1, "note", ["from python"]])), True)
    bridge.say("bye")
    bridge.connection.close()
    got = {"told": told[2][1], "count": len(told[2]), "refused": refused[2:4], "dropped": bridge.dropped}
    print(json.dumps({"id": bridge.me.id, **got}))


main()
