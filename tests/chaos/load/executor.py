"""An executor written with the published pycolonies, unmodified: assigns, closes, and writes down what it saw.

The options come as JSON in COLONIES_PYTHON_EXECUTOR: colonyname, endpoints, privateKey, id, file. Ends at SIGTERM.
"""

import json
import os
import signal
import time
from urllib.parse import urlparse

from pycolonies import Colonies, ColoniesConnectionError, ColoniesError

options = json.loads(os.environ["COLONIES_PYTHON_EXECUTOR"])
prvkey = options["privateKey"]
endpoints = [urlparse(url) for url in options["endpoints"]]
servers = [Colonies(at.hostname, at.port, False, native_crypto=False) for at in endpoints]
history = open(options["file"], "a", buffering=1)
chosen = 0
stopped = False

# What a server says that took the request; anything else leaves open whether it took effect.
refusals = ("not allowed to close", "not assigned", "Tried to set", "not found", "No process", "Access denied")


def stop(_signal, _frame):
    global stopped
    stopped = True


def now_ms():
    return time.monotonic_ns() / 1e6


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def call(operation, ids, detail, method, *arguments):
    """Calls one server, writes a record, and moves on to the next server when there was no answer."""
    global chosen
    started = now_ms()
    outcome, code, answer = "ok", None, None
    try:
        answer = getattr(servers[chosen], method)(*arguments, prvkey)
    except (ColoniesConnectionError, ColoniesError) as error:
        code = str(error)
        outcome = "refused" if any(text in code for text in refusals) else "unknown"
        if outcome == "unknown":
            chosen = (chosen + 1) % len(servers)
    if operation == "assign" and answer:
        ids, detail = [answer.processid], compact(answer.input or [])
    record = {
        "client": options["id"], "colony": options["colonyname"], "operation": operation, "ids": ids, "labels": [],
        "detail": detail, "started": started, "ended": now_ms(), "outcome": outcome, "code": code, "tries": [],
    }  # fmt: skip
    history.write(compact(record) + "\n")
    return outcome, answer


def close(processid):
    """Again and again until somebody knows how it ended."""
    output = [processid]
    for _ in range(100):
        outcome, _answer = call("closeSuccessful", [processid], compact(output), "close", processid, output)
        if outcome != "unknown":
            return
        time.sleep(0.1)


signal.signal(signal.SIGTERM, stop)
while not stopped:
    outcome, process = call("assign", [], None, "assign", options["colonyname"], 2)
    if process:
        close(process.processid)
    elif outcome == "unknown":
        time.sleep(0.1)
