//! Workflows.

use crate::colony::{colony, colony_prvkey, denied, refused, stranger, unknown_id, Member};
use colonyos::core::{SUCCESS, WAITING};

pub async fn submit_workflow() {
    let member = Member::approved().await;
    let graph = colonyos::submit_workflow(&member.chain(&["a", "b"]), &member.prvkey).await.unwrap();
    assert_eq!((graph.state, graph.processids.len(), graph.rootprocessids.len()), (WAITING, 2, 1));
    let first = member.assign().await;
    colonyos::set_output(&first.processid, vec!["from a".to_owned()], &member.prvkey).await.unwrap();
    colonyos::close(&first.processid, &member.prvkey).await.unwrap();
    let second = member.run().await;
    assert_eq!((second.input, second.parents), (vec!["from a".to_owned()], vec![first.processid]));
    denied(colonyos::submit_workflow(&member.chain(&["a"]), &stranger()).await);
    let mut broken = member.chain(&["a", "b"]);
    broken.functionspecs[1].conditions.dependencies = vec!["nowhere".to_owned()];
    assert!(colonyos::submit_workflow(&broken, &member.prvkey).await.is_err());
}

pub async fn get_processgraph() {
    let member = Member::approved().await;
    let graph = colonyos::submit_workflow(&member.chain(&["a"]), &member.prvkey).await.unwrap();
    member.run().await;
    let found = colonyos::get_processgraph(&graph.processgraphid, &member.prvkey).await.unwrap();
    assert_eq!(found.state, SUCCESS);
    denied(colonyos::get_processgraph(&graph.processgraphid, &stranger()).await);
    refused(colonyos::get_processgraph(&unknown_id(), &member.prvkey).await, "not found");
}

pub async fn get_processgraphs() {
    let member = Member::approved().await;
    let graph = colonyos::submit_workflow(&member.chain(&["a"]), &member.prvkey).await.unwrap();
    let all = colonyos::get_processgraphs(&colony(), 100, WAITING, &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.processgraphid == graph.processgraphid));
    denied(colonyos::get_processgraphs(&colony(), 100, WAITING, &stranger()).await);
}

pub async fn remove_processgraph() {
    let member = Member::approved().await;
    let graph = colonyos::submit_workflow(&member.chain(&["a"]), &member.prvkey).await.unwrap();
    denied(colonyos::remove_processgraph(&graph.processgraphid, &stranger()).await);
    colonyos::remove_processgraph(&graph.processgraphid, &member.prvkey).await.unwrap();
    refused(colonyos::get_processgraph(&graph.processgraphid, &member.prvkey).await, "not found");
}

pub async fn remove_all_processgraphs() {
    let member = Member::approved().await;
    let graph = colonyos::submit_workflow(&member.chain(&["a"]), &member.prvkey).await.unwrap();
    denied(colonyos::remove_all_processgraphs(&colony(), -1, &member.prvkey).await);
    colonyos::remove_all_processgraphs(&colony(), -1, &colony_prvkey()).await.unwrap();
    refused(colonyos::get_processgraph(&graph.processgraphid, &member.prvkey).await, "not found");
}
