//! Sites and rules in force: replaced as a whole when somebody saves others.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{rules::Rules, sites::Sites};

/// What is watched, and by which rules.
#[derive(Clone, Debug)]
pub struct World {
    /// Sites.
    pub sites: Arc<Sites>,
    /// Rules.
    pub rules: Arc<Rules>,
}

/// The world in force.
#[derive(Debug)]
pub struct WorldInForce(RwLock<World>);

impl WorldInForce {
    /// Begins with this one.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(RwLock::new(world))
    }

    /// Puts another in force.
    pub fn put(&self, world: World) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = world;
    }

    /// The one in force now.
    #[must_use]
    pub fn get(&self) -> World {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
