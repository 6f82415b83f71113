"""One function for each method of pycolonies about processes, attributes and logs."""

import base64
import threading
import time
from datetime import datetime, timezone

from colony import Executor, client, colony_prvkey, name, refused, stranger, unknown_id
from model import Fs
from pycolonies import func_spec

no_time = datetime(1, 1, 1, tzinfo=timezone.utc)


def submit_func_spec():
    executor = Executor()
    process = executor.submit(
        "render",
        ["é \U0001f600 <&>", 42, -(2**53) - 1],
        kwargs={"scene": "s", "frames": ["1", "2"]},
        fs=Fs(mount="/data", snapshots=None, dirs=None),
        maxexectime=100,
        maxwaittime=50,
        maxretries=3,
        code="print(1)",
    )
    spec = process.spec
    assert spec.args == ["é \U0001f600 <&>", 42, -(2**53) - 1]  # exact, also beyond the integers of a double
    assert spec.kwargs == {"scene": "s", "frames": ["1", "2"]}
    assert (spec.nodename, spec.funcname, spec.priority, spec.maxretries) == ("render", "render", 1, 3)
    assert spec.env["code"] == "cHJpbnQoMSk="
    assert spec.conditions.executornames is None
    assert (process.state, process.initiatorid, process.initiatorname) == (client.WAITING, executor.id, executor.name)
    assert (process.starttime, process.endtime) == (no_time, no_time)
    assert process.parents == process.children == process.errors == process.input == process.output == []
    wanted = client.submit_func_spec(executor.spec(executorname=executor.name), executor.prvkey)
    assert wanted.spec.conditions.executornames == [executor.name]
    refused("Access denied", client.submit_func_spec, executor.spec(), stranger)


def submit_source():
    """A Python function: its source and parameter names travel in env."""
    executor = Executor()
    spec = executor.spec(no_more_than_source, ["hi"])
    process = client.submit_func_spec(spec, executor.prvkey)
    assert process.spec.funcname == "no_more_than_source"
    assert process.spec.env["args_spec"] == "text"
    assert process.spec.env["code"] == spec.env["code"]


def no_more_than_source(text):
    return text


def add_up(*numbers):
    return sum(numbers)


def function_that_is_sent_along():
    """pycolonies sends the source of a Python function; the executor runs what it got."""
    executor = Executor()
    client.submit_func_spec(func_spec(add_up, [1, 2, 3], name, executor.type), executor.prvkey)
    process = executor.assign()
    received = {}
    exec(base64.b64decode(process.spec.env["code"]), received)
    result = received[process.spec.funcname](*process.spec.args)
    client.close(process.processid, [result], executor.prvkey)
    assert client.get_process(process.processid, executor.prvkey).output == [6]


def assign():
    executor = Executor()
    refused("No process available for assignment", client.assign, name, 1, executor.prvkey)
    low = executor.submit(priority=0)
    high = executor.submit(priority=5)
    process = executor.assign()
    assert (process.processid, process.state) == (high.processid, client.RUNNING)
    assert (process.isassigned, process.assignedexecutorid) == (True, executor.id)
    assert process.starttime >= process.submissiontime
    assert executor.assign().processid == low.processid
    refused("Access denied", client.assign, name, 1, stranger)


def assign_while_waiting():
    """A process that comes during the wait is handed over at once."""
    executor = Executor()
    taken = []
    waiting = threading.Thread(target=lambda: taken.append(client.assign(name, 20, executor.prvkey)))
    waiting.start()
    submitted = executor.submit()
    waiting.join(15)
    assert [process.processid for process in taken] == [submitted.processid]


def get_process():
    executor = Executor()
    process = executor.submit()
    assert client.get_process(process.processid, executor.prvkey).processid == process.processid
    refused("not found", client.get_process, unknown_id, executor.prvkey)
    refused("Access denied", client.get_process, process.processid, stranger)


def list_processes():
    executor = Executor()
    process = executor.submit()
    waiting = client.list_processes(name, 100, client.WAITING, executor.prvkey)
    assert process.processid in [each["processid"] for each in waiting]
    assert not client.list_processes(name, 0, client.WAITING, executor.prvkey)
    refused("", client.list_processes, name, 100, 9, executor.prvkey)
    refused("Access denied", client.list_processes, name, 100, client.WAITING, stranger)


def close():
    executor, other = Executor(), Executor()
    waiting = executor.submit()
    refused("", client.close, waiting.processid, [], executor.prvkey)
    process = executor.assign()
    refused("", client.close, process.processid, [], other.prvkey)
    refused("Access denied", client.close, process.processid, [], stranger)
    assert client.close(process.processid, ["text", 1, 0.5, 2**60], executor.prvkey) == {}
    closed = client.get_process(process.processid, executor.prvkey)
    assert (closed.state, closed.output) == (client.SUCCESSFUL, ["text", 1, 0.5, 2**60])
    assert closed.endtime >= closed.starttime
    client.close(process.processid, ["late"], executor.prvkey)  # once more is no mistake, and changes nothing
    assert client.get_process(process.processid, executor.prvkey).output == closed.output
    refused("not found", client.close, unknown_id, [], executor.prvkey)


def fail():
    executor = Executor()
    executor.submit()
    process = executor.assign()
    refused("Access denied", client.fail, process.processid, ["not mine"], stranger)
    assert client.fail(process.processid, ["disk full", "é"], executor.prvkey) == {}
    failed = client.get_process(process.processid, executor.prvkey)
    assert (failed.state, failed.errors) == (client.FAILED, ["disk full", "é"])
    refused("", client.close, process.processid, [], executor.prvkey)


def set_output():
    executor = Executor()
    executor.submit()
    process = executor.assign()
    assert client.set_output(process.processid, ["half"], executor.prvkey) == {}
    assert client.get_process(process.processid, executor.prvkey).output == ["half"]
    client.close(process.processid, [], executor.prvkey)
    assert client.get_process(process.processid, executor.prvkey).output == ["half"]
    refused("", client.set_output, process.processid, ["late"], executor.prvkey)


def wait():
    executor = Executor()
    process = executor.submit()
    runner = threading.Thread(target=lambda: executor.run(["done"]))
    runner.start()
    waited = client.wait(process, 20, executor.prvkey)
    runner.join()
    assert (waited.state, waited.output) == (client.SUCCESSFUL, ["done"])
    assert client.wait(process, 20, executor.prvkey).output == ["done"]  # it is in this state already
    refused("Access denied", client.wait, process, 20, stranger)


def wait_for_a_failure():
    """pycolonies asks for success only; the wait ends at the failure all the same, not at its timeout."""
    executor = Executor()
    process = executor.submit()
    held = executor.assign()
    failer = threading.Timer(0.2, client.fail, [held.processid, ["no"], executor.prvkey])
    started = time.monotonic()
    failer.start()
    waited = client.wait(process, 30, executor.prvkey)
    failer.join()
    assert (waited.state, waited.errors) == (client.FAILED, ["no"])
    assert time.monotonic() - started < 10


def remove_process():
    executor = Executor()
    process = executor.submit()
    assert client.remove_process(process.processid, executor.prvkey) == {}
    refused("not found", client.get_process, process.processid, executor.prvkey)
    refused("not found", client.remove_process, process.processid, executor.prvkey)
    executor.submit()
    refused("", client.remove_process, executor.assign().processid, executor.prvkey)


def remove_all_processes():
    """Processes of workflows stay."""
    executor = Executor()
    process = executor.submit()
    graph = client.submit_workflow(executor.workflow(a=[]), executor.prvkey)
    refused("Access denied", client.remove_all_processes, name, executor.prvkey)
    assert client.remove_all_processes(name, colony_prvkey, client.WAITING) == {}
    refused("not found", client.get_process, process.processid, executor.prvkey)
    assert executor.state(graph.processids[0]) == client.WAITING
    assert client.remove_all_processes(name, colony_prvkey) == {}


def find_process():
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[], b=["a"]), executor.prvkey)
    assert client.find_process("b", graph.processids, executor.prvkey).spec.nodename == "b"
    assert client.find_process("c", graph.processids, executor.prvkey) is None


def add_attribute():
    executor = Executor()
    process = executor.submit()
    refused("", client.add_attribute, process.processid, "key", "value", executor.prvkey)
    executor.assign()
    attribute = client.add_attribute(process.processid, "key", "value", executor.prvkey)
    assert (attribute["targetid"], attribute["key"], attribute["value"]) == (process.processid, "key", "value")
    (found,) = client.get_process(process.processid, executor.prvkey).attributes
    assert (found.key, found.value, found.attributetype) == ("key", "value", 1)
    refused("Access denied", client.add_attribute, process.processid, "key", "value", stranger)


def get_attribute():
    executor = Executor()
    executor.submit()
    process = executor.assign()
    attribute = client.add_attribute(process.processid, "key", "value", executor.prvkey)
    found = client.get_attribute(attribute["attributeid"], executor.prvkey)
    assert (found["targetid"], found["key"], found["value"]) == (process.processid, "key", "value")
    refused("not found", client.get_attribute, unknown_id, executor.prvkey)


def add_log():
    executor, other = Executor(), Executor()
    executor.submit()
    process = executor.assign()
    assert client.add_log(process.processid, "line <é>\n", executor.prvkey) == {}
    refused("", client.add_log, process.processid, "not mine", other.prvkey)
    refused("not found", client.add_log, unknown_id, "nowhere", executor.prvkey)


def get_process_log():
    executor = Executor()
    executor.submit()
    process = executor.assign()
    assert not client.get_process_log(name, process.processid, 10, 0, executor.prvkey)
    for line in ("one", "two", "three"):
        client.add_log(process.processid, line, executor.prvkey)
    lines = client.get_process_log(name, process.processid, 10, 0, executor.prvkey)
    assert [line["message"] for line in lines] == ["one", "two", "three"]
    assert [line["executorname"] for line in lines] == [executor.name] * 3
    since = client.get_process_log(name, process.processid, 10, lines[1]["timestamp"], executor.prvkey)
    assert [line["message"] for line in since] == ["three"]
    refused("Access denied", client.get_process_log, name, process.processid, 10, 0, stranger)


def get_executor_log():
    executor = Executor()
    executor.submit()
    client.add_log(executor.assign().processid, "mine", executor.prvkey)
    (line,) = client.get_executor_log(name, executor.name, 10, 0, executor.prvkey)
    assert line["message"] == "mine"
    refused("Access denied", client.get_executor_log, name, executor.name, 10, 0, stranger)
