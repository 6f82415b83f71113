//! Colonies, executors and functions.

use crate::colony::{colony, colony_prvkey, denied, new_name, refused, server_prvkey, stranger, unknown_id, Member};
use colonyos::core::{Colony, Function, APPROVED, PENDING, REJECTED};
use colonyos::crypto;

async fn new_colony() -> Colony {
    let wanted = Colony::new(&crypto::gen_id(&crypto::gen_prvkey()), &new_name("colony"));
    colonyos::add_colony(&wanted, &server_prvkey()).await.unwrap()
}

pub async fn add_colony() {
    let wanted = Colony::new(&crypto::gen_id(&crypto::gen_prvkey()), &new_name("colony"));
    let added = colonyos::add_colony(&wanted, &server_prvkey()).await.unwrap();
    assert_eq!((&added.colonyid, &added.name), (&wanted.colonyid, &wanted.name));
    refused(colonyos::add_colony(&wanted, &server_prvkey()).await, "already exists");
    denied(colonyos::add_colony(&wanted, &stranger()).await);
}

pub async fn remove_colony() {
    let added = new_colony().await;
    denied(colonyos::remove_colony(&added.name, &stranger()).await);
    colonyos::remove_colony(&added.name, &server_prvkey()).await.unwrap();
    refused(colonyos::remove_colony(&added.name, &server_prvkey()).await, "not found");
}

pub async fn get_colony() {
    let member = Member::approved().await;
    assert_eq!(colonyos::get_colony(&colony(), &member.prvkey).await.unwrap().name, colony());
    denied(colonyos::get_colony(&colony(), &stranger()).await);
}

pub async fn get_colonies() {
    let added = new_colony().await;
    let all = colonyos::get_colonies(&server_prvkey()).await.unwrap();
    for name in [added.name, colony()] {
        assert!(all.iter().any(|each| each.name == name));
    }
    denied(colonyos::get_colonies(&stranger()).await);
}

pub async fn get_statistics() {
    let member = Member::approved().await;
    member.submit().await;
    let all = colonyos::get_statistics(&colony(), &member.prvkey).await.unwrap();
    assert!(all.executors >= 1 && all.waitingprocesses >= 1);
    denied(colonyos::get_statistics(&colony(), &stranger()).await);
}

pub async fn add_executor() {
    let member = Member { name: new_name("executor"), prvkey: crypto::gen_prvkey() };
    let added = colonyos::add_executor(&member.executor(), &colony_prvkey()).await.unwrap();
    assert_eq!((added.executorid, added.state), (member.id(), PENDING));
    refused(colonyos::add_executor(&member.executor(), &colony_prvkey()).await, "already exists");
    denied(colonyos::add_executor(&member.executor(), &stranger()).await);
}

pub async fn approve_executor() {
    let member = Member::pending().await;
    denied(colonyos::submit(&member.spec("f"), &member.prvkey).await);
    denied(colonyos::approve_executor(&colony(), &member.name, &member.prvkey).await);
    colonyos::approve_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
    member.submit().await;
    refused(colonyos::approve_executor(&colony(), &new_name("executor"), &colony_prvkey()).await, "not found");
}

pub async fn reject_executor() {
    let (member, other) = (Member::approved().await, Member::approved().await);
    denied(colonyos::reject_executor(&colony(), &member.name, &other.prvkey).await);
    colonyos::reject_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
    let found = colonyos::get_executor(&colony(), &member.name, &other.prvkey).await.unwrap();
    assert_eq!(found.state, REJECTED);
    denied(colonyos::submit(&member.spec("f"), &member.prvkey).await);
}

pub async fn remove_executor() {
    let member = Member::approved().await;
    denied(colonyos::remove_executor(&colony(), &member.name, &member.prvkey).await);
    colonyos::remove_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
    denied(colonyos::submit(&member.spec("f"), &member.prvkey).await);
}

pub async fn get_executor() {
    let member = Member::approved().await;
    let found = colonyos::get_executor(&colony(), &member.name, &member.prvkey).await.unwrap();
    assert_eq!((found.executorname.as_str(), found.state), (member.name.as_str(), APPROVED));
    refused(colonyos::get_executor(&colony(), &new_name("executor"), &member.prvkey).await, "not found");
}

pub async fn get_executors() {
    let member = Member::approved().await;
    let all = colonyos::get_executors(&colony(), &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.executorname == member.name));
    denied(colonyos::get_executors(&colony(), &stranger()).await);
}

async fn new_function(member: &Member) -> Function {
    let wanted: Function = serde_json::from_value(serde_json::json!({
        "funcname": "echo", "executorname": member.name, "executortype": member.name, "colonyname": colony(),
    }))
    .unwrap();
    colonyos::add_function(&wanted, &member.prvkey).await.unwrap()
}

pub async fn add_function() {
    let (member, other) = (Member::approved().await, Member::approved().await);
    let added = new_function(&member).await;
    assert_eq!((added.funcname.as_str(), added.executorname.as_str()), ("echo", member.name.as_str()));
    refused(colonyos::add_function(&added, &other.prvkey).await, "another executor");
}

pub async fn get_functions() {
    let member = Member::approved().await;
    let added = new_function(&member).await;
    let all = colonyos::get_functions(&colony(), &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.functionid == added.functionid));
    denied(colonyos::get_functions(&colony(), &stranger()).await);
}

pub async fn get_functions_by_executor() {
    let member = Member::approved().await;
    new_function(&member).await;
    member.submit().await;
    member.run().await;
    let mine = colonyos::get_functions_by_executor(&colony(), &member.name, &member.prvkey).await.unwrap();
    assert_eq!((mine.len(), mine[0].counter), (1, 1));
    denied(colonyos::get_functions_by_executor(&colony(), &member.name, &stranger()).await);
}

pub async fn remove_function() {
    let member = Member::approved().await;
    let added = new_function(&member).await;
    colonyos::remove_function(&added.functionid, &member.prvkey).await.unwrap();
    refused(colonyos::remove_function(&added.functionid, &member.prvkey).await, "not found");
    refused(colonyos::remove_function(&unknown_id(), &member.prvkey).await, "not found");
}
