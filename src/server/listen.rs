//! Opens a listening socket, or takes over one that was opened for us.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

/// Connections the kernel keeps for us between two accepts.
const BACKLOG: u32 = 4096;

/// Listens on `address`; port 0 picks a free one. The address may be taken again right after a
/// stop (`SO_REUSEADDR`), while old connections still linger in the kernel.
///
/// # Errors
/// What the system says, such as an address in use. Must be called inside a tokio runtime.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Goes on listening on a socket that is bound and listening already.
///
/// # Errors
/// What the system says. Must be called inside a tokio runtime.
pub fn adopt(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}
