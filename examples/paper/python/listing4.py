"""Listing 4 of the paper: submit a function specification, and wait for its output."""

from pycolonies import colonies_client, func_spec

colonies, colonyname, _, _, prvkey = colonies_client()
spec = func_spec(
    func="helloworld",
    args=[],
    colonyname=colonyname,
    executortype="helloworld_executor",
    priority=0,
    maxexectime=100,
    maxretries=3,
)
process = colonies.submit_func_spec(spec, prvkey)
print("submitted", process.processid)
process = colonies.wait(process, 20, prvkey)
print("output", process.output)
