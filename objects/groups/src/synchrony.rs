//! One end of a virtually synchronous channel, as a state machine above a reliable one: members that
//! pass together from one view to the next have received the same messages in the first, and a message
//! is received in the view in which it was sent.
//!
//! - The reliable channel shows a view when all is there of those who have left. Then a member *closes*
//!   the view before: it sends a marker, and nothing of its own any more until the new one is open.
//! - A view *opens* when the markers of all its members have come. Messages of a view that is not open
//!   yet wait for it.
//! - A view of which some marker never comes, since a member was gone before it sent it, is skipped:
//!   the next one opens in its place.
//! - Who was excluded and comes back as another member shows a view of itself alone in between: it does
//!   not pass from its last view to the next together with those who stayed.
//!
//! Why that is enough. Let two members pass from the open view `v` to the open view `u`. Both have been
//! shown `u`, so both have all that members of `u` had of those who left before it. The channel is FIFO,
//! so that with the marker of a member that stays comes all it has sent in `v`. So both have the same
//! messages of every sender when `u` opens.
//!
//! Nor do they disagree on which views open. If one opens a view, every member of that view was shown it,
//! and has sent its marker. Those who go on together have all these markers before a later view is
//! shown, or with the markers of that one. And of views that are skipped nothing is received, since
//! nobody who stays has sent anything in them.
//!
//! Who leaves stays until all that it was to send is with the reliable channel, which sees to it that the others
//! get it. Of a view that it alone has opened, since a marker has reached nobody else, the others know
//! nothing: they skip it, and do not pass to the next one together with it.
//!
//! It needs no timer, and repeats nothing.

mod frame;
mod proxy;

use std::collections::{BTreeSet, VecDeque};

use frame::Frame;

use crate::fault::{self, Fault};
use crate::view::View;
use crate::wire::Tag;

/// Largest message; with what stands before it, it fits the channel below.
const MAX_MESSAGE: usize = 1_000_064;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this through the reliable channel.
    Send(Vec<u8>),
    /// This view is open.
    View(View),
    /// A message was received, in the view that is open.
    Receive(Vec<u8>),
    /// The channel cannot keep what it promises any more.
    Fail(String),
}

/// A view that is not open yet.
struct Coming {
    view: View,
    /// Who has said that it sends nothing more in earlier views.
    markers: BTreeSet<u64>,
    /// What was received of it, in order.
    held: Vec<Vec<u8>>,
}

pub(crate) struct Synchrony {
    tag: Tag,
    /// So many bytes may wait to be sent.
    backlog: usize,
    open: Option<View>,
    /// In the order of their numbers.
    coming: VecDeque<Coming>,
    /// Messages that wait for a view to open, and their bytes.
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    /// Counts what this proxy has sent, so that no two frames are alike.
    sent: u64,
    /// Messages that were none of `virtual_synchrony`.
    dropped: u64,
}

impl Synchrony {
    pub(crate) fn new(tag: Tag, backlog: usize) -> Self {
        Synchrony {
            tag,
            backlog,
            open: None,
            coming: VecDeque::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            sent: 0,
            dropped: 0,
        }
    }

    /// Messages that were for somebody else, or damaged.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Sends a message to all members of the view that is open, or opens next.
    pub(crate) fn send(&mut self, message: &[u8]) -> Vec<Action> {
        if message.len() > MAX_MESSAGE {
            return vec![Action::Fail(format!(
                "a message of {} bytes was to be sent, and the largest has {MAX_MESSAGE}",
                message.len()
            ))];
        }
        let mut actions = Vec::new();
        self.waiting_bytes += message.len();
        self.waiting.push_back(message.to_vec());
        self.transmit(&mut actions);
        if self.waiting_bytes > self.backlog {
            actions.push(Action::Fail(format!(
                "more than {} bytes wait for the next view: a member does not answer, or the group is \
                 partitioned; `backlog` sets the limit",
                self.backlog
            )));
        }
        actions
    }

    /// Whether all that was to be sent is with the reliable channel: then others miss nothing when this
    /// member goes.
    pub(crate) fn has_finished(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The reliable channel shows its next view.
    pub(crate) fn view(&mut self, view: View) -> Vec<Action> {
        let mut actions = Vec::new();
        let latest = self.coming.back().map(|coming| &coming.view);
        if let Some(latest) = latest.or(self.open.as_ref()) {
            if latest.number >= view.number {
                return actions;
            }
            if latest.me != view.me {
                // Nothing of what was before counts for another member.
                self.coming.clear();
                if self.open.take().is_some() && !fault::is(Fault::NeverAlone) {
                    actions.push(Action::View(view.alone()));
                }
            }
        }
        let marker = Frame::Marker {
            sender: view.me,
            view: view.number,
        };
        actions.push(Action::Send(marker.encode(self.tag)));
        self.coming.push_back(Coming {
            view,
            markers: BTreeSet::new(),
            held: Vec::new(),
        });
        actions
    }

    /// The reliable channel has received something.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        match Frame::decode(self.tag, bytes) {
            None => self.dropped += 1,
            Some(Frame::Marker { sender, view }) => self.marker(sender, view, &mut actions),
            Some(Frame::Data { view, message, .. }) => {
                let is_open = |open: &View| open.number == view;
                if self.open.as_ref().is_some_and(is_open) {
                    actions.push(Action::Receive(message.to_vec()));
                } else if let Some(coming) = self.coming(view) {
                    coming.held.push(message.to_vec());
                }
            }
        }
        actions
    }

    fn coming(&mut self, number: u64) -> Option<&mut Coming> {
        let mut coming = self.coming.iter_mut();
        coming.find(|coming| coming.view.number == number)
    }

    /// A member has closed all views before this one.
    fn marker(&mut self, sender: u64, number: u64, actions: &mut Vec<Action>) {
        let Some(coming) = self.coming(number) else {
            return;
        };
        coming.markers.insert(sender);
        let lacking = coming.view.members.iter();
        let lacking = lacking.filter(|member| !coming.markers.contains(member));
        if lacking.count() > usize::from(fault::is(Fault::OpensEarly)) {
            return;
        }
        while let Some(coming) = self.coming.pop_front() {
            if coming.view.number < number {
                continue;
            }
            actions.push(Action::View(coming.view.clone()));
            actions.extend(coming.held.into_iter().map(Action::Receive));
            self.open = Some(coming.view);
            break;
        }
        self.transmit(actions);
    }

    /// Sends what waits, in the view that is open, unless it is closed already.
    fn transmit(&mut self, actions: &mut Vec<Action>) {
        let Some(open) = &self.open else {
            return;
        };
        if !self.coming.is_empty() && !fault::is(Fault::NeverCloses) {
            return;
        }
        self.waiting_bytes = 0;
        for message in self.waiting.drain(..) {
            let data = Frame::Data {
                sender: open.me,
                view: open.number,
                number: self.sent,
                message: &message,
            };
            self.sent += 1;
            actions.push(Action::Send(data.encode(self.tag)));
        }
    }
}

#[cfg(test)]
mod tests;
