//! Stopping: softly at the first signal, at once at the second.

use crate::http::Connection;
use crate::program::{Home, Server};
use crate::webhook::{all, create, draft, save};

/// A save whose body is half sent, and the half that is missing. The server asked for the body, so it is
/// busy with the request for certain.
fn half_sent(server: &Server, name: &str) -> (Connection, Vec<u8>) {
    let request = save(&draft(name)).header("Expect", "100-continue");
    let (head, all) = (request.head(), request.bytes());
    let body = &all[head.len()..];
    let (first, rest) = body.split_at(body.len() / 2);
    let mut connection = server.connect();
    connection.send(&head);
    assert_eq!(connection.reply().status, 100);
    connection.send(first);
    (connection, rest.to_owned())
}

/// A connection that was used and is kept alive. The server hangs up on it as soon as it is stopping.
fn idle(server: &Server) -> Connection {
    let mut connection = server.connect();
    create(&mut connection, "idle");
    connection
}

#[test]
fn sigterm_ends_it_well_while_connections_are_kept_alive() {
    for signal in ["TERM", "INT"] {
        let server = Home::new().dev();
        let mut idle = idle(&server);
        let _silent = server.connect();

        server.signal(signal);
        assert!(idle.is_closed());
        let stopped = server.ended();
        assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    }
}

#[test]
fn a_request_in_flight_is_answered_before_the_end_and_kept() {
    let home = Home::new();
    let server = home.dev();
    let mut idle = idle(&server);
    let (mut connection, rest) = half_sent(&server, "in flight");
    server.signal("TERM");
    assert!(idle.is_closed());

    connection.send(&rest);
    connection.reply().expect(200);
    let stopped = server.ended();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_eq!(all(&home.dev()).len(), 2);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Home::new().dev();
    let mut idle = idle(&server);
    let (_connection, _) = half_sent(&server, "never finished");
    server.signal("TERM");
    assert!(idle.is_closed());
    server.signal("TERM");
    assert_eq!(server.ended().code, Some(130));
}
