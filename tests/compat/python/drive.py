"""Calls every method of pycolonies, as PyPI has it, that this server answers by now.

Prints one line of JSON for each check: {check, messages, error}; `messages` are the message types that were answered
with success. The last line lists the methods that were never called.
"""

import inspect
import json
import traceback

import check_directory
import check_processes
import check_workflows
import colony
import pycolonies

succeeded = set()


def observe():
    """Notes the message types that pass by; what is sent and received stays as it is."""
    post, connect = pycolonies.requests.post, pycolonies.create_connection

    def observed_post(url, data, verify):
        reply = post(url=url, data=data, verify=verify)
        if reply.status_code == 200:
            succeeded.add(json.loads(data)["payloadtype"])
        return reply

    def observed_connect(url):
        succeeded.add("subscribeprocessmsg")
        return connect(url)

    pycolonies.requests.post, pycolonies.create_connection = observed_post, observed_connect


def checks():
    for module in (check_directory, check_processes, check_workflows):
        for name, check in inspect.getmembers(module, inspect.isfunction):
            if check.__module__ == module.__name__ and not inspect.signature(check).parameters:
                if not name.startswith("new_"):
                    yield name, check


def run(check):
    succeeded.clear()
    try:
        check()
    except Exception:
        return traceback.format_exc()
    return None


def main():
    observe()
    names = set()
    for name, check in checks():
        names.add(name)
        error = run(check)
        print(json.dumps({"check": name, "messages": sorted(succeeded), "error": error}), flush=True)
    methods = {name for name, _ in inspect.getmembers(colony.client, inspect.ismethod) if not name.startswith("_")}
    print(json.dumps({"unchecked": sorted(methods - names)}), flush=True)


main()
