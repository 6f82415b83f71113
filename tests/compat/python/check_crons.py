"""One function for each method of pycolonies about crons and generators."""

import json

from colony import Executor, client, name, new_name, refused, stranger, unknown_id


def new_cron(executor, expression="0 0 3 * * *"):
    return client.add_cron(new_name("cron"), expression, True, executor.workflow(a=[]), name, executor.prvkey)


def add_cron():
    executor = Executor()
    cron = new_cron(executor)
    assert (cron["initiatorname"], cron["colonyname"], cron["interval"]) == (executor.name, name, -1)
    assert json.loads(cron["workflowspec"])["functionspecs"][0]["nodename"] == "a"
    assert not cron["waitforprevprocessgraph"]  # pycolonies misspells it
    again = [cron["name"], "0 0 3 * * *", True, executor.workflow(a=[]), name]
    refused("already exists", client.add_cron, *again, executor.prvkey)
    refused("Access denied", client.add_cron, *again, stranger)
    refused("expected exactly 6 fields", new_cron, executor, "* * * * *")


def cron_that_fires():
    executor = Executor()
    cron = new_cron(executor, "0/1 * * * * *")
    first = executor.run([1])
    assert executor.run([2]).input == [1]  # each workflow gets what the one before it gave
    client.del_cron(cron["cronid"], executor.prvkey)
    assert first.spec.nodename == "a"


def get_cron():
    executor = Executor()
    cron = new_cron(executor)
    assert client.get_cron(cron["cronid"], executor.prvkey)["name"] == cron["name"]
    refused("not found", client.get_cron, unknown_id, executor.prvkey)
    refused("Access denied", client.get_cron, cron["cronid"], stranger)


def get_crons():
    executor = Executor()
    cron = new_cron(executor)
    assert cron["cronid"] in [each["cronid"] for each in client.get_crons(name, 100, executor.prvkey)]
    refused("Access denied", client.get_crons, name, 100, stranger)


def del_cron():
    executor = Executor()
    cron = new_cron(executor)
    refused("Access denied", client.del_cron, cron["cronid"], stranger)
    assert client.del_cron(cron["cronid"], executor.prvkey) == {}
    refused("not found", client.get_cron, cron["cronid"], executor.prvkey)
    refused("not found", client.del_cron, cron["cronid"], executor.prvkey)


def run_cron():
    executor = Executor()
    cron = new_cron(executor)
    assert client.run_cron(cron["cronid"], executor.prvkey)["cronid"] == cron["cronid"]
    assert executor.run([]).spec.nodename == "a"
    refused("not found", client.run_cron, unknown_id, executor.prvkey)
    refused("Access denied", client.run_cron, cron["cronid"], stranger)


def new_generator(executor, **changes):
    workflow = json.dumps(executor.workflow(a=[]).model_dump(by_alias=True))
    wanted = {"colonyname": name, "name": new_name("generator"), "workflowspec": workflow, "trigger": 2, "timeout": -1}
    return client.add_generator({**wanted, **changes}, executor.prvkey)


def add_generator():
    executor = Executor()
    generator = new_generator(executor)
    assert (generator["trigger"], generator["initiatorname"]) == (2, executor.name)
    refused("already exists", new_generator, executor, name=generator["name"])
    refused("", new_generator, executor, workflowspec="{")
    refused("Access denied", client.add_generator, {**generator, "name": new_name("generator")}, stranger)


def get_generator():
    executor = Executor()
    generator = new_generator(executor)
    found = client.get_generator(generator["generatorid"], executor.prvkey)
    assert (found["name"], found["queuesize"]) == (generator["name"], 0)
    refused("not found", client.get_generator, unknown_id, executor.prvkey)
    refused("Access denied", client.get_generator, generator["generatorid"], stranger)


def get_generators():
    executor = Executor()
    generator = new_generator(executor)
    generators = client.get_generators(name, executor.prvkey)
    assert generator["generatorid"] in [each["generatorid"] for each in generators]
    refused("Access denied", client.get_generators, name, stranger)


def remove_generator():
    executor = Executor()
    generator = new_generator(executor)
    refused("Access denied", client.remove_generator, generator["generatorid"], stranger)
    assert client.remove_generator(generator["generatorid"], executor.prvkey) == {}
    refused("not found", client.get_generator, generator["generatorid"], executor.prvkey)
    refused("not found", client.remove_generator, generator["generatorid"], executor.prvkey)
