//! Where a plugin runs, and how long it is waited for there.

/// Where a plugin's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// In the server: the least cost, and debuggers see it; a plugin that crashes ends all.
    #[default]
    InProcess,
    /// In a process of its own, on Linux; elsewhere that is refused.
    Process,
}

/// How long a block of an isolated plugin is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patience {
    /// Half as long as it sounds: on the clock of a device.
    #[default]
    HalfBlock,
    /// Ten seconds: on a clock that waits itself.
    Watchdog,
}
