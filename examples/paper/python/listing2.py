"""Listing 2 of the paper: register an executor, and what it can do, with pycolonies."""

import os

from crypto import Crypto
from pycolonies import colonies_client

colonies, colonyname, colony_prvkey, _, _ = colonies_client()
crypto = Crypto()
executor_prvkey = crypto.prvkey()
executorid = crypto.id(executor_prvkey)

executor = {
    "executorname": "helloworld_executor",
    "executorid": executorid,
    "colonyname": colonyname,
    "executortype": "helloworld_executor",
}
colonies.add_executor(executor, colony_prvkey)
colonies.approve_executor(colonyname, "helloworld_executor", colony_prvkey)
colonies.add_function(colonyname, "helloworld_executor", "helloworld", executor_prvkey)

# Listing 3 runs as a program of its own, with this identity.
with open(os.open(os.environ["EXECUTOR_KEY_FILE"], os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
    file.write(executor_prvkey)
print("registered", executorid)
