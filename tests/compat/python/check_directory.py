"""One function for each method of pycolonies about colonies, executors, functions and users."""

from colony import Executor, client, colony_prvkey, name, new_identity, new_name, refused, server_prvkey, stranger


def new_colony():
    prvkey, colonyid = new_identity()
    colony = {"name": new_name("colony"), "colonyid": colonyid}
    return prvkey, colony


def add_colony():
    _, colony = new_colony()
    assert client.add_colony(colony, server_prvkey) == colony
    refused("already exists", client.add_colony, colony, server_prvkey)
    refused("Access denied", client.add_colony, new_colony()[1], colony_prvkey)


def del_colony():
    _, colony = new_colony()
    client.add_colony(colony, server_prvkey)
    refused("Access denied", client.del_colony, colony["name"], stranger)
    assert client.del_colony(colony["name"], server_prvkey) == {}
    assert colony not in client.list_colonies(server_prvkey)
    refused("not found", client.del_colony, colony["name"], server_prvkey)


def list_colonies():
    assert name in [colony["name"] for colony in client.list_colonies(server_prvkey)]
    refused("Access denied", client.list_colonies, stranger)


def get_colony():
    executor = Executor()
    assert client.get_colony(name, executor.prvkey)["name"] == name
    refused("Access denied", client.get_colony, name, stranger)


def stats():
    executor = Executor()
    executor.submit()
    statistics = client.stats(name, executor.prvkey)
    assert statistics["colonies"] == 1
    assert statistics["waitingprocesses"] >= 1
    assert statistics["activeexecutors"] >= 1
    refused("Access denied", client.stats, name, stranger)


def add_executor():
    executor = Executor(approve=False)
    assert executor.added["executorid"] == executor.id
    assert executor.added["state"] == 0
    again = {key: executor.added[key] for key in ("executorname", "executorid", "colonyname", "executortype")}
    refused("already exists", client.add_executor, again, colony_prvkey)
    refused("Access denied", client.add_executor, again, executor.prvkey)


def approve_executor():
    executor = Executor(approve=False)
    refused("Access denied", executor.submit)
    refused("Access denied", client.approve_executor, name, executor.name, stranger)
    assert client.approve_executor(name, executor.name, colony_prvkey) == {}
    executor.submit()
    client.approve_executor(name, executor.name, colony_prvkey)  # once more is no mistake
    refused("not found", client.approve_executor, name, "nobody", colony_prvkey)


def reject_executor():
    executor = Executor()
    assert client.reject_executor(name, executor.name, colony_prvkey) == {}
    refused("Access denied", executor.submit)
    refused("not found", client.reject_executor, name, "nobody", colony_prvkey)


def get_executor():
    executor = Executor()
    found = client.get_executor(name, executor.name, executor.prvkey)
    assert (found["executorid"], found["executortype"], found["state"]) == (executor.id, executor.type, 1)
    refused("not found", client.get_executor, name, "nobody", executor.prvkey)
    refused("Access denied", client.get_executor, name, executor.name, stranger)


def list_executors():
    executor = Executor()
    assert executor.name in [each["executorname"] for each in client.list_executors(name, executor.prvkey)]
    refused("Access denied", client.list_executors, name, stranger)


def remove_executor():
    executor, other = Executor(), Executor()
    refused("Access denied", client.remove_executor, name, executor.name, other.prvkey)
    assert client.remove_executor(name, executor.name, colony_prvkey) == {}
    refused("Access denied", executor.submit)
    refused("not found", client.remove_executor, name, "nobody", colony_prvkey)


def add_function():
    executor, other = Executor(), Executor()
    function = client.add_function(name, executor.name, "render", executor.prvkey)
    assert (function["funcname"], function["executorname"], function["counter"]) == ("render", executor.name, 0)
    refused("", client.add_function, name, executor.name, "render", other.prvkey)
    refused("Access denied", client.add_function, name, executor.name, "render", stranger)


def get_functions_by_executor():
    executor = Executor()
    assert not client.get_functions_by_executor(name, executor.name, executor.prvkey)
    client.add_function(name, executor.name, "render", executor.prvkey)
    executor.submit("render")
    executor.run([])
    (function,) = client.get_functions_by_executor(name, executor.name, executor.prvkey)
    assert (function["funcname"], function["counter"]) == ("render", 1)
    assert not client.get_functions_by_executor(name, "nobody", executor.prvkey)
    refused("Access denied", client.get_functions_by_executor, name, executor.name, stranger)


def get_functions_by_colony():
    executor = Executor()
    client.add_function(name, executor.name, "render", executor.prvkey)
    functions = client.get_functions_by_colony(name, executor.prvkey)
    assert executor.name in [function["executorname"] for function in functions]
    refused("Access denied", client.get_functions_by_colony, name, stranger)


def new_user():
    prvkey, userid = new_identity()
    user = {"colonyname": name, "userid": userid, "name": new_name("user"), "email": "me@example.org", "phone": "1"}
    return prvkey, user


def add_user():
    prvkey, user = new_user()
    assert client.add_user(user, colony_prvkey) == user
    client.submit_func_spec(Executor().spec(), prvkey)  # users need no approval
    refused("already exists", client.add_user, user, colony_prvkey)
    refused("Access denied", client.add_user, new_user()[1], prvkey)


def get_users():
    prvkey, user = new_user()
    client.add_user(user, colony_prvkey)
    assert user in client.get_users(name, prvkey)
    refused("Access denied", client.get_users, name, stranger)


def remove_user():
    prvkey, user = new_user()
    client.add_user(user, colony_prvkey)
    assert client.remove_user(name, user["name"], colony_prvkey) == {}
    refused("Access denied", client.get_users, name, prvkey)
    refused("not found", client.remove_user, name, user["name"], colony_prvkey)
