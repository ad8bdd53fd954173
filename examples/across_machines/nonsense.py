#!/usr/bin/env python3
"""nonsense.py PORT results RUN: sends what is no result to a run's boss. All of it
has to be stored.

nonsense.py PORT jobs RUN: sends what is no job to the workers, in a run of its
own. They have to refuse each, so that none is left in the stream, and say so to
nobody else, RUN among them.

nonsense.py PORT SUBJECT TEXT: sends that, and prints the broker's answer."""
import json
import socket
import sys

PATIENCE_S = 300
NONSENSE = (b"", b" ", b"\0", b"1", b"1 2", b"1 2 3 4", b"1 2 3 ", b" 1 2 3",
            b"1  2 3", b"-1 2 3", b"1 2 3x", b"+1 2 3", b"9" * 1000,
            b"1 18446744073709551616 3")


class Broker:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.lines = self.socket.makefile("rb")
        self.socket.sendall(b'CONNECT {"verbose":false}\r\nSUB reply 1\r\n')

    def say(self, subject, text, reply=b""):
        self.socket.sendall(b"PUB %s %s %d\r\n%s\r\n" %
                            (subject, reply, len(text), text))

    def ask(self, subject, text=b""):
        """The broker's answer."""
        self.say(subject, text, b"reply")
        for line in iter(self.lines.readline, b""):
            assert not line.startswith(b"-ERR"), line
            if line.startswith(b"MSG reply"):
                answer = json.loads(self.lines.readline())
                assert "error" not in answer, answer
                return answer
        raise AssertionError("the broker hung up")


def make_run(broker):
    broker.ask(b"$JS.API.STREAM.CREATE.JOBS-9", json.dumps(
        {"name": "JOBS-9", "subjects": ["jobs.9"], "retention": "workqueue",
         "storage": "memory", "num_replicas": 1}).encode())
    broker.ask(b"$JS.API.CONSUMER.DURABLE.CREATE.JOBS-9.workers", json.dumps(
        {"stream_name": "JOBS-9", "config": {
            "durable_name": "workers", "deliver_group": "workers",
            "deliver_subject": "deliver.workers", "ack_policy": "explicit",
            "ack_wait": 3600 * 10**9, "max_ack_pending": 256}}).encode())


def send_results(broker, run):
    for text in NONSENSE + (b"100 1 1", b"18446744073709551615 1 1"):
        broker.ask(b"results." + run, text)
    for text in NONSENSE:
        broker.say(b"boss." + run, text)


def send_jobs(broker, run):
    make_run(broker)
    broker.ask(b"jobs.9", b"9 1 1000000000001")
    for text in NONSENSE:
        broker.ask(b"jobs.9", text)
        broker.say(b"deliver.workers", text)
        broker.say(b"deliver.workers", text, b"results." + run)
    while broker.ask(b"$JS.API.STREAM.INFO.JOBS-9")["state"]["messages"] > 0:
        pass
    broker.ask(b"$JS.API.STREAM.DELETE.JOBS-9")


def main():
    broker = Broker(int(sys.argv[1]))
    what, text = sys.argv[2:]
    if what == "results":
        send_results(broker, text.encode())
    elif what == "jobs":
        send_jobs(broker, text.encode())
    else:
        print(json.dumps(broker.ask(what.encode(), text.encode())))


if __name__ == "__main__":
    main()
