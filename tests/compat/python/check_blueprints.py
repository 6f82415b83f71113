"""One function for each method of pycolonies about blueprints and their definitions."""

from colony import Executor, client, colony_prvkey, name, new_name, refused, stranger, unknown_id


def wanted_definition(executor):
    kind = new_name("Kind")
    return {
        "kind": kind,
        "metadata": {"name": new_name("definition"), "colonyname": name},
        "spec": {
            "names": {"kind": kind, "singular": kind, "plural": kind + "s"},
            "handler": {"executorType": executor.type, "functionName": "reconcile"},
            "schema": {"type": "object", "properties": {"image": {"type": "string"}}, "required": ["image"]},
        },
    }


def new_definition(executor):
    return client.add_blueprint_definition(wanted_definition(executor), colony_prvkey)


def wanted_blueprint(definition, **metadata):
    return {
        "kind": definition["spec"]["names"]["kind"],
        "metadata": {"name": new_name("blueprint"), "colonyname": name, **metadata},
        "handler": {"executortype": "ignored"},
        "spec": {"image": "nginx", "replicas": 2},
    }


def new_blueprint(executor):
    """Returns a blueprint whose first reconciliation is done."""
    added = client.add_blueprint(wanted_blueprint(new_definition(executor)), executor.prvkey)
    reconciled(executor, "reconcile", added)
    return added


def reconciled(executor, funcname, blueprint):
    """Expects the next process of a reconciler, and closes it."""
    process = executor.run([])
    assert process.spec.funcname == funcname
    assert process.spec.kwargs["blueprintName"] == blueprint["metadata"]["name"]


def add_blueprint_definition():
    executor = Executor()
    wanted = wanted_definition(executor)
    refused("Access denied", client.add_blueprint_definition, wanted, executor.prvkey)
    added = client.add_blueprint_definition(wanted, colony_prvkey)
    assert added["spec"]["names"]["kind"] == wanted["kind"]
    assert added["blueprintdefinitionid"]
    refused("already exists", client.add_blueprint_definition, wanted, colony_prvkey)


def get_blueprint_definition():
    executor = Executor()
    added = new_definition(executor)
    found = client.get_blueprint_definition(name, added["metadata"]["name"], executor.prvkey)
    assert found["blueprintdefinitionid"] == added["blueprintdefinitionid"]
    refused("not found", client.get_blueprint_definition, name, new_name("definition"), executor.prvkey)
    refused("Access denied", client.get_blueprint_definition, name, added["metadata"]["name"], stranger)


def get_blueprint_definitions():
    executor = Executor()
    added = new_definition(executor)
    names = [each["metadata"]["name"] for each in client.get_blueprint_definitions(name, executor.prvkey)]
    assert added["metadata"]["name"] in names
    refused("Access denied", client.get_blueprint_definitions, name, stranger)


def remove_blueprint_definition():
    executor = Executor()
    definition = new_definition(executor)
    arguments = [name, definition["metadata"]["name"]]
    refused("Access denied", client.remove_blueprint_definition, *arguments, executor.prvkey)
    blueprint = client.add_blueprint(wanted_blueprint(definition), executor.prvkey)
    refused("still exist", client.remove_blueprint_definition, *arguments, colony_prvkey)
    client.remove_blueprint(name, blueprint["metadata"]["name"], executor.prvkey)
    assert client.remove_blueprint_definition(*arguments, colony_prvkey) == {}
    refused("not found", client.remove_blueprint_definition, *arguments, colony_prvkey)


def add_blueprint():
    executor = Executor()
    wanted = wanted_blueprint(new_definition(executor))
    refused("Access denied", client.add_blueprint, wanted, stranger)
    added = client.add_blueprint(wanted, executor.prvkey)
    assert (added["spec"], added["metadata"]["name"]) == (wanted["spec"], wanted["metadata"]["name"])
    reconciled(executor, "reconcile", added)
    refused("already exists", client.add_blueprint, wanted, executor.prvkey)
    wrong = {**wanted, "metadata": {"name": new_name("blueprint"), "colonyname": name}, "spec": {"image": 7}}
    refused("image", client.add_blueprint, wrong, executor.prvkey)


def get_blueprint():
    executor = Executor()
    added = new_blueprint(executor)
    found = client.get_blueprint(name, added["metadata"]["name"], executor.prvkey)
    assert found["blueprintid"] == added["blueprintid"]
    refused("not found", client.get_blueprint, name, new_name("blueprint"), executor.prvkey)
    refused("Access denied", client.get_blueprint, name, added["metadata"]["name"], stranger)


def get_blueprints():
    executor = Executor()
    definition, location = new_definition(executor), new_name("location")
    here = client.add_blueprint(wanted_blueprint(definition), executor.prvkey)
    there = client.add_blueprint(wanted_blueprint(definition, locationname=location), executor.prvkey)
    ids = [each["blueprintid"] for each in client.get_blueprints(name, executor.prvkey, kind=here["kind"])]
    assert sorted(ids) == sorted([here["blueprintid"], there["blueprintid"]])
    (found,) = client.get_blueprints(name, executor.prvkey, kind=here["kind"], location=location)
    assert found["blueprintid"] == there["blueprintid"]
    refused("Access denied", client.get_blueprints, name, stranger)


def update_blueprint():
    executor = Executor()
    added = new_blueprint(executor)
    same = client.update_blueprint(added, executor.prvkey)
    generation = same["metadata"].get("generation", 0)
    changed = client.update_blueprint({**added, "spec": {"image": "caddy"}}, executor.prvkey)
    assert (changed["spec"], changed["metadata"]["generation"]) == ({"image": "caddy"}, generation + 1)
    reconciled(executor, "reconcile", added)
    forced = client.update_blueprint(changed, executor.prvkey, force_generation=True)
    assert forced["metadata"]["generation"] == generation + 2
    refused("image", client.update_blueprint, {**forced, "spec": {}}, executor.prvkey)
    refused("Access denied", client.update_blueprint, forced, stranger)


def remove_blueprint():
    executor = Executor()
    added = new_blueprint(executor)
    refused("Access denied", client.remove_blueprint, name, added["metadata"]["name"], stranger)
    assert client.remove_blueprint(name, added["metadata"]["name"], executor.prvkey) == {}
    reconciled(executor, "cleanup", added)
    refused("not found", client.remove_blueprint, name, added["metadata"]["name"], executor.prvkey)


def update_blueprint_status():
    executor = Executor()
    blueprint = new_blueprint(executor)["metadata"]["name"]
    assert client.update_blueprint_status(name, blueprint, {"running": 2}, executor.prvkey) == {}
    assert client.get_blueprint(name, blueprint, executor.prvkey)["status"] == {"running": 2}
    refused("Access denied", client.update_blueprint_status, name, blueprint, {}, stranger)
    refused("not found", client.update_blueprint_status, name, new_name("blueprint"), {}, executor.prvkey)


def reconcile_blueprint():
    executor = Executor()
    added = new_blueprint(executor)
    process = client.reconcile_blueprint(name, added["metadata"]["name"], executor.prvkey, force=True)
    assert process["spec"]["kwargs"]["force"] is True
    refused("not found", client.reconcile_blueprint, name, new_name("blueprint"), executor.prvkey)
    refused("Access denied", client.reconcile_blueprint, name, added["metadata"]["name"], stranger)


def get_blueprint_history():
    executor = Executor()
    added = new_blueprint(executor)
    client.update_blueprint({**added, "spec": {"image": "caddy"}}, executor.prvkey)
    newest, first = client.get_blueprint_history(added["blueprintid"], executor.prvkey)
    assert (newest["changetype"], newest["spec"]) == ("update", {"image": "caddy"})
    assert (first["changetype"], first["changedby"]) == ("create", executor.id)
    assert len(client.get_blueprint_history(added["blueprintid"], executor.prvkey, limit=1)) == 1
    refused("not found", client.get_blueprint_history, unknown_id, executor.prvkey)
    refused("", client.get_blueprint_history, added["blueprintid"], stranger)
