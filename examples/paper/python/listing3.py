"""Listing 3 of the paper: be assigned processes and run them."""

import os

from pycolonies import colonies_client

colonies, colonyname, _, _, _ = colonies_client()
with open(os.environ["EXECUTOR_KEY_FILE"]) as file:
    executor_prvkey = file.read()

for _ in range(int(os.environ.get("PROCESSES", "1"))):
    process = colonies.assign(colonyname, 10, executor_prvkey)
    if process.spec.funcname == "helloworld":
        colonies.close(process.processid, ["hello world"], executor_prvkey)
        print("closed", process.processid)
