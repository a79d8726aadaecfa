//! A server process that ends with the test that started it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::python::Testbed;

/// The time a server has to say its port; an idle machine needs one or two seconds.
const START: Duration = Duration::from_secs(60);

/// A running server. It is killed on drop; should the test process die first, the server sees its input end and ends too.
pub struct Server {
    child: Child,
    /// Its address, `http://127.0.0.1:PORT`.
    pub endpoint: String,
}

impl Server {
    /// Starts a script that prints its port once it listens.
    pub fn start(testbed: &Testbed, script: &str) -> Self {
        let mut child = testbed
            .script(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = tell.send(lines.next());
            // Whatever else it prints is read, so that it never blocks on a full pipe.
            lines.for_each(drop);
        });
        let port = match told.recv_timeout(START) {
            Ok(Some(Ok(port))) => port,
            other => {
                let _ = child.kill();
                panic!("{script} does not start: {other:?}");
            }
        };
        Self { child, endpoint: format!("http://127.0.0.1:{}", port.trim()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
