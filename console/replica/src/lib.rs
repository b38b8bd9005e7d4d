//! The agent's view of the customer's page.
//!
//! [`Replica`] draws frames into an `inert` frame that can run nothing; [`ReplicaView`] also follows a
//! contact over `/ws/view`. Both live as long as they are held.
//!
//! ```ignore
//! let view = ReplicaView::open(&host, "/replica", &socket_url, token, Rc::new(|event| ...))?;
//! view.push_url("https://shop.example/offers");
//! ```
//! `host` is an empty element with a size; the replica fills it, laid out at the customer's size and scaled
//! to fit. Dropping the view empties the host.
mod badge;
mod boxes;
mod frame;
mod frames;
mod ghost;
mod hits;
mod late;
mod marks;
mod parts;
mod pictures;
mod place;
mod realm;
mod replica;
mod selections;
mod sheets;
mod tool;
mod view;

pub use page_mirror::replay::View as PageView;
pub use replica::{Outcome, Replica, Stats, page_of};
pub use tool::Tool;
pub use view::{ReplicaView, ViewEvent};
