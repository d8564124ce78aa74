"""The tutorial's server: python server.py PORT (0: any)

It makes ten tasks at once and ten more for each line of stdin, where the tutorial's waits 40 s, and pushes
all of them to whoever registers. What it hears goes to stdout, after the port it listens on; it ends when
stdin does.
"""

import random
import sys
import threading
from concurrent import futures

import grpc
import tutorial_pb2 as pb
import tutorial_pb2_grpc as stubs

saying = threading.Lock()


def say(*words):
    # print writes word by word, and threads would mix theirs.
    with saying:
        print(*words, flush=True)


class Contact(stubs.ContactServicer):
    def __init__(self):
        self.tasks = []
        self.changed = threading.Condition()

    def make_tasks(self):
        with self.changed:
            for _ in range(10):
                self.tasks.append("任务:%d" % random.randint(100, 200))
                say("task", self.tasks[-1])
            self.changed.notify_all()

    def sendStatus(self, statuses, context):
        for status in statuses:
            say("status", status.msg)
            yield pb.Result(ret="received: " + status.msg)

    def getTask(self, empty, context):
        sent = 0
        while context.is_active():
            with self.changed:
                self.changed.wait_for(lambda: len(self.tasks) > sent, timeout=1)
                new = self.tasks[sent:]
            for task in new:
                yield pb.ServerMsg(task=task)
            sent += len(new)

    def tellResult(self, results, context):
        for result in results:
            say("result", result.ret)
        return pb.Empty()


def main():
    contact = Contact()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=30))
    stubs.add_ContactServicer_to_server(contact, server)
    say("port", server.add_insecure_port("127.0.0.1:" + sys.argv[1]))
    server.start()
    contact.make_tasks()
    for _ in sys.stdin:
        contact.make_tasks()
    server.stop(None).wait()


main()
