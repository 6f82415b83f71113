"""What the checks have in common: a client, the keys of one colony, and what refusals look like."""

import os
from itertools import count

import websocket  # noqa: F401  (pycolonies needs it; a missing one shall be seen here)
from crypto import Crypto
from model import Workflow
from pycolonies import ColoniesConnectionError, colonies_client, func_spec

client, name, colony_prvkey, _, _ = colonies_client()
server_prvkey = os.environ["COLONIES_SERVER_PRVKEY"]
crypto = Crypto()
numbers = count(1)
unknown_id = "0" * 64


def new_identity():
    """Returns a private key and the id that belongs to it."""
    prvkey = crypto.prvkey()
    return prvkey, crypto.id(prvkey)


def new_name(kind):
    return f"{kind}-{next(numbers)}"


stranger = new_identity()[0]


class Executor:
    """An executor of a type of its own, so that checks do not take each other's processes."""

    def __init__(self, approve=True):
        self.name = self.type = new_name("executor")
        self.prvkey, self.id = new_identity()
        self.added = client.add_executor(
            {"executorname": self.name, "executorid": self.id, "colonyname": name, "executortype": self.type},
            colony_prvkey,
        )
        if approve:
            client.approve_executor(name, self.name, colony_prvkey)

    def spec(self, funcname="echo", args=(), **changes):
        return func_spec(funcname, list(args), name, self.type, **changes)

    def submit(self, funcname="echo", args=(), **changes):
        return client.submit_func_spec(self.spec(funcname, args, **changes), self.prvkey)

    def assign(self):
        return client.assign(name, 10, self.prvkey)

    def run(self, output):
        """Assigns the next process and closes it."""
        process = self.assign()
        client.close(process.processid, output, self.prvkey)
        return process

    def workflow(self, **dependencies):
        """A workflow whose nodes name the nodes that they wait for."""
        specs = []
        for nodename, parents in dependencies.items():
            spec = self.spec(nodename)
            spec.conditions.dependencies = parents
            specs.append(spec)
        return Workflow(colonyname=name, functionspecs=specs)

    def state(self, processid):
        return client.get_process(processid, self.prvkey).state


def refused(text, method, *arguments, **named):
    """Expects a refusal with `text` in its sentence. Every failure has this one class in pycolonies."""
    try:
        result = method(*arguments, **named)
    except ColoniesConnectionError as error:
        assert text in str(error), f'"{text}" is not in "{error}"'
        return
    raise AssertionError(f"{method.__name__} was not refused; it gave {result}")
