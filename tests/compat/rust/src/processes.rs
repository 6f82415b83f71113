//! Processes, their attributes and logs.

use crate::colony::{colony, colony_prvkey, denied, refused, stranger, unknown_id, Member};
use colonyos::core::{Attribute, Log, FAILED, RUNNING, SUCCESS, WAITING};

pub async fn submit() {
    let member = Member::approved().await;
    let mut spec = member.spec("echo");
    spec.args = vec!["é <&>".to_owned()];
    spec.kwargs.insert("key".to_owned(), serde_json::json!({ "deep": [1, null] }));
    spec.env.insert("NAME".to_owned(), "value".to_owned());
    spec.priority = 3;
    let submitted = colonyos::submit(&spec, &member.prvkey).await.unwrap();
    assert_eq!((submitted.state, submitted.initiatorname.as_str()), (WAITING, member.name.as_str()));
    assert_eq!(
        (&submitted.spec.args, &submitted.spec.kwargs, &submitted.spec.env),
        (&spec.args, &spec.kwargs, &spec.env)
    );
    denied(colonyos::submit(&spec, &stranger()).await);
}

pub async fn assign() {
    let member = Member::approved().await;
    refused(colonyos::assign(&colony(), 1, &member.prvkey).await, "No process available for assignment");
    denied(colonyos::assign(&colony(), 1, &stranger()).await);
    let submitted = member.submit().await;
    let assigned = colonyos::assign(&colony(), 10, &member.prvkey).await.unwrap();
    assert_eq!((assigned.processid, assigned.state), (submitted.processid, RUNNING));
}

pub async fn close() {
    let (member, other) = (Member::approved().await, Member::approved().await);
    let process = member.running().await;
    assert!(colonyos::close(&process.processid, &other.prvkey).await.is_err());
    colonyos::close(&process.processid, &member.prvkey).await.unwrap();
    assert_eq!(member.get(&process.processid).await.state, SUCCESS);
    refused(colonyos::close(&unknown_id(), &member.prvkey).await, "not found");
}

pub async fn fail() {
    let member = Member::approved().await;
    let process = member.submit().await;
    assert!(colonyos::fail(&process.processid, &member.prvkey).await.is_err());
    member.assign().await;
    colonyos::fail(&process.processid, &member.prvkey).await.unwrap();
    assert_eq!(member.get(&process.processid).await.state, FAILED);
}

pub async fn get_process() {
    let member = Member::approved().await;
    let process = member.submit().await;
    assert_eq!(member.get(&process.processid).await.spec.funcname, "echo");
    denied(colonyos::get_process(&process.processid, &stranger()).await);
    refused(colonyos::get_process(&unknown_id(), &member.prvkey).await, "not found");
}

pub async fn get_processes() {
    let member = Member::approved().await;
    let process = member.submit().await;
    let waiting = colonyos::get_processes(&colony(), 100, WAITING, &member.prvkey).await.unwrap();
    assert!(waiting.iter().any(|each| each.processid == process.processid));
    denied(colonyos::get_processes(&colony(), 100, WAITING, &stranger()).await);
    refused(colonyos::get_processes(&colony(), 1_000_000, WAITING, &member.prvkey).await, "Count");
}

pub async fn remove_process() {
    let member = Member::approved().await;
    let process = member.submit().await;
    denied(colonyos::remove_process(&process.processid, &stranger()).await);
    colonyos::remove_process(&process.processid, &member.prvkey).await.unwrap();
    refused(colonyos::get_process(&process.processid, &member.prvkey).await, "not found");
}

pub async fn remove_all_processes() {
    let member = Member::approved().await;
    let process = member.submit().await;
    denied(colonyos::remove_all_processes(&colony(), WAITING, &member.prvkey).await);
    colonyos::remove_all_processes(&colony(), WAITING, &colony_prvkey()).await.unwrap();
    refused(colonyos::get_process(&process.processid, &member.prvkey).await, "not found");
}

pub async fn set_output() {
    let (member, other) = (Member::approved().await, Member::approved().await);
    let process = member.running().await;
    let output = vec!["done".to_owned()];
    assert!(colonyos::set_output(&process.processid, output.clone(), &other.prvkey).await.is_err());
    colonyos::set_output(&process.processid, output.clone(), &member.prvkey).await.unwrap();
    assert_eq!(member.get(&process.processid).await.output, output);
}

pub async fn subscribe_process() {
    let member = Member::approved().await;
    let process = member.submit().await;
    let (subscribed, _) =
        tokio::join!(colonyos::subscribe_process(&process, SUCCESS, 20, &member.prvkey), member.run());
    subscribed.unwrap();
    assert_eq!(member.get(&process.processid).await.state, SUCCESS);
    assert!(colonyos::subscribe_process(&process, SUCCESS, 20, &stranger()).await.is_err());
}

pub async fn add_attr() {
    let member = Member::approved().await;
    let process = member.running().await;
    let wanted = Attribute::new(&colony(), &process.processid, "key", "value");
    let added = colonyos::add_attr(&wanted, &member.prvkey).await.unwrap();
    assert_eq!((added.key.as_str(), added.value.as_str()), ("key", "value"));
    let found = member.get(&process.processid).await.attributes;
    assert_eq!((found.len(), found[0].value.as_str()), (1, "value"));
    denied(colonyos::add_attr(&wanted, &stranger()).await);
}

async fn say(member: &Member, processid: &str, message: &str) -> Result<(), colonyos::rpc::RPCError> {
    let log = Log {
        processid: processid.to_owned(),
        colonyname: colony(),
        executorname: member.name.clone(),
        message: message.to_owned(),
        timestamp: 0,
    };
    colonyos::add_log(&log, &member.prvkey).await
}

pub async fn add_log() {
    let member = Member::approved().await;
    let process = member.running().await;
    say(&member, &process.processid, "line <é>\n").await.unwrap();
    let lines = colonyos::get_logs(&colony(), &process.processid, "", 10, 0, &member.prvkey).await.unwrap();
    assert_eq!(lines[0].message, "line <é>\n");
    refused(say(&member, &unknown_id(), "nowhere").await, "not found");
}

pub async fn get_logs() {
    let member = Member::approved().await;
    let process = member.running().await;
    for message in ["one", "two"] {
        say(&member, &process.processid, message).await.unwrap();
    }
    let lines = colonyos::get_logs(&colony(), &process.processid, "", 10, 0, &member.prvkey).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let first = lines[0].timestamp;
    let since = colonyos::get_logs(&colony(), &process.processid, "", 10, first, &member.prvkey).await.unwrap();
    assert_eq!(since.len(), 1);
    let mine = colonyos::get_logs(&colony(), "", &member.name, 10, 0, &member.prvkey).await.unwrap();
    assert_eq!(mine.len(), 2);
    denied(colonyos::get_logs(&colony(), &process.processid, "", 10, 0, &stranger()).await);
}
