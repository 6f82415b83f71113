"""One function for each method of pycolonies about files, their labels and snapshots.

The bytes are kept by the store that AWS_S3_* names.
"""

import os
import tempfile

from colony import Executor, client, name, new_name, refused, stranger, unknown_id

content = bytes(range(256)) * 1000


def new_label():
    return "/" + new_name("label")


def new_upload(executor, label=None, filename="a.bin", data=content):
    return client.upload_data(name, executor.prvkey, filename=filename, data=data, label=label or new_label())


def upload_file():
    executor = Executor()
    label = new_label()
    with tempfile.TemporaryDirectory() as folder:
        for filename, data in (("a.bin", content), ("empty.bin", b"")):
            path = os.path.join(folder, filename)
            with open(path, "wb") as file:
                file.write(data)
            added = client.upload_file(name, executor.prvkey, filepath=path, label=label)
            assert (added["name"], added["size"], added["label"]) == (filename, len(data), label)
            assert client.download_data(name, executor.prvkey, label=label, filename=filename) == data
        refused("Access denied", client.upload_file, name, stranger, filepath=path, label=label)


def upload_data():
    executor = Executor()
    label = new_label()
    added = new_upload(executor, label)
    assert (added["name"], added["size"], added["checksumalg"]) == ("a.bin", len(content), "SHA256")
    stored = added["ref"]["s3object"]
    assert f"{stored['server']}:{stored['port']}" == os.environ["AWS_S3_ENDPOINT"]
    assert (stored["accesskey"], stored["secretkey"]) == ("", "")
    refused("Access denied", client.upload_data, name, stranger, filename="b", data=b"b", label=label)


def get_file():
    executor = Executor()
    label = new_label()
    first, second = new_upload(executor, label), new_upload(executor, label, data=b"newer")
    (newest,) = client.get_file(name, executor.prvkey, label=label, filename="a.bin")
    assert newest["fileid"] == second["fileid"]
    all_revisions = client.get_file(name, executor.prvkey, label=label, filename="a.bin", latest=False)
    assert [each["fileid"] for each in all_revisions] == [second["fileid"], first["fileid"]]
    (by_id,) = client.get_file(name, executor.prvkey, fileid=first["fileid"])
    assert by_id["checksum"] == first["checksum"]
    refused("", client.get_file, name, executor.prvkey, fileid=unknown_id)
    refused("", client.get_file, name, executor.prvkey, label=label, filename="nowhere")
    refused("Access denied", client.get_file, name, stranger, label=label, filename="a.bin")


def get_files():
    executor = Executor()
    label = new_label()
    for filename in ("a.bin", "a.bin", "b.bin"):
        new_upload(executor, label, filename)
    files = client.get_files(label, name, executor.prvkey)
    assert sorted(each["name"] for each in files) == ["a.bin", "b.bin"]
    assert not client.get_files(new_label(), name, executor.prvkey)
    refused("Access denied", client.get_files, label, name, stranger)


def get_file_labels():
    executor = Executor()
    label = new_label()
    new_upload(executor, label)
    new_upload(executor, label + "/below")
    assert label in [each["name"] for each in client.get_file_labels(name, executor.prvkey)]
    exact = client.get_file_labels(name, executor.prvkey, name=label, exact=True)
    assert sorted((each["name"], each["files"]) for each in exact) == [(label, 1), (label + "/below", 1)]
    refused("Access denied", client.get_file_labels, name, stranger)


def download_file():
    executor = Executor()
    label = new_label()
    new_upload(executor, label)
    with tempfile.TemporaryDirectory() as folder:
        path = client.download_file(name, executor.prvkey, dst=folder, label=label, filename="a.bin")
        with open(path, "rb") as file:
            assert file.read() == content
        refused("", client.download_file, name, executor.prvkey, dst=folder, label=label, filename="nowhere")
        refused("Access denied", client.download_file, name, stranger, dst=folder, label=label, filename="a.bin")


def download_data():
    executor = Executor()
    label = new_label()
    new_upload(executor, label)
    newest = new_upload(executor, label, data=b"newer")
    assert client.download_data(name, executor.prvkey, label=label, filename="a.bin") == b"newer"
    assert client.download_data(name, executor.prvkey, fileid=newest["fileid"]) == b"newer"
    refused("", client.download_data, name, executor.prvkey, label=label, filename="nowhere")


def delete_file():
    executor = Executor()
    label = new_label()
    new_upload(executor, label)
    refused("Access denied", client.delete_file, name, stranger, label=label, filename="a.bin")
    assert client.delete_file(name, executor.prvkey, label=label, filename="a.bin") is None
    assert not client.get_files(label, name, executor.prvkey)
    refused("", client.delete_file, name, executor.prvkey, label=label, filename="a.bin")


def sync():
    """It calls a library that is made from the Go module; the package has none."""
    executor = Executor()
    library = os.environ.pop("CFSLIB", None)
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        label = new_label()
        try:
            client.sync(here, label, True, name, executor.prvkey)
        except OSError as error:
            assert "libcfslib.so" in str(error)
        if library is None:
            return
        os.environ["CFSLIB"] = library
        with open(os.path.join(here, "a.bin"), "wb") as file:
            file.write(content)
        client.sync(here, label, True, name, executor.prvkey)
        client.sync(there, label, True, name, executor.prvkey)
        with open(os.path.join(there, "a.bin"), "rb") as file:
            assert file.read() == content
        try:
            client.sync(here, label, True, name, stranger)
        except Exception as error:
            assert str(error) == "failed to sync"
        else:
            raise AssertionError("the sync of a stranger was not refused")


def new_snapshot(executor):
    label = new_label()
    file = new_upload(executor, label)
    return file, client.create_snapshot(name, label, new_name("snapshot"), executor.prvkey)


def create_snapshot():
    executor = Executor()
    file, snapshot = new_snapshot(executor)
    assert snapshot["fileids"] == [file["fileid"]]
    again = [name, snapshot["label"], snapshot["name"]]
    refused("already exists", client.create_snapshot, *again, executor.prvkey)
    refused("Access denied", client.create_snapshot, *again, stranger)


def get_snapshots():
    executor = Executor()
    _, snapshot = new_snapshot(executor)
    assert snapshot["snapshotid"] in [each["snapshotid"] for each in client.get_snapshots(name, executor.prvkey)]
    refused("Access denied", client.get_snapshots, name, stranger)


def get_snapshot_by_name():
    executor = Executor()
    file, snapshot = new_snapshot(executor)
    found = client.get_snapshot_by_name(name, snapshot["name"], executor.prvkey)
    assert (found["snapshotid"], found["fileids"]) == (snapshot["snapshotid"], [file["fileid"]])
    refused("not found", client.get_snapshot_by_name, name, new_name("snapshot"), executor.prvkey)
    refused("Access denied", client.get_snapshot_by_name, name, snapshot["name"], stranger)


def get_snapshot_by_id():
    executor = Executor()
    _, snapshot = new_snapshot(executor)
    assert client.get_snapshot_by_id(name, snapshot["snapshotid"], executor.prvkey)["name"] == snapshot["name"]
    refused("not found", client.get_snapshot_by_id, name, unknown_id, executor.prvkey)
    refused("Access denied", client.get_snapshot_by_id, name, snapshot["snapshotid"], stranger)
