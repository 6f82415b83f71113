//! Calls every function of the published `colonyos` crate, as it is meant and so that the server has to refuse.
//!
//! Prints one line of JSON for each check: {check, error}. A check has the name of the function that it is about.

mod blueprints;
mod channels;
mod colony;
mod directory;
mod processes;
mod workflows;

use std::future::Future;
use std::sync::Mutex;

/// Why the last check failed.
static REASON: Mutex<Option<String>> = Mutex::new(None);

/// Runs one check. What does not hold panics, and so does the crate at replies that it cannot read; therefore each check
/// has a task of its own.
async fn check(name: &str, work: impl Future<Output = ()> + Send + 'static) -> bool {
    let failed = tokio::spawn(work).await.is_err();
    let error = REASON.lock().unwrap().take();
    println!("{}", serde_json::json!({ "check": name, "error": error }));
    failed
}

macro_rules! checks {
    ($failed:ident; $($module:ident: $($name:ident)*;)*) => {
        $($($failed |= check(stringify!($name), $module::$name()).await;)*)*
    };
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    std::panic::set_hook(Box::new(|panic| {
        REASON.lock().unwrap().replace(panic.to_string());
    }));
    colony::point_to_server();
    let mut failed = false;
    checks! { failed;
        directory:
            add_colony remove_colony get_colony get_colonies get_statistics
            add_executor approve_executor reject_executor remove_executor get_executor get_executors
            add_function get_functions get_functions_by_executor remove_function;
        processes:
            submit assign close fail get_process get_processes remove_process remove_all_processes set_output
            subscribe_process add_attr add_log get_logs;
        workflows:
            submit_workflow get_processgraph get_processgraphs remove_processgraph remove_all_processgraphs;
        channels:
            channel_append channel_read subscribe_channel;
        blueprints:
            add_blueprint_definition get_blueprint_definition get_blueprint_definitions remove_blueprint_definition
            add_blueprint get_blueprint get_blueprints update_blueprint remove_blueprint update_blueprint_status
            reconcile_blueprint;
    }
    std::process::exit(i32::from(failed));
}
