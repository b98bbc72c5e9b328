//! The progress of a walk.

use serde::{Deserialize, Serialize};

/// The number of groups and corps that a [`Walk`](crate::jobs::walk::Walk) has read. Returned by
/// [`Walk::progress`](crate::jobs::walk::Walk::progress).
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::{ChainId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// let mut walk = upstream.walk(ChainId::new("ChDealers"));
/// while let Some(_event) = walk.next().await? {
///     let progress = walk.progress();
///     println!(
///         "{} of {:?} groups, {} corps",
///         progress.done, progress.groups, progress.corps
///     );
/// }
/// let progress = walk.progress();
/// assert_eq!(
///     (progress.groups, progress.done, progress.failed, progress.corps),
///     (Some(5), 5, 0, 6)
/// );
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WalkProgress {
    /// The number of groups of the chain; `None` until the groups are listed.
    pub groups: Option<usize>,
    /// The number of groups that the walk has read completely.
    pub done: usize,
    /// The number of groups that the walk could not read completely. It decreases when the walk reads such a group again.
    pub failed: usize,
    /// The number of corps that the walk has yielded.
    pub corps: usize,
}
