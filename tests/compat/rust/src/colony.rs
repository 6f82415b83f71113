//! What the checks have in common: the colony of the test, its members, and what refusals look like.

use colonyos::core::{Executor, FunctionSpec, Process, WorkflowSpec};
use colonyos::{crypto, rpc::RPCError};
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};

static NUMBERS: AtomicUsize = AtomicUsize::new(1);

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub fn point_to_server() {
    let (host, port) = (variable("COLONIES_SERVER_HOST"), variable("COLONIES_SERVER_PORT"));
    colonyos::set_server_url(&format!("http://{host}:{port}/api"));
}

pub fn new_name(kind: &str) -> String {
    format!("{kind}-{}", NUMBERS.fetch_add(1, Ordering::Relaxed))
}

pub fn colony() -> String {
    variable("COLONIES_COLONY_NAME")
}

pub fn server_prvkey() -> String {
    variable("COLONIES_SERVER_PRVKEY")
}

pub fn colony_prvkey() -> String {
    variable("COLONIES_COLONY_PRVKEY")
}

pub fn stranger() -> String {
    crypto::gen_prvkey()
}

pub fn unknown_id() -> String {
    "0".repeat(64)
}

/// An executor of a type of its own, so that checks do not take each other's processes.
pub struct Member {
    pub name: String,
    pub prvkey: String,
}

impl Member {
    pub async fn pending() -> Member {
        let member = Member { name: new_name("executor"), prvkey: crypto::gen_prvkey() };
        colonyos::add_executor(&member.executor(), &colony_prvkey()).await.unwrap();
        member
    }

    pub async fn approved() -> Member {
        let member = Member::pending().await;
        colonyos::approve_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
        member
    }

    pub fn executor(&self) -> Executor {
        Executor::new(&self.name, &self.id(), &self.name, &colony())
    }

    pub fn id(&self) -> String {
        crypto::gen_id(&self.prvkey)
    }

    pub fn spec(&self, funcname: &str) -> FunctionSpec {
        FunctionSpec { nodename: funcname.to_owned(), ..FunctionSpec::new(funcname, &self.name, &colony()) }
    }

    pub async fn submit(&self) -> Process {
        colonyos::submit(&self.spec("echo"), &self.prvkey).await.unwrap()
    }

    pub async fn assign(&self) -> Process {
        colonyos::assign(&colony(), 10, &self.prvkey).await.unwrap()
    }

    /// Submits a process and assigns it.
    pub async fn running(&self) -> Process {
        self.submit().await;
        self.assign().await
    }

    /// Assigns the next process and closes it.
    pub async fn run(&self) -> Process {
        let process = self.assign().await;
        colonyos::close(&process.processid, &self.prvkey).await.unwrap();
        process
    }

    pub async fn get(&self, processid: &str) -> Process {
        colonyos::get_process(processid, &self.prvkey).await.unwrap()
    }

    /// A workflow whose nodes follow each other.
    pub fn chain(&self, names: &[&str]) -> WorkflowSpec {
        let mut functionspecs: Vec<FunctionSpec> = names.iter().map(|name| self.spec(name)).collect();
        for at in 1..names.len() {
            functionspecs[at].conditions.dependencies = vec![names[at - 1].to_owned()];
        }
        WorkflowSpec { colonyname: colony(), functionspecs }
    }
}

/// Expects a refusal with this text in its sentence.
#[track_caller]
pub fn refused<T: Debug>(result: Result<T, RPCError>, text: &str) {
    let error = result.expect_err("it was not refused").to_string();
    assert!(error.contains(text), "\"{text}\" is not in \"{error}\"");
}

/// Expects that somebody without rights was told so.
#[track_caller]
pub fn denied<T: Debug>(result: Result<T, RPCError>) {
    refused(result, "Access denied");
}
