//! Sites and rules in force: replaced as a whole when somebody saves others.

use std::sync::{Arc, PoisonError, RwLock};

use quaywatch_protocol::contract::UnixMs;
use serde::Serialize;

use crate::{rules::Rules, sites::Sites};

/// What is watched, and by which rules.
#[derive(Clone, Debug)]
pub struct World {
    /// Sites.
    pub sites: Arc<Sites>,
    /// Rules.
    pub rules: Arc<Rules>,
}

/// A rules file that was not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedFile {
    /// When it was refused.
    pub at: UnixMs,
    /// How many faults it has.
    pub faults: usize,
    /// The first of them.
    pub first: Vec<String>,
}

/// The world in force, and the rules file that is not.
#[derive(Debug)]
pub struct WorldInForce {
    world: RwLock<World>,
    refused: RwLock<Option<RefusedFile>>,
}

impl WorldInForce {
    /// Begins with this one.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world: RwLock::new(world),
            refused: RwLock::default(),
        }
    }

    /// Puts another in force.
    pub fn put(&self, world: World) {
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = world;
    }

    /// The one in force now.
    #[must_use]
    pub fn get(&self) -> World {
        self.world.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers that the rules file was refused, or (`None`) that it is sound.
    pub fn refuse_rules(&self, refused: Option<RefusedFile>) {
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// The rules file as it was refused, until a sound one is there.
    #[must_use]
    pub fn refused_rules(&self) -> Option<RefusedFile> {
        self.refused.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
