//! Spread: makes what a plan says in several domains at once.
//!
//! Whoever opens asks each domain for its share of a step, and goes on once all have answered, so
//! that no turn waits for another domain: proxies are created; then connected, directly or by two
//! halves; then all hear what they are connected with; then they start. Dropping the domains ends
//! what was made so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::gone;
use super::instantiate::{connect, create, not_connected};
use super::plan::{Leaf, Resolved, Wire, Wiring};
use crate::domain_thread::Ending;
use crate::engine::connect::End;
use crate::engine::crossing::{Fullness, Side, across};
use crate::engine::domain::Domain;
use crate::engine::far::FarEnd;
use crate::engine::group::Group;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::object::Ended;

/// What runs in one or several domains.
#[derive(Default)]
pub(crate) struct Spread {
    /// What it shows, by name: the number of the domain, and the end there.
    pub(crate) endpoints: BTreeMap<String, (usize, End)>,
    /// Its connections between domains, in the order in which they were made.
    pub(crate) queues: Vec<QueuedConnection>,
}

/// A connection between two domains.
pub(crate) struct QueuedConnection {
    /// Its ends, for people.
    pub(crate) names: [String; 2],
    /// How full the queue from each of them is.
    pub(crate) fullness: [Fullness; 2],
}

/// A domain's part in a connection.
enum Step {
    Direct(Wire<End>),
    Half(Half),
}

/// A domain's half of a connection with another one.
struct Half {
    side: Side,
    here: End,
    /// Number of the other domain, and of the end among those that it tells of.
    there: (usize, usize),
    names: [String; 2],
}

/// Makes proxies in the domains of these inboxes, `places` telling in which, and connects them. From
/// when they start, states are kept every so many nanoseconds. Says to `ending` how it ended.
///
/// # Errors
///
/// Something cannot be made, or failed before everybody heard that they are connected. What was made
/// is there until the domains are told to stop.
pub(crate) async fn spread(
    inboxes: &[Arc<Inbox>],
    places: &[usize],
    (leaves, wiring): (Vec<Leaf>, Wiring),
    keep_states: Option<u64>,
    ending: Arc<Ending>,
) -> Result<Spread, OpenError> {
    let told = ending.clone();
    let (group, memberships) = Group::new(inboxes.to_vec(), move |ended| told.set(ended));
    let mut shares: Vec<Vec<(usize, Leaf)>> = inboxes.iter().map(|_| Vec::new()).collect();
    for (number, (leaf, place)) in leaves.into_iter().zip(places).enumerate() {
        shares[*place].push((number, leaf));
    }
    let tasks = memberships.into_iter().zip(shares);
    let tasks = tasks.map(|(membership, share)| {
        move |domain: &Domain| {
            let instance = domain.begin_in(membership);
            let made = share.into_iter();
            let made = made.map(|(number, leaf)| Ok((number, create(domain, instance, leaf)?)));
            Ok((instance, made.collect::<Result<Vec<_>, OpenError>>()?))
        }
    });
    let made = each(inboxes, tasks).await?;
    let mut instances = Vec::new();
    let mut ends = vec![BTreeMap::new(); places.len()];
    for (place, (instance, made)) in made.into_iter().enumerate() {
        instances.push(instance);
        for (number, shown) in made {
            let shown = shown.into_iter();
            ends[number] = shown.map(|(name, end)| (name, (place, end))).collect();
        }
    }
    let Resolved { endpoints, wires } = wiring.resolve(&ends)?;

    let (steps, asked, queues) = steps(inboxes.len(), wires);
    let tasks = asked
        .into_iter()
        .map(|ends| move |domain: &Domain| Ok(domain.far_ends(&ends)));
    let told = Arc::new(each(inboxes, tasks).await?);
    let tasks = steps.into_iter().zip(&instances).map(|(steps, instance)| {
        let (told, instance) = (told.clone(), *instance);
        move |domain: &Domain| {
            let mut steps = steps.into_iter();
            steps.try_for_each(|step| match step {
                Step::Direct(wire) => connect(domain, instance, wire),
                Step::Half(half) => connect_half(domain, instance, half, &told),
            })
        }
    });
    each(inboxes, tasks).await?;

    let tasks = instances.iter().map(|instance| {
        let instance = *instance;
        move |domain: &Domain| {
            domain.announce_group(instance);
            Ok(())
        }
    });
    each(inboxes, tasks).await?;

    // Until everybody has heard that they are connected, a failure is one of opening.
    let mut started = Vec::new();
    for (inbox, instance) in inboxes.iter().zip(instances) {
        let (reply, answer) = oneshot::channel();
        inbox.task(move |domain| {
            if let Some(every) = keep_states {
                domain.keep_states(instance, every);
            }
            domain.start_group(instance);
            domain.later(move |domain| {
                if !domain.is_ending(instance) {
                    let _ = reply.send(());
                }
            });
        });
        started.push(answer);
    }
    let mut all = true;
    for started in started {
        all &= started.await.is_ok();
    }
    if all && !group.is_ending() {
        return Ok(Spread { endpoints, queues });
    }
    match ending.watch().await {
        Ended::Failed { object, reason } => Err(OpenError::Failed { object, reason }),
        Ended::Closed => Err(gone()),
    }
}

/// What each domain does to connect, in order; the ends of which it has to tell the others; and the
/// connections between domains.
fn steps(
    count: usize,
    wires: Vec<Wire<(usize, End)>>,
) -> (Vec<Vec<Step>>, Vec<Vec<End>>, Vec<QueuedConnection>) {
    let mut steps: Vec<Vec<Step>> = (0..count).map(|_| Vec::new()).collect();
    let mut asked = vec![Vec::new(); count];
    let mut queues = Vec::new();
    for wire in wires {
        let [(left, near), (right, far)] = wire.ends;
        if left == right {
            steps[left].push(Step::Direct(Wire {
                ends: [near, far],
                names: wire.names,
                direct: wire.direct,
            }));
            continue;
        }
        let ([first, second], fullness) = across();
        let positions = [asked[left].len(), asked[right].len()];
        let sides = [
            (first, left, near, (right, positions[1])),
            (second, right, far, (left, positions[0])),
        ];
        for (side, domain, here, there) in sides {
            asked[domain].push(here);
            steps[domain].push(Step::Half(Half {
                side,
                here,
                there,
                names: wire.names.clone(),
            }));
        }
        let names = wire.names;
        queues.push(QueuedConnection { names, fullness });
    }
    (steps, asked, queues)
}

/// Makes a domain's half of a connection; `told` is what each domain tells of its ends.
fn connect_half(
    domain: &Domain,
    instance: u64,
    half: Half,
    told: &[Vec<Option<FarEnd>>],
) -> Result<(), OpenError> {
    let (other, position) = half.there;
    let made = match &told[other][position] {
        Some(there) => domain.half_across(half.side, half.here, there),
        None => Err("the object is gone".to_owned()),
    };
    let made = made.map_err(|reason| not_connected(half.names, reason))?;
    let number = made.number;
    domain.install(made);
    domain.own_connection(instance, number);
    Ok(())
}

/// Hands each domain its task, all at once, and waits for the answers.
///
/// # Errors
///
/// That of the first domain that has one.
async fn each<T, F>(
    inboxes: &[Arc<Inbox>],
    tasks: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, OpenError>
where
    T: Send + 'static,
    F: FnOnce(&Domain) -> Result<T, OpenError> + Send + 'static,
{
    let asked = inboxes.iter().zip(tasks).map(|(inbox, task)| {
        let (reply, answer) = oneshot::channel();
        inbox.task(move |domain| {
            let _ = reply.send(task(domain));
        });
        answer
    });
    let asked: Vec<_> = asked.collect();
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.map_err(|_| gone())?);
    }
    answers.into_iter().collect()
}
