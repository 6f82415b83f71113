//! Channels.

use crate::colony::{denied, refused, stranger, Member};
use colonyos::core::Process;

/// A waiting process with a channel.
async fn new_chat() -> (Member, Process) {
    let member = Member::approved().await;
    let mut spec = member.spec("echo");
    spec.channels = vec!["chat".to_owned()];
    let process = colonyos::submit(&spec, &member.prvkey).await.unwrap();
    (member, process)
}

async fn say(process: &Process, sequence: i64, text: &str, prvkey: &str) {
    colonyos::channel_append(&process.processid, "chat", sequence, text, "", 0, prvkey).await.unwrap();
}

pub async fn channel_append() {
    let (member, process) = new_chat().await;
    let id = &process.processid;
    colonyos::channel_append(id, "chat", 1, "é <&>", "end", 7, &member.prvkey).await.unwrap();
    let entries = colonyos::channel_read(id, "chat", 0, 0, &member.prvkey).await.unwrap();
    assert_eq!((entries[0].payload_as_string().as_str(), entries[0].msgtype.as_str()), ("é <&>", "end"));
    assert_eq!((entries[0].sequence, entries[0].inreplyto), (1, 7));
    assert_eq!(entries[0].senderid, member.id());
    denied(colonyos::channel_append(id, "chat", 2, "hi", "", 0, &stranger()).await);
    refused(colonyos::channel_append(id, "other", 2, "hi", "", 0, &member.prvkey).await, "Channel not found");
}

pub async fn channel_read() {
    let (member, process) = new_chat().await;
    for (sequence, text) in [(1, "one"), (2, "two"), (3, "three")] {
        say(&process, sequence, text, &member.prvkey).await;
    }
    let id = &process.processid;
    let entries = colonyos::channel_read(id, "chat", 1, 1, &member.prvkey).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.payload_as_string()).collect::<Vec<_>>(), ["two"]);
    denied(colonyos::channel_read(id, "chat", 0, 0, &stranger()).await);
    let other = Member::approved().await;
    refused(colonyos::channel_read(id, "chat", 0, 0, &other.prvkey).await, "Not authorized");
}

pub async fn subscribe_channel() {
    let (member, process) = new_chat().await;
    say(&process, 1, "missed", &member.prvkey).await;
    let id = &process.processid;
    let mut seen = 0;
    let subscribed = colonyos::subscribe_channel(id, "chat", 0, 20, &member.prvkey, |entries| {
        seen += entries.len();
        seen < 2
    });
    let (entries, ()) = tokio::join!(subscribed, say(&process, 2, "live", &member.prvkey));
    let texts: Vec<String> = entries.unwrap().iter().map(|entry| entry.payload_as_string()).collect();
    assert_eq!(texts, ["missed", "live"]);
    refused(colonyos::subscribe_channel(id, "other", 0, 5, &member.prvkey, |_| true).await, "Channel not found");
}
