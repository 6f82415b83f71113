"""One function for each method of pycolonies about channels."""

import threading
import time

from colony import Executor, client, refused, stranger, unknown_id
from pycolonies import ColoniesError


def new_chat():
    """Returns an executor and a process of its type with a channel, which it submitted."""
    executor = Executor()
    spec = executor.spec()
    spec.channels = ["chat"]
    return executor, client.submit_func_spec(spec, executor.prvkey).processid


def channel_append():
    executor, processid = new_chat()
    client.channel_append(processid, "chat", 1, "é <&>", executor.prvkey)
    client.channel_append(processid, "chat", 2, b"\x00\xff", executor.prvkey, in_reply_to=7, payload_type="end")
    first, second = client.channel_read(processid, "chat", 0, 0, executor.prvkey)
    assert (first["payload"].decode(), first["sequence"], first["type"]) == ("é <&>", 1, "data")
    assert (second["payload"], second["inreplyto"], second["type"]) == (b"\x00\xff", 7, "end")
    assert first["senderid"] == executor.id
    refused("Channel not found", client.channel_append, processid, "other", 1, "hi", executor.prvkey)
    refused("not found", client.channel_append, unknown_id, "chat", 1, "hi", executor.prvkey)
    refused("Not authorized", client.channel_append, processid, "chat", 1, "hi", Executor().prvkey)
    refused("Access denied", client.channel_append, processid, "chat", 1, "hi", stranger)
    executor.run([])
    refused("Channel not found", client.channel_append, processid, "chat", 3, "late", executor.prvkey)


def channel_read():
    executor, processid = new_chat()
    assert not client.channel_read(processid, "chat", 0, 0, executor.prvkey)
    for sequence, text in enumerate(["one", "two", "three"], start=1):
        client.channel_append(processid, "chat", sequence, text, executor.prvkey)
    (second,) = client.channel_read(processid, "chat", 1, 1, executor.prvkey)
    assert second["payload"] == b"two"
    assert not client.channel_read(processid, "chat", 3, 0, executor.prvkey)
    refused("Channel not found", client.channel_read, processid, "other", 0, 0, executor.prvkey)
    refused("Not authorized", client.channel_read, processid, "chat", 0, 0, Executor().prvkey)
    refused("Access denied", client.channel_read, processid, "chat", 0, 0, stranger)


def subscribe_channel():
    executor, processid = new_chat()
    client.channel_append(processid, "chat", 1, "missed", executor.prvkey)
    seen = []

    def take(entries):
        if not seen:
            client.channel_append(processid, "chat", 2, "live", executor.prvkey)
        seen.extend(entry["payload"] for entry in entries)
        return len(seen) < 2

    client.subscribe_channel(processid, "chat", executor.prvkey, timeout=20, callback=take)
    assert seen == [b"missed", b"live"]
    for prvkey, channel, text in (
        (executor.prvkey, "other", "Channel not found"),
        (stranger, "chat", "Access denied"),
    ):
        try:
            client.subscribe_channel(processid, channel, prvkey, timeout=5)
        except ColoniesError as error:
            assert text in str(error)
        else:
            raise AssertionError(f"the subscription to {channel} was not refused")


def subscription_that_times_out():
    executor, processid = new_chat()
    client.channel_append(processid, "chat", 1, "only", executor.prvkey)
    (entry,) = client.subscribe_channel(processid, "chat", executor.prvkey, timeout=1)
    assert entry["payload"] == b"only"


def subscription_that_ends_with_the_process():
    executor, processid = new_chat()
    executor.assign()
    closer = threading.Timer(0.5, client.close, [processid, [], executor.prvkey])
    started = time.monotonic()
    closer.start()
    assert client.subscribe_channel(processid, "chat", executor.prvkey, timeout=30) == []
    closer.join()
    assert time.monotonic() - started < 10
