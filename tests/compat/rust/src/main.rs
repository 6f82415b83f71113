//! Calls the functions of the published `colonyos` crate that this server answers by now.
//!
//! Prints one line of JSON for each check: {check, messages, error}; `messages` are the message types that it sends.

use colonyos::core::{
    Attribute, Colony, Executor, Function, FunctionSpec, Log, Process, WorkflowSpec, FAILED, RUNNING, SUCCESS, WAITING,
};
use colonyos::{crypto, rpc::RPCError};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

static NUMBERS: AtomicUsize = AtomicUsize::new(1);

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn new_name(kind: &str) -> String {
    format!("{kind}-{}", NUMBERS.fetch_add(1, Ordering::Relaxed))
}

fn colony() -> String {
    variable("COLONIES_COLONY_NAME")
}

fn server_prvkey() -> String {
    variable("COLONIES_SERVER_PRVKEY")
}

fn colony_prvkey() -> String {
    variable("COLONIES_COLONY_PRVKEY")
}

/// An executor of a type of its own, so that checks do not take each other's processes.
struct Member {
    name: String,
    prvkey: String,
}

impl Member {
    async fn pending() -> Member {
        let (name, prvkey) = (new_name("executor"), crypto::gen_prvkey());
        let executor = Executor::new(&name, &crypto::gen_id(&prvkey), &name, &colony());
        let added = colonyos::add_executor(&executor, &colony_prvkey()).await.unwrap();
        assert_eq!((added.executorid, added.state), (executor.executorid, 0));
        Member { name, prvkey }
    }

    async fn approved() -> Member {
        let member = Member::pending().await;
        colonyos::approve_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
        member
    }

    fn spec(&self, funcname: &str) -> FunctionSpec {
        FunctionSpec { nodename: funcname.to_owned(), ..FunctionSpec::new(funcname, &self.name, &colony()) }
    }

    async fn submit(&self) -> Process {
        colonyos::submit(&self.spec("echo"), &self.prvkey).await.unwrap()
    }

    async fn assign(&self) -> Process {
        colonyos::assign(&colony(), 10, &self.prvkey).await.unwrap()
    }

    async fn get(&self, processid: &str) -> Process {
        colonyos::get_process(processid, &self.prvkey).await.unwrap()
    }

    /// A workflow whose nodes follow each other.
    fn chain(&self, names: &[&str]) -> WorkflowSpec {
        let mut functionspecs: Vec<FunctionSpec> = names.iter().map(|name| self.spec(name)).collect();
        for at in 1..names.len() {
            functionspecs[at].conditions.dependencies = vec![names[at - 1].to_owned()];
        }
        WorkflowSpec { colonyname: colony(), functionspecs }
    }
}

/// Expects a refusal with this text in its sentence.
fn refused<T>(result: Result<T, RPCError>, text: &str) {
    let error = result.err().expect("it was not refused").to_string();
    assert!(error.contains(text), "\"{text}\" is not in \"{error}\"");
}

fn stranger() -> String {
    crypto::gen_prvkey()
}

async fn colonies() {
    let wanted = Colony::new(&crypto::gen_id(&crypto::gen_prvkey()), &new_name("colony"));
    let added = colonyos::add_colony(&wanted, &server_prvkey()).await.unwrap();
    assert_eq!((added.colonyid, added.name), (wanted.colonyid.clone(), wanted.name.clone()));
    refused(colonyos::add_colony(&wanted, &server_prvkey()).await, "already exists");
    let names: Vec<String> = colonyos::get_colonies(&server_prvkey()).await.unwrap().into_iter().map(|c| c.name).collect();
    assert!(names.contains(&wanted.name) && names.contains(&colony()));
    let member = Member::approved().await;
    assert_eq!(colonyos::get_colony(&colony(), &member.prvkey).await.unwrap().name, colony());
    colonyos::remove_colony(&wanted.name, &server_prvkey()).await.unwrap();
    refused(colonyos::remove_colony(&wanted.name, &server_prvkey()).await, "not found");
}

async fn executors() {
    let member = Member::pending().await;
    refused(colonyos::submit(&member.spec("f"), &member.prvkey).await, "Access denied");
    colonyos::approve_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
    let found = colonyos::get_executor(&colony(), &member.name, &member.prvkey).await.unwrap();
    assert_eq!((found.executorname.as_str(), found.state), (member.name.as_str(), 1));
    let all = colonyos::get_executors(&colony(), &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.executorname == member.name));
    let again = Executor::new(&member.name, &found.executorid, &member.name, &colony());
    refused(colonyos::add_executor(&again, &colony_prvkey()).await, "already exists");
    colonyos::reject_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
    refused(colonyos::submit(&member.spec("f"), &member.prvkey).await, "Access denied");
    colonyos::remove_executor(&colony(), &member.name, &colony_prvkey()).await.unwrap();
}

async fn functions() {
    let member = Member::approved().await;
    let wanted: Function = serde_json::from_value(serde_json::json!({
        "funcname": "echo", "executorname": member.name, "executortype": member.name, "colonyname": colony(),
    }))
    .unwrap();
    let added = colonyos::add_function(&wanted, &member.prvkey).await.unwrap();
    member.submit().await;
    colonyos::close(&member.assign().await.processid, &member.prvkey).await.unwrap();
    let mine = colonyos::get_functions_by_executor(&colony(), &member.name, &member.prvkey).await.unwrap();
    assert_eq!((mine.len(), mine[0].counter), (1, 1));
    let all = colonyos::get_functions(&colony(), &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.functionid == added.functionid));
    colonyos::remove_function(&added.functionid, &member.prvkey).await.unwrap();
    refused(colonyos::remove_function(&added.functionid, &member.prvkey).await, "not found");
}

async fn submit_assign_close() {
    let member = Member::approved().await;
    let mut spec = member.spec("echo");
    spec.args = vec!["é <&>".to_owned()];
    spec.kwargs.insert("key".to_owned(), serde_json::json!({ "deep": [1, null] }));
    spec.env.insert("NAME".to_owned(), "value".to_owned());
    spec.priority = 3;
    let submitted = colonyos::submit(&spec, &member.prvkey).await.unwrap();
    assert_eq!((submitted.state, submitted.initiatorname.as_str()), (WAITING, member.name.as_str()));
    assert_eq!((&submitted.spec.args, &submitted.spec.kwargs, &submitted.spec.env), (&spec.args, &spec.kwargs, &spec.env));
    let assigned = member.assign().await;
    assert_eq!((assigned.processid.as_str(), assigned.state), (submitted.processid.as_str(), RUNNING));
    colonyos::set_output(&assigned.processid, vec!["done".to_owned()], &member.prvkey).await.unwrap();
    colonyos::close(&assigned.processid, &member.prvkey).await.unwrap();
    let closed = member.get(&assigned.processid).await;
    assert_eq!((closed.state, closed.output), (SUCCESS, vec!["done".to_owned()]));
    refused(colonyos::get_process(&assigned.processid, &stranger()).await, "Access denied");
    refused(colonyos::get_process(&"0".repeat(64), &member.prvkey).await, "not found");
}

async fn assign_none() {
    let member = Member::approved().await;
    refused(colonyos::assign(&colony(), 1, &member.prvkey).await, "No process available for assignment");
    refused(colonyos::assign(&colony(), 1, &stranger()).await, "Access denied");
}

async fn fail() {
    let member = Member::approved().await;
    let process = member.submit().await;
    assert!(colonyos::fail(&process.processid, &member.prvkey).await.is_err());
    member.assign().await;
    colonyos::fail(&process.processid, &member.prvkey).await.unwrap();
    assert_eq!(member.get(&process.processid).await.state, FAILED);
}

async fn list_and_remove() {
    let member = Member::approved().await;
    let process = member.submit().await;
    let waiting = colonyos::get_processes(&colony(), 100, WAITING, &member.prvkey).await.unwrap();
    assert!(waiting.iter().any(|each| each.processid == process.processid));
    colonyos::remove_process(&process.processid, &member.prvkey).await.unwrap();
    refused(colonyos::get_process(&process.processid, &member.prvkey).await, "not found");
    let other = member.submit().await;
    colonyos::remove_all_processes(&colony(), WAITING, &colony_prvkey()).await.unwrap();
    refused(colonyos::get_process(&other.processid, &member.prvkey).await, "not found");
}

async fn attributes() {
    let member = Member::approved().await;
    member.submit().await;
    let process = member.assign().await;
    let wanted = Attribute::new(&colony(), &process.processid, "key", "value");
    let added = colonyos::add_attr(&wanted, &member.prvkey).await.unwrap();
    assert_eq!((added.key.as_str(), added.value.as_str()), ("key", "value"));
    let found = member.get(&process.processid).await.attributes;
    assert_eq!((found.len(), found[0].value.as_str()), (1, "value"));
}

async fn logs() {
    let member = Member::approved().await;
    member.submit().await;
    let process = member.assign().await;
    for message in ["one", "two"] {
        let log = Log {
            processid: process.processid.clone(),
            colonyname: colony(),
            executorname: member.name.clone(),
            message: message.to_owned(),
            timestamp: 0,
        };
        colonyos::add_log(&log, &member.prvkey).await.unwrap();
    }
    let lines = colonyos::get_logs(&colony(), &process.processid, "", 10, 0, &member.prvkey).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let since = colonyos::get_logs(&colony(), &process.processid, "", 10, lines[0].timestamp, &member.prvkey).await.unwrap();
    assert_eq!(since.len(), 1);
    let mine = colonyos::get_logs(&colony(), "", &member.name, 10, 0, &member.prvkey).await.unwrap();
    assert_eq!(mine.len(), 2);
}

async fn workflows() {
    let member = Member::approved().await;
    let graph = colonyos::submit_workflow(&member.chain(&["a", "b"]), &member.prvkey).await.unwrap();
    assert_eq!((graph.state, graph.processids.len(), graph.rootprocessids.len()), (WAITING, 2, 1));
    let first = member.assign().await;
    colonyos::set_output(&first.processid, vec!["from a".to_owned()], &member.prvkey).await.unwrap();
    colonyos::close(&first.processid, &member.prvkey).await.unwrap();
    let second = member.assign().await;
    assert_eq!((second.input, second.parents), (vec!["from a".to_owned()], vec![first.processid]));
    colonyos::close(&second.processid, &member.prvkey).await.unwrap();
    let found = colonyos::get_processgraph(&graph.processgraphid, &member.prvkey).await.unwrap();
    assert_eq!(found.state, SUCCESS);
    let all = colonyos::get_processgraphs(&colony(), 100, SUCCESS, &member.prvkey).await.unwrap();
    assert!(all.iter().any(|each| each.processgraphid == graph.processgraphid));
    colonyos::remove_processgraph(&graph.processgraphid, &member.prvkey).await.unwrap();
    refused(colonyos::get_processgraph(&graph.processgraphid, &member.prvkey).await, "not found");
    colonyos::remove_all_processgraphs(&colony(), -1, &colony_prvkey()).await.unwrap();
}

async fn subscribe() {
    let member = Member::approved().await;
    let process = member.submit().await;
    let (subscribed, ()) = tokio::join!(colonyos::subscribe_process(&process, SUCCESS, 20, &member.prvkey), async {
        let assigned = member.assign().await;
        colonyos::close(&assigned.processid, &member.prvkey).await.unwrap();
    });
    subscribed.unwrap();
    assert_eq!(member.get(&process.processid).await.state, SUCCESS);
}

async fn statistics() {
    let member = Member::approved().await;
    member.submit().await;
    let all = colonyos::get_statistics(&colony(), &member.prvkey).await.unwrap();
    assert!(all.executors >= 1 && all.waitingprocesses >= 1);
}

/// Runs one check; the crate panics at replies that it cannot read, so each has a task of its own.
async fn check(name: &str, messages: &[&str], work: impl Future<Output = ()> + Send + 'static) -> bool {
    let failed = tokio::spawn(work).await.is_err();
    let error = failed.then_some("it panicked; standard error tells where");
    println!("{}", serde_json::json!({ "check": name, "messages": messages, "error": error }));
    failed
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (host, port) = (variable("COLONIES_SERVER_HOST"), variable("COLONIES_SERVER_PORT"));
    colonyos::set_server_url(&format!("http://{host}:{port}/api"));
    let outcomes = [
        check("colonies", &["addcolonymsg", "getcoloniesmsg", "getcolonymsg", "removecolonymsg"], colonies()).await,
        check(
            "executors",
            &[
                "addexecutormsg", "approveexecutormsg", "getexecutormsg", "getexecutorsmsg", "rejectexecutormsg",
                "removeexecutormsg",
            ],
            executors(),
        )
        .await,
        check(
            "functions",
            &["addfunctionmsg", "getfunctionsmsg", "getfunctionsbyexecutormsg", "removefunctionmsg"],
            functions(),
        )
        .await,
        check(
            "submit_assign_close",
            &["submitfuncspecmsg", "assignprocessmsg", "setoutputmsg", "closesuccessfulmsg", "getprocessmsg"],
            submit_assign_close(),
        )
        .await,
        check("assign_none", &[], assign_none()).await,
        check("fail", &["closefailedmsg"], fail()).await,
        check(
            "list_and_remove",
            &["getprocessesmsg", "removeprocessmsg", "removeallprocessesmsg"],
            list_and_remove(),
        )
        .await,
        check("attributes", &["addattributemsg"], attributes()).await,
        check("logs", &["addlogmsg", "getlogsmsg"], logs()).await,
        check(
            "workflows",
            &[
                "submitworkflowspecmsg", "getprocessgraphmsg", "getprocessgraphsmsg", "removeprocessgraphmsg",
                "removeallprocessgraphsmsg",
            ],
            workflows(),
        )
        .await,
        check("subscribe", &["subscribeprocessmsg"], subscribe()).await,
        check("statistics", &["getcolonystatsmsg"], statistics()).await,
    ];
    std::process::exit(i32::from(outcomes.contains(&true)));
}
