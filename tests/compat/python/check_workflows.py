"""One function for each method of pycolonies about workflows."""

import threading

from colony import Executor, client, colony_prvkey, name, refused, stranger, unknown_id
from model import Workflow


def submit_workflow():
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[], b=["a"], c=["a"], d=["b", "c"]), executor.prvkey)
    assert (graph.state, len(graph.processids), len(graph.rootprocessids)) == (client.WAITING, 4, 1)
    assert (graph.initiatorid, graph.initiatorname) == (executor.id, executor.name)
    assert graph.nodes == graph.edges == []
    for output in ([1], [2], [3], [6]):
        executor.run(output)
    last = client.find_process("d", graph.processids, executor.prvkey)
    assert (last.input, last.output, last.state) == ([2, 3], [6], client.SUCCESSFUL)
    assert client.get_processgraph(graph.processgraphid, executor.prvkey).state == client.SUCCESSFUL


def submit_workflow_refused():
    executor = Executor()
    refused("", client.submit_workflow, executor.workflow(a=["nowhere"]), executor.prvkey)
    refused("", client.submit_workflow, executor.workflow(a=["b"], b=["a"]), executor.prvkey)
    refused("", client.submit_workflow, Workflow(colonyname=name, functionspecs=[]), executor.prvkey)
    refused("Access denied", client.submit_workflow, executor.workflow(a=[]), stranger)
    assert not [
        process
        for process in client.list_processes(name, 100, client.WAITING, executor.prvkey) or []
        if process["spec"]["conditions"]["executortype"] == executor.type
    ]


def chain():
    """The paper's chain, wf >> gen >> square: each function gets what the one before it gave."""
    executor = Executor()
    workflow = executor.workflow(gen=[], square=["gen"], double=["square"])
    graph = client.submit_workflow(workflow, executor.prvkey)
    functions = {"gen": lambda: 3, "square": lambda number: number**2, "double": lambda number: number * 2}

    def run():
        for _ in functions:
            process = executor.assign()
            output = functions[process.spec.funcname](*(process.input or []))
            client.close(process.processid, [output], executor.prvkey)

    runner = threading.Thread(target=run)
    runner.start()
    last = client.find_process("double", graph.processids, executor.prvkey)
    assert client.wait(last, 20, executor.prvkey).output == [18]
    runner.join()


def failure_in_a_workflow():
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[], b=["a"]), executor.prvkey)
    client.fail(executor.assign().processid, ["no"], executor.prvkey)
    child = client.find_process("b", graph.processids, executor.prvkey)
    assert client.wait(child, 20, executor.prvkey).state == client.FAILED
    assert client.get_processgraph(graph.processgraphid, executor.prvkey).state == client.FAILED


def get_processgraph():
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[], b=["a"]), executor.prvkey)
    found = client.get_processgraph(graph.processgraphid, executor.prvkey)
    assert found.processids == graph.processids
    assert [node.type for node in found.nodes] == ["input", "output"]
    assert [(edge.source, edge.target) for edge in found.edges] == [tuple(graph.processids)]
    refused("not found", client.get_processgraph, unknown_id, executor.prvkey)
    refused("Access denied", client.get_processgraph, graph.processgraphid, stranger)


def get_processgraphs():
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[]), executor.prvkey)
    for state in (None, client.WAITING):
        graphs = client.get_processgraphs(name, 100, executor.prvkey, state)
        assert graph.processgraphid in [each["processgraphid"] for each in graphs]
    executor.run([])
    graphs = client.get_processgraphs(name, 100, executor.prvkey, client.SUCCESSFUL)
    assert graph.processgraphid in [each["processgraphid"] for each in graphs]
    refused("Access denied", client.get_processgraphs, name, 100, stranger)


def get_processes_for_workflow():
    """pycolonies asks for state -1, which the original refuses; so do we."""
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[]), executor.prvkey)
    refused("", client.get_processes_for_workflow, graph.processgraphid, name, executor.prvkey)


def add_child():
    executor, other = Executor(), Executor()
    graph = client.submit_workflow(executor.workflow(a=[], b=["a"]), executor.prvkey)
    parent = executor.assign()
    child = client.add_child(
        graph.processgraphid, parent.processid, "", executor.spec("added"), "added", False, executor.prvkey
    )
    assert (child["spec"]["nodename"], child["parents"]) == ("added", [parent.processid])
    last = client.find_process("b", graph.processids, executor.prvkey)
    between = client.add_child(
        graph.processgraphid, parent.processid, last.processid, executor.spec("m"), "m", True, executor.prvkey
    )
    assert between["parents"] == [parent.processid]
    assert between["children"] == [last.processid, child["processid"]]
    arguments = [graph.processgraphid, parent.processid, "", executor.spec("x"), "x", False]
    refused("", client.add_child, *arguments, other.prvkey)
    refused("Access denied", client.add_child, *arguments, stranger)
    client.close(parent.processid, [7], executor.prvkey)
    assert executor.run([8]).spec.nodename == "m"  # it was inserted: the others wait for it now
    assert [executor.run([]).input for _ in range(2)] == [[8], [8]]
    assert client.get_processgraph(graph.processgraphid, executor.prvkey).state == client.SUCCESSFUL


def remove_processgraph():
    executor = Executor()
    graph = client.submit_workflow(executor.workflow(a=[], b=["a"]), executor.prvkey)
    refused("Access denied", client.remove_processgraph, graph.processgraphid, stranger)
    assert client.remove_processgraph(graph.processgraphid, executor.prvkey) == {}
    refused("not found", client.get_processgraph, graph.processgraphid, executor.prvkey)
    refused("not found", client.get_process, graph.processids[0], executor.prvkey)
    refused("not found", client.remove_processgraph, graph.processgraphid, executor.prvkey)


def remove_all_processgraphs():
    executor = Executor()
    client.submit_workflow(executor.workflow(a=[]), executor.prvkey)
    refused("Access denied", client.remove_all_processgraphs, name, executor.prvkey)
    assert client.remove_all_processgraphs(name, colony_prvkey) == {}
    assert not client.get_processgraphs(name, 100, executor.prvkey)
    assert client.remove_all_processgraphs(name, colony_prvkey, -1) == {}
