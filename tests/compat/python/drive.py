"""Calls every method of pycolonies, as PyPI has it.

    drive.py [--moto] [MODULE...]    these modules of checks, or all; --moto keeps bytes of files in a moto server

Prints one line of JSON for each check: {check, error}. A check has the name of the method that it is about.
"""

import importlib
import inspect
import json
import os
import sys
import traceback

all_modules = [
    "check_directory", "check_processes", "check_workflows", "check_crons", "check_files", "check_channels",
    "check_blueprints",
]  # fmt: skip


def use_moto():
    """Starts another S3 service in this process, and lets the variables point to it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(
        AWS_S3_ENDPOINT=f"{host}:{port}", AWS_S3_TLS="false", AWS_S3_SKIPVERIFY="false", AWS_S3_BUCKET="elsewhere",
        AWS_S3_REGION="us-east-1", AWS_S3_ACCESSKEY="any", AWS_S3_SECRETKEY="any",
    )  # fmt: skip


def checks(modules):
    for module in map(importlib.import_module, modules):
        for name, check in inspect.getmembers(module, inspect.isfunction):
            if check.__module__ == module.__name__ and not inspect.signature(check).parameters:
                if not name.startswith("new_"):
                    yield name, check


def run(check):
    try:
        check()
    except Exception:
        return traceback.format_exc()
    return None


def main():
    parameters = sys.argv[1:]
    if "--moto" in parameters:
        use_moto()
    failed = False
    for name, check in checks([each for each in parameters if not each.startswith("--")] or all_modules):
        error = run(check)
        failed = failed or error is not None
        print(json.dumps({"check": name, "error": error}), flush=True)
    sys.exit(failed)


main()
