//! People, their passwords' hashes, what they have read; the link that makes the first of them.

use quaywatch_protocol::contract::time::UnixMs;
use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::Refused;
use crate::{
    account::{Role, SecretHash},
    store::{Batch, StoreError, read::Readers},
};

/// People: each is a line of a list that an admin reads.
pub const PEOPLE_MAX: i64 = 1_000;
/// How long a set-up link holds.
pub const SETUP_MS: i64 = 3_600_000;

/// A person as admins see one.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    /// Name.
    pub name: String,
    /// Role.
    pub role: String,
    /// May not come in.
    pub disabled: bool,
    /// Must choose a password at the next login.
    pub must_change_password: bool,
    /// When made.
    pub created_at: UnixMs,
    /// When last logged in.
    pub last_login_at: Option<UnixMs>,
    /// Counts changes.
    pub revision: i64,
}

/// A person with the password's hash.
#[derive(Clone)]
pub struct Login {
    /// The person.
    pub person: Person,
    /// Argon2id, PHC string.
    pub password: String,
}

/// What changes of a person.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// Role.
    pub role: Option<Role>,
    /// Disabled or not.
    pub disabled: Option<bool>,
    /// A new password's hash, to be changed at the next login.
    pub password: Option<String>,
}

const PERSON: &str = "name, role, disabled, must_change, created_ms, last_login_ms, revision";

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        name: row.get(0)?,
        role: row.get(1)?,
        disabled: row.get(2)?,
        must_change_password: row.get(3)?,
        created_at: UnixMs(row.get(4)?),
        last_login_at: row.get::<_, Option<i64>>(5)?.map(UnixMs),
        revision: row.get(6)?,
    })
}

impl Batch<'_> {
    fn person(&self, name: &str) -> Result<Option<Person>, StoreError> {
        Ok(self
            .transaction
            .prepare_cached(&format!("SELECT {PERSON} FROM person WHERE name = ?1"))?
            .query_row([name], person)
            .optional()?)
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`StoreError`]; inside, [`Refused`].
    pub fn add_person(
        &mut self,
        by: &str,
        (name, role): (&str, Role),
        (password, must_change): (&str, bool),
        now: UnixMs,
    ) -> Result<Result<Person, Refused>, StoreError> {
        if self.person(name)?.is_some() {
            return Ok(Err(Refused::Taken));
        }
        if self.count("SELECT count(*) FROM person")? >= PEOPLE_MAX {
            return Ok(Err(Refused::TooMany));
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO person (name, role, password, must_change, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![name, role.name(), password, must_change, now.0])?;
        self.audit(by, "user.add", name, role.name(), now)?;
        Ok(self.person(name)?.ok_or(Refused::Unknown))
    }

    /// Makes the first admin, if the link holds and there is nobody yet.
    ///
    /// # Errors
    /// [`StoreError`]; inside, [`Refused`].
    pub fn set_up(
        &mut self,
        link: &SecretHash,
        name: &str,
        password: &str,
        now: UnixMs,
    ) -> Result<Result<Person, Refused>, StoreError> {
        let holds = self
            .transaction
            .prepare_cached("SELECT 1 FROM setup_link WHERE hash = ?1 AND expires_ms > ?2")?
            .exists(params![link, now.0])?;
        if !holds || self.count("SELECT count(*) FROM person")? > 0 {
            return Ok(Err(Refused::NoSetup));
        }
        self.transaction.execute("DELETE FROM setup_link", [])?;
        self.add_person("set-up link", (name, Role::Admin), (password, false), now)
    }

    /// Keeps a new set-up link instead of any before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn offer_setup(&mut self, link: &SecretHash, now: UnixMs) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM setup_link", [])?;
        self.transaction
            .prepare_cached("INSERT INTO setup_link (hash, expires_ms) VALUES (?1, ?2)")?
            .execute(params![link, now.0 + SETUP_MS])?;
        self.audit(
            "central",
            "setup.offer",
            "",
            "a one-time link was written to the log",
            now,
        )
    }

    /// Changes a person and ends their sessions.
    ///
    /// # Errors
    /// [`StoreError`]; inside, [`Refused`].
    pub fn change_person(
        &mut self,
        by: &str,
        name: &str,
        revision: i64,
        change: &PersonChange,
        now: UnixMs,
    ) -> Result<Result<Person, Refused>, StoreError> {
        let Some(before) = self.person(name)? else {
            return Ok(Err(Refused::Unknown));
        };
        if before.revision != revision {
            return Ok(Err(Refused::Changed(before.revision)));
        }
        let stays_admin = change.role.is_none_or(|role| role == Role::Admin) && change.disabled != Some(true);
        if before.role == Role::Admin.name() && !before.disabled && !stays_admin {
            let admins = self.count("SELECT count(*) FROM person WHERE role = 'admin' AND disabled = 0")?;
            if admins <= 1 {
                return Ok(Err(Refused::LastAdmin));
            }
        }
        self.transaction
            .prepare_cached(
                "UPDATE person SET role = coalesce(?2, role), disabled = coalesce(?3, disabled),
                 password = coalesce(?4, password), must_change = CASE WHEN ?4 IS NULL THEN must_change ELSE 1 END,
                 revision = revision + 1 WHERE name = ?1",
            )?
            .execute(params![
                before.name,
                change.role.map(Role::name),
                change.disabled,
                change.password
            ])?;
        self.transaction
            .prepare_cached("DELETE FROM session WHERE person = ?1")?
            .execute([&before.name])?;
        let mut detail = Vec::new();
        detail.extend(change.role.map(|role| format!("role {}", role.name())));
        detail.extend(
            change
                .disabled
                .map(|off| if off { "disabled" } else { "enabled" }.to_owned()),
        );
        detail.extend(change.password.as_ref().map(|_| "new password".to_owned()));
        self.audit(by, "user.change", &before.name, &detail.join(", "), now)?;
        Ok(self.person(name)?.ok_or(Refused::Unknown))
    }

    /// A person's own new password; ends their other sessions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn change_password(
        &mut self,
        name: &str,
        password: &str,
        keep: &SecretHash,
        now: UnixMs,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE person SET password = ?2, must_change = 0, revision = revision + 1 WHERE name = ?1",
            )?
            .execute(params![name, password])?;
        self.transaction
            .prepare_cached("DELETE FROM session WHERE person = ?1 AND hash <> ?2")?
            .execute(params![name, keep])?;
        self.audit(name, "user.password", name, "", now)
    }

    /// Marks one alert, or all, as read by a person.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mark_read(&mut self, person: &str, alert: Option<&str>) -> Result<(), StoreError> {
        match alert {
            Some(alert) => self
                .transaction
                .prepare_cached(
                    "INSERT INTO alert_read (person, alert, position) SELECT ?1, id, position FROM alert WHERE id = ?2
                     ON CONFLICT (person, alert) DO UPDATE SET position = excluded.position",
                )?
                .execute(params![person, alert])?,
            None => {
                self.transaction
                    .prepare_cached(
                        "UPDATE person SET read_through = (SELECT coalesce(max(position), 0) FROM alert_history) WHERE name = ?1",
                    )?
                    .execute([person])?;
                // What lies before says it all.
                self.transaction
                    .prepare_cached("DELETE FROM alert_read WHERE person = ?1")?
                    .execute([person])?
            }
        };
        Ok(())
    }
}

impl Readers {
    /// People, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(&format!("SELECT {PERSON} FROM person ORDER BY name"))?
                .query_map([], person)?
                .collect::<Result<_, _>>()?)
        })
    }

    /// A person and the password's hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        self.with(|connection| {
            Ok(connection
                .prepare_cached(&format!("SELECT {PERSON}, password FROM person WHERE name = ?1"))?
                .query_row([name], |row| {
                    Ok(Login {
                        person: person(row)?,
                        password: row.get(7)?,
                    })
                })
                .optional()?)
        })
    }

    /// True while there is nobody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_unset(&self) -> Result<bool, StoreError> {
        self.with(|connection| Ok(!connection.prepare_cached("SELECT 1 FROM person LIMIT 1")?.exists([])?))
    }
}
