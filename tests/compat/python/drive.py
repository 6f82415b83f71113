"""Calls every method of pycolonies, as PyPI has it.

Prints one line of JSON for each check: {check, error}. A check has the name of the method that it is about.
"""

import inspect
import json
import sys
import traceback

import check_directory
import check_processes
import check_workflows


def checks():
    for module in (check_directory, check_processes, check_workflows):
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
    failed = False
    for name, check in checks():
        error = run(check)
        failed = failed or error is not None
        print(json.dumps({"check": name, "error": error}), flush=True)
    sys.exit(failed)


main()
