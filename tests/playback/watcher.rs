//! Watcher as far as a play URL needs it: one camera with its streamer's host and port.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};

use serde_json::{Value, json};

/// Serves the camera under whatever is asked for, for as long as the test runs.
pub(crate) fn serve(camera: Value) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
            let _ = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
            let body = camera.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

/// A camera that a streamer on this machine plays; Watcher reaches it by another name.
pub(crate) fn camera(name: &str, streamer: SocketAddr) -> Value {
    json!({
        "name": name, "title": "A camera", "enabled": true, "organization_id": 753, "folder_id": 1156, "preset_id": 393,
        "streamer_hostname": streamer.ip().to_string(),
        "stream_status": {
            "name": name, "server": "inside.invalid", "alive": true, "http_port": streamer.port(), "https_port": null,
        },
        "playback_config": { "token": "3.fake-token-of-watcher" },
    })
}
