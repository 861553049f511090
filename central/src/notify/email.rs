//! E-mail by SMTP. The only file that knows `lettre`.
//!
//! The idempotency key becomes the Message-ID, so a mail that comes twice is one to whoever sorts by it.

use std::time::Duration;

use lettre::{
    Message, SmtpTransport, Transport,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use serde_json::Value;

use super::Note;

/// How long a server may take for one step.
const STEP_MAX: Duration = Duration::from_secs(15);
/// Characters of a subject.
const SUBJECT_CHARS_MAX: usize = 120;

/// How the way to the server is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Plain at first, then TLS, or not at all.
    #[default]
    Starttls,
    /// TLS from the start.
    Tls,
    /// None: on this machine only.
    None,
}

/// A mail server and whom to write to. Its debug form tells no password.
#[derive(Clone)]
pub struct Mail {
    transport: SmtpTransport,
    server: String,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl PartialEq for Mail {
    fn eq(&self, other: &Self) -> bool {
        (&self.server, &self.from, &self.to) == (&other.server, &other.from, &other.to)
    }
}

impl Eq for Mail {}

impl std::fmt::Debug for Mail {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Mail({} to {} addresses)", self.server, self.to.len())
    }
}

impl Mail {
    /// A server.
    ///
    /// # Errors
    /// What was wrong and what was expected.
    pub fn new(
        host: String,
        port: u16,
        tls: MailTls,
        login: Option<(String, String)>,
        from: &str,
        to: &[String],
    ) -> Result<Self, String> {
        let box_of = |text: &str| {
            text.parse::<Mailbox>()
                .map_err(|_| format!("has the address `{text}`: expected name@host"))
        };
        let is_here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|at| at.is_loopback());
        let builder = match tls {
            MailTls::Starttls => SmtpTransport::starttls_relay(&host),
            MailTls::Tls => SmtpTransport::relay(&host),
            MailTls::None if is_here => Ok(SmtpTransport::builder_dangerous(&host)),
            MailTls::None => {
                return Err(format!("has `tls` none to {host}: expected that on this machine only"));
            }
        };
        let mut builder = builder
            .map_err(|error| format!("cannot use {host}: {error}"))?
            .port(port)
            .timeout(Some(STEP_MAX));
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self {
            transport: builder.build(),
            server: format!("{host}:{port}"),
            from: box_of(from)?,
            to: to.iter().map(|text| box_of(text)).collect::<Result<_, _>>()?,
        })
    }

    /// Sends notes as one mail.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send(&self, notes: &[Note]) -> Result<(), String> {
        let mail = self.message(notes)?;
        let transport = self.transport.clone();
        tokio::task::spawn_blocking(move || transport.send(&mail).map(|_| ()).map_err(|error| error.to_string()))
            .await
            .map_err(|_| "try ended without an answer".to_owned())?
    }

    fn message(&self, notes: &[Note]) -> Result<Message, String> {
        let key = notes.last().map_or("none", |note| note.key.as_str());
        let host = self.from.email.domain();
        let mut builder = Message::builder()
            .from(self.from.clone())
            .subject(subject(notes))
            .message_id(Some(format!(
                "<{}@{host}>",
                key.replace(|each: char| !each.is_ascii_alphanumeric(), "-")
            )));
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        builder
            .header(ContentType::TEXT_PLAIN)
            .body(text(notes))
            .map_err(|error| error.to_string())
    }
}

/// One line without control characters: a name must not add a header.
fn subject(notes: &[Note]) -> String {
    let line = match notes {
        [note] => format!(
            "[{}] {} at {}: {}",
            field(&note.alert, "severity"),
            field(&note.alert, "kind"),
            field(&note.alert, "site"),
            note.what
        ),
        _ => format!("{} alert changes", notes.len()),
    };
    line.chars()
        .filter(|each| !each.is_control())
        .take(SUBJECT_CHARS_MAX)
        .collect()
}

fn text(notes: &[Note]) -> String {
    let mut text = String::new();
    for note in notes {
        text.push_str(&format!(
            "{} {}\n{}\n\nsite {}, opened {}, rule {}, by chance {} a year\nid {}\nkey {}\n\n",
            field(&note.alert, "severity").to_uppercase(),
            note.what,
            field(&note.alert, "text"),
            field(&note.alert, "site"),
            field(&note.alert, "opened_at"),
            field(&note.alert, "rule"),
            note.alert.get("expected_false_per_site_year").unwrap_or(&Value::Null),
            field(&note.alert, "id"),
            note.key,
        ));
    }
    text
}

fn field<'a>(alert: &'a Value, name: &str) -> &'a str {
    alert.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hostile_name_adds_no_header() {
        let mail = Mail::new(
            "localhost".into(),
            25,
            MailTls::None,
            None,
            "q@example.org",
            &["d@example.org".into()],
        )
        .unwrap();
        let note = Note {
            what: "opened".into(),
            key: "duty-7\r\nBcc: x@y".into(),
            alert: json!({"severity": "critical", "kind": "surge", "site": "a\r\nBcc: evil@example.org", "text": "t"}),
        };
        let bytes = mail.message(&[note]).unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            !head.lines().any(|line| line.to_lowercase().starts_with("bcc:")),
            "{head}"
        );
    }

    #[test]
    fn a_mail_without_tls_goes_nowhere_but_to_this_machine() {
        let far = Mail::new("mail.example".into(), 25, MailTls::None, None, "q@example.org", &[]);
        assert!(far.unwrap_err().contains("this machine only"));
    }
}
