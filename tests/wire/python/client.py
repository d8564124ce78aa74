"""The tutorial's client: python client.py HOST:PORT [CA]

CA is a file with the authority to trust: it then speaks TLS.

It registers once and reads tasks for ever, sends 15 statuses, and acknowledges each task with free text on
one long stream. What it hears goes to stdout; it ends when stdin does, as the tutorial's ends by Ctrl-C.
"""

import queue
import random
import sys
import threading

import grpc
import tutorial_pb2 as pb
import tutorial_pb2_grpc as stubs

END = object()
saying = threading.Lock()


def say(*words):
    # print writes word by word, and threads would mix theirs.
    with saying:
        print(*words, flush=True)


def read_tasks(stub, results):
    try:
        for message in stub.getTask(pb.Empty()):
            say("task", message.task)
            results.put(pb.Result(ret="完成 " + message.task))
    except grpc.RpcError as error:
        say("tasks ended", error.code().name)


def statuses():
    for _ in range(15):
        status = "数据:%d" % random.randint(1, 20)
        say("status", status)
        yield pb.ClientMsg(msg=status)


def acknowledge(stub, results):
    answer = stub.tellResult(iter(results.get, END))
    say("told", type(answer).__name__)


def main():
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as ca:
            credentials = grpc.ssl_channel_credentials(ca.read())
        channel = grpc.secure_channel(sys.argv[1], credentials)
    else:
        channel = grpc.insecure_channel(sys.argv[1])
    stub = stubs.ContactStub(channel)
    results = queue.Queue()
    reader = threading.Thread(target=read_tasks, args=(stub, results))
    reader.start()
    teller = threading.Thread(target=acknowledge, args=(stub, results))
    teller.start()
    for reply in stub.sendStatus(statuses()):
        say("reply", reply.ret)
    say("replies ended")
    sys.stdin.read()
    results.put(END)
    teller.join()
    channel.close()
    reader.join()


main()
