//! A user and a group.

use serde::{Deserialize, Serialize};

use crate::sandbox::validated::error::InvalidSetting;

/// Whom the program believes to be; on the machine it stays who stella is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(u32, u32)", into = "(u32, u32)")]
pub struct User {
    uid: u32,
    gid: u32,
}

impl User {
    /// A user and its group.
    ///
    /// # Errors
    /// When one is the number that means *none*.
    pub fn new(uid: u32, gid: u32) -> Result<Self, InvalidSetting> {
        if uid == u32::MAX || gid == u32::MAX { Err(InvalidSetting::User) } else { Ok(Self { uid, gid }) }
    }

    /// The user's number.
    pub fn uid(self) -> u32 {
        self.uid
    }

    /// The group's number.
    pub fn gid(self) -> u32 {
        self.gid
    }
}

impl Default for User {
    /// `1000:1000`.
    fn default() -> Self {
        Self { uid: 1000, gid: 1000 }
    }
}

impl TryFrom<(u32, u32)> for User {
    type Error = InvalidSetting;

    fn try_from((uid, gid): (u32, u32)) -> Result<Self, Self::Error> {
        Self::new(uid, gid)
    }
}

impl From<User> for (u32, u32) {
    fn from(user: User) -> Self {
        (user.uid, user.gid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_that_means_nobody_is_refused() {
        assert!(User::new(0, 0).is_ok());
        assert_eq!(User::new(u32::MAX, 0), Err(InvalidSetting::User));
        assert!(serde_json::from_str::<User>("[0, 4294967295]").is_err());
    }
}
