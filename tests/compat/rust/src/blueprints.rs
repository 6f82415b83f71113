//! Blueprint definitions and blueprints.

use crate::colony::{colony, colony_prvkey, denied, new_name, refused, stranger, Member};
use colonyos::core::{Blueprint, BlueprintDefinition};
use serde_json::{json, Value};
use std::collections::HashMap;

/// A definition whose blueprints this member reconciles.
fn definition(member: &Member) -> BlueprintDefinition {
    let kind = new_name("Kind");
    serde_json::from_value(json!({
        "kind": kind,
        "metadata": { "name": new_name("definition"), "colonyname": colony() },
        "spec": {
            "names": { "kind": kind, "singular": kind, "plural": format!("{kind}s") },
            "handler": { "executorType": member.name, "functionName": "reconcile" },
            "schema": { "type": "object", "properties": { "image": { "type": "string" } }, "required": ["image"] },
        },
    }))
    .unwrap()
}

async fn new_definition(member: &Member) -> BlueprintDefinition {
    colonyos::add_blueprint_definition(&definition(member), &colony_prvkey()).await.unwrap()
}

fn blueprint(definition: &BlueprintDefinition) -> Blueprint {
    serde_json::from_value(json!({
        "kind": definition.spec.names.kind,
        "metadata": { "name": new_name("blueprint"), "colonyname": colony() },
        "spec": { "image": "nginx", "replicas": 2 },
    }))
    .unwrap()
}

async fn new_blueprint(member: &Member) -> Blueprint {
    colonyos::add_blueprint(&blueprint(&new_definition(member).await), &member.prvkey).await.unwrap()
}

/// Expects the next process of a reconciler, and closes it.
async fn reconciled(member: &Member, funcname: &str, blueprint: &Blueprint) {
    let process = member.run().await;
    assert_eq!(process.spec.funcname, funcname);
    assert_eq!(process.spec.kwargs["blueprintName"], Value::from(blueprint.metadata.name.clone()));
}

pub async fn add_blueprint_definition() {
    let member = Member::approved().await;
    let wanted = definition(&member);
    denied(colonyos::add_blueprint_definition(&wanted, &member.prvkey).await);
    let added = colonyos::add_blueprint_definition(&wanted, &colony_prvkey()).await.unwrap();
    assert_eq!(added.spec.names.kind, wanted.spec.names.kind);
    assert!(!added.blueprintdefinitionid.is_empty());
    refused(colonyos::add_blueprint_definition(&wanted, &colony_prvkey()).await, "already exists");
}

pub async fn get_blueprint_definition() {
    let member = Member::approved().await;
    let name = new_definition(&member).await.metadata.name;
    let found = colonyos::get_blueprint_definition(&colony(), &name, &member.prvkey).await.unwrap();
    assert_eq!(found.metadata.name, name);
    let nowhere = new_name("definition");
    refused(colonyos::get_blueprint_definition(&colony(), &nowhere, &member.prvkey).await, "not found");
}

pub async fn get_blueprint_definitions() {
    let member = Member::approved().await;
    let added = new_definition(&member).await;
    let all = colonyos::get_blueprint_definitions(&colony(), &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.metadata.name == added.metadata.name));
    denied(colonyos::get_blueprint_definitions(&colony(), &stranger()).await);
}

pub async fn remove_blueprint_definition() {
    let member = Member::approved().await;
    let name = new_definition(&member).await.metadata.name;
    denied(colonyos::remove_blueprint_definition(&colony(), &name, &member.prvkey).await);
    colonyos::remove_blueprint_definition(&colony(), &name, &colony_prvkey()).await.unwrap();
    refused(colonyos::remove_blueprint_definition(&colony(), &name, &colony_prvkey()).await, "not found");
}

pub async fn add_blueprint() {
    let member = Member::approved().await;
    let wanted = blueprint(&new_definition(&member).await);
    denied(colonyos::add_blueprint(&wanted, &stranger()).await);
    let added = colonyos::add_blueprint(&wanted, &member.prvkey).await.unwrap();
    assert_eq!(added.spec, wanted.spec);
    refused(colonyos::add_blueprint(&wanted, &member.prvkey).await, "already exists");
    reconciled(&member, "reconcile", &added).await;
}

pub async fn get_blueprint() {
    let member = Member::approved().await;
    let added = new_blueprint(&member).await;
    let found = colonyos::get_blueprint(&colony(), &added.metadata.name, &member.prvkey).await.unwrap();
    assert_eq!(found.blueprintid, added.blueprintid);
    refused(colonyos::get_blueprint(&colony(), &new_name("blueprint"), &member.prvkey).await, "not found");
}

pub async fn get_blueprints() {
    let member = Member::approved().await;
    let added = new_blueprint(&member).await;
    let found = colonyos::get_blueprints(&colony(), &added.kind, "", &member.prvkey).await.unwrap();
    assert_eq!(found.iter().map(|each| &each.blueprintid).collect::<Vec<_>>(), [&added.blueprintid]);
    denied(colonyos::get_blueprints(&colony(), "", "", &stranger()).await);
}

pub async fn update_blueprint() {
    let member = Member::approved().await;
    let mut changed = new_blueprint(&member).await;
    reconciled(&member, "reconcile", &changed).await;
    changed.spec.insert("replicas".to_owned(), json!(3));
    let updated = colonyos::update_blueprint(&changed, false, &member.prvkey).await.unwrap();
    assert_eq!(updated.spec["replicas"], 3);
    reconciled(&member, "reconcile", &changed).await;
    changed.spec.insert("image".to_owned(), json!(7));
    refused(colonyos::update_blueprint(&changed, false, &member.prvkey).await, "image");
    denied(colonyos::update_blueprint(&changed, true, &stranger()).await);
}

pub async fn remove_blueprint() {
    let member = Member::approved().await;
    let added = new_blueprint(&member).await;
    reconciled(&member, "reconcile", &added).await;
    denied(colonyos::remove_blueprint(&colony(), &added.metadata.name, &stranger()).await);
    colonyos::remove_blueprint(&colony(), &added.metadata.name, &member.prvkey).await.unwrap();
    refused(colonyos::remove_blueprint(&colony(), &added.metadata.name, &member.prvkey).await, "not found");
    reconciled(&member, "cleanup", &added).await;
}

pub async fn update_blueprint_status() {
    let member = Member::approved().await;
    let name = new_blueprint(&member).await.metadata.name;
    let status = HashMap::from([("running".to_owned(), json!(2))]);
    colonyos::update_blueprint_status(&colony(), &name, status.clone(), &member.prvkey).await.unwrap();
    let found = colonyos::get_blueprint(&colony(), &name, &member.prvkey).await.unwrap();
    assert_eq!(found.status, status);
    denied(colonyos::update_blueprint_status(&colony(), &name, status, &stranger()).await);
}

pub async fn reconcile_blueprint() {
    let member = Member::approved().await;
    let added = new_blueprint(&member).await;
    reconciled(&member, "reconcile", &added).await;
    let name = &added.metadata.name;
    let submitted = colonyos::reconcile_blueprint(&colony(), name, true, &member.prvkey).await.unwrap();
    assert_eq!(submitted.spec.kwargs["force"], true);
    reconciled(&member, "reconcile", &added).await;
    denied(colonyos::reconcile_blueprint(&colony(), name, false, &stranger()).await);
}
