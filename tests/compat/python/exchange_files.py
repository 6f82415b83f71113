"""Moves files with pycolonies, as PyPI has it.

exchange_files.py put LABEL FOLDER    stores all files of the folder
exchange_files.py get LABEL FOLDER    brings all files of the label there

The bytes are kept by the store that AWS_S3_* names.
"""

import os
import sys

from pycolonies import colonies_client

action, label, folder = sys.argv[1:]
client, colony, _, _, key = colonies_client()
if action == "put":
    for filename in os.listdir(folder):
        client.upload_file(colony, key, filepath=os.path.join(folder, filename), label=label)
else:
    for file in client.get_files(label, colony, key):
        client.download_file(colony, key, dst=folder, label=label, filename=file["name"])
