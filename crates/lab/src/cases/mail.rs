//! Mail and files.

use crate::speak::tls::Handshake;
use crate::{Case, Direction, Host, Scene, Tcp};
use Direction::{ToClient, ToServer};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "ftp",
        about: "A device takes its update by FTP with a service account: log-in, SYST, listing, retrieval. Proves greeting, system, account, \
                log-in and commands; the secret and the file's name do not leave.",
        build: files,
    },
    Case {
        name: "smtp",
        about: "A device sends a mail with AUTH PLAIN. Proves greeting, name and log-in; addresses and text do not leave.",
        build: || dialogue(25, SMTP),
    },
    Case {
        name: "smtp-starttls",
        about: "A mail connection that turns to TLS. Proves that it is handed over and what is inside is told as TLS.",
        build: start_tls,
    },
    Case {
        name: "pop3",
        about: "A mailbox read by POP3 with USER and PASS. Proves greeting, log-in and success; neither the mailbox nor the secret leaves.",
        build: || dialogue(110, POP3),
    },
    Case {
        name: "imap",
        about: "An IMAP log-in with literals, refused once, then accepted. Proves both and that literals are followed.",
        build: || dialogue(143, IMAP),
    },
];

/// Lines of a dialogue: true is the server.
type Lines = &'static [(bool, &'static str)];

const SMTP: Lines = &[
    (true, "220 mail.clinic.example ESMTP ExampleMail 3.6\r\n"),
    (false, "EHLO printer-31.clinic.example\r\n"),
    (true, "250-mail.clinic.example\r\n250-SIZE 10240000\r\n250 AUTH PLAIN LOGIN\r\n"),
    // NUL, "printer-31", NUL, "made-up-secret-25".
    (false, "AUTH PLAIN AHByaW50ZXItMzEAbWFkZS11cC1zZWNyZXQtMjU=\r\n"),
    (true, "235 2.7.0 Authentication successful\r\n"),
    (false, "MAIL FROM:<printer-31@clinic.example>\r\n"),
    (true, "250 2.1.0 Ok\r\n"),
    (false, "RCPT TO:<madeup.person@clinic.example>\r\n"),
    (true, "250 2.1.5 Ok\r\n"),
    (false, "DATA\r\n"),
    (true, "354 End data with <CR><LF>.<CR><LF>\r\n"),
    (
        false,
        "From: printer-31@clinic.example\r\nTo: madeup.person@clinic.example\r\nSubject: Scan of Fictitia\r\n\r\nentirely invented remark\r\n.\r\n",
    ),
    (true, "250 2.0.0 Ok: queued as 12345\r\n"),
    (false, "QUIT\r\n"),
    (true, "221 2.0.0 Bye\r\n"),
];

const POP3: Lines = &[
    (true, "+OK ExamplePOP 2.1 ready\r\n"),
    (false, "CAPA\r\n"),
    (true, "+OK\r\nUSER\r\nUIDL\r\n.\r\n"),
    (false, "USER results\r\n"),
    (true, "+OK\r\n"),
    (false, "PASS made-up-secret-110\r\n"),
    (true, "+OK logged in\r\n"),
    (false, "RETR 1\r\n"),
    (true, "+OK 60 octets\r\nSubject: Result of Fictitia\r\n\r\nentirely invented remark\r\n.\r\n"),
    (false, "QUIT\r\n"),
    (true, "+OK bye\r\n"),
];

const IMAP: Lines = &[
    (true, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ExampleIMAP 2.3 ready\r\n"),
    (false, "a1 LOGIN results made-up-guess-143\r\n"),
    (true, "a1 NO [AUTHENTICATIONFAILED] Authentication failed\r\n"),
    (false, "a2 LOGIN {7}\r\n"),
    (true, "+ OK\r\n"),
    (false, "results {18}\r\n"),
    (true, "+ OK\r\n"),
    (false, "made-up-secret-143\r\n"),
    (true, "a2 OK Logged in\r\n"),
    (false, "a3 SELECT INBOX\r\n"),
    (true, "* 1 EXISTS\r\na3 OK [READ-WRITE] Select completed\r\n"),
    (false, "a4 FETCH 1 BODY[]\r\n"),
    (
        true,
        "* 1 FETCH (BODY[] {56}\r\nSubject: Result of Fictitia\r\n\r\nentirely invented remark\r\n)\r\na4 OK Fetch completed\r\n",
    ),
    (false, "a5 LOGOUT\r\n"),
    (true, "* BYE\r\na5 OK Logout completed\r\n"),
];

fn hosts() -> (Host, Host) {
    (Host::new("printer", "00:01:e6:00:40:31", "10.20.4.31"), Host::new("server", "00:50:56:00:00:25", "10.20.1.25"))
}

fn say(scene: &mut Scene, tcp: &mut Tcp, lines: &[(bool, &str)]) {
    for (of_server, line) in lines {
        tcp.send(scene, if *of_server { ToClient } else { ToServer }, line.as_bytes());
    }
}

fn dialogue(port: u16, lines: Lines) -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, port);
    say(&mut scene, &mut tcp, lines);
    tcp.close(&mut scene);
    scene.pcap()
}

fn start_tls() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 587);
    let lines = [
        (true, "220 mail.clinic.example ESMTP ExampleMail 3.6\r\n"),
        (false, "EHLO printer-31.clinic.example\r\n"),
        (true, "250-mail.clinic.example\r\n250 STARTTLS\r\n"),
        (false, "STARTTLS\r\n"),
        (true, "220 2.0.0 Ready to start TLS\r\n"),
    ];
    say(&mut scene, &mut tcp, &lines);
    Handshake { server_name: "mail.clinic.example", ..Handshake::plain() }.run(&mut scene, &mut tcp);
    tcp.close(&mut scene);
    scene.pcap()
}

fn files() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 21);
    let before = [
        (true, "220 ExampleFTP 1.3.5 ready\r\n"),
        (false, "USER svc-update\r\n"),
        (true, "331 Password required\r\n"),
        (false, "PASS made-up-secret-21\r\n"),
        (true, "230 Logged in\r\n"),
        (false, "SYST\r\n"),
        (true, "215 UNIX Type: L8\r\n"),
        (false, "TYPE I\r\n"),
        (true, "200 Type set to I\r\n"),
        (false, "PASV\r\n"),
        (true, "227 Entering Passive Mode (10,20,1,25,195,80)\r\n"),
        (false, "RETR updates/fictitia-ada.bin\r\n"),
    ];
    say(&mut scene, &mut tcp, &before);
    let mut data = scene.tcp(&client, &server, 50_000);
    tcp.send(&mut scene, ToClient, b"150 Opening BINARY mode data connection\r\n");
    let file = scene.random_bytes(700);
    data.send(&mut scene, ToClient, &file);
    data.close(&mut scene);
    say(&mut scene, &mut tcp, &[(true, "226 Transfer complete\r\n"), (false, "QUIT\r\n"), (true, "221 Goodbye\r\n")]);
    tcp.close(&mut scene);
    scene.pcap()
}
