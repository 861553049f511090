//! Where requests come in: plain, or over TLS.
//!
//! Handshakes are made beside each other, a bounded number at once and each within a time, so that one slow client holds up no other.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::pem;

/// Handshakes at once; further clients wait.
const HANDSHAKES_MAX: usize = 64;
/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// Connections that wait to be served.
const READY_MAX: usize = 64;
/// Pause after an error of accepting, which a lack of file handles makes come again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Where requests come in.
pub enum Door {
    /// Plain.
    Plain(TcpListener),
    /// Over TLS: connections whose handshake is done.
    Tls(mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>),
}

/// A connection.
pub enum Connection {
    /// Plain.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Door {
    /// Opens: over TLS when there is a configuration.
    #[must_use]
    pub fn open(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        let Some(tls) = tls else {
            return Self::Plain(listener);
        };
        let (ready, connections) = mpsc::channel(READY_MAX);
        tokio::spawn(shake_hands(listener, TlsAcceptor::from(tls), ready));
        Self::Tls(connections)
    }

    /// The next connection, and who it is from.
    pub async fn accept(&mut self) -> (Connection, Peer) {
        match self {
            Self::Plain(listener) => loop {
                match listener.accept().await {
                    Ok((stream, peer)) => return (Connection::Plain(stream), Peer(peer)),
                    Err(error) => {
                        tracing::warn!("connection not accepted: {error}");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            },
            Self::Tls(connections) => match connections.recv().await {
                Some((stream, peer)) => (Connection::Tls(Box::new(stream)), Peer(peer)),
                // The task ends with this door only.
                None => std::future::pending().await,
            },
        }
    }
}

async fn shake_hands(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let slots = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ready.closed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("connection not accepted: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            match tokio::time::timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let _ = ready.send((stream, peer)).await;
                }
                Ok(Err(error)) => tracing::debug!(%peer, "TLS handshake failed: {error}"),
                Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
            }
            drop(slot);
        });
    }
}

/// Reads certificate chain and key (PEM).
///
/// # Errors
/// What was wrong and what was expected; never the key.
pub fn read_tls(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let (_, chain) = pem::certificates(cert).map_err(|problem| format!("{}: {problem}", cert.display()))?;
    let (_, key_der) = pem::private_key(key).map_err(|problem| format!("{}: {problem}", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|error| format!("{} and {} do not fit: {error}", cert.display(), key.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, from),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, from),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
