//! Fetch: asks a folder for one name.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::folders::{Answer, Folder, Question, Then, ask};
use super::instantiate::instantiate;
use super::plan::Plan;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;

/// Asks a folder for the document that it keeps under `name`. `plan` tells how to open the folder,
/// and is asked for only if it is not open.
pub(super) async fn fetch(
    inbox: &Arc<Inbox>,
    folder: Folder,
    name: &str,
    deadline: Duration,
    plan: impl Future<Output = Result<Plan, OpenError>>,
) -> Result<String, OpenError> {
    let mut answer = put(inbox, &folder, name, deadline, None).await?;
    if let Answer::NotKept = answer {
        let plan = plan.await?;
        answer = put(inbox, &folder, name, deadline, Some(plan)).await?;
    }
    let (folder, name) = (folder.label, name.to_owned());
    let failed = |folder, name, reason| OpenError::FolderFailed {
        folder,
        name,
        reason,
    };
    match answer {
        Answer::Item(document) => String::from_utf8(document)
            .map_err(|_| failed(folder, name, "its answer is not UTF-8".to_owned())),
        Answer::Missing => Err(OpenError::Missing { folder, name }),
        Answer::Silent => Err(OpenError::SilentFolder {
            folder,
            name,
            after: deadline,
        }),
        Answer::Failed(reason) => Err(failed(folder, name, reason)),
        Answer::NotOpened(error) => Err(error),
        Answer::NotKept => Err(super::gone()),
    }
}

/// Puts a question in the domain, and waits for what becomes of it.
async fn put(
    inbox: &Arc<Inbox>,
    folder: &Folder,
    name: &str,
    deadline: Duration,
    plan: Option<Plan>,
) -> Result<Answer, OpenError> {
    let (reply, answer) = oneshot::channel();
    let question = Question {
        name: name.to_owned(),
        deadline,
        reply,
    };
    let folder = folder.clone();
    let handed_in = inbox.task(move |domain| {
        let open = plan.map(|plan| {
            move |domain: &Domain, then: Then| {
                instantiate(domain, domain.begin(), plan.split(), then)
            }
        });
        ask(domain, folder, question, open);
    });
    if !handed_in {
        return Err(super::gone());
    }
    answer.await.map_err(|_| super::gone())
}
