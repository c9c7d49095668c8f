//! The resolver of a run without network: it listens on the run's own loopback, tells which names are looked up, and
//! answers that there is no such name.
//!
//! Go's resolver writes to a connected socket, which no filter can see at a bearable price: this sees it too.

use std::net::{Ipv4Addr, UdpSocket};

/// The longest question that is read, in bytes.
const LONGEST: usize = 1500;
const HEADER: usize = 12;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// Without a final dot.
    pub(super) name: String,
    /// `A`, `AAAA`, … or a number.
    pub(super) record: String,
}

/// A socket on the port of resolvers, that never waits.
pub(super) fn listen() -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Answers the questions that have come.
pub(super) fn serve(socket: &UdpSocket, mut asked: impl FnMut(Question)) {
    let mut message = [0; LONGEST];
    while let Ok((length, from)) = socket.recv_from(&mut message) {
        let message = message.get(..length).unwrap_or_default();
        if let Some((question, answer)) = answer(message) {
            // Said before it is answered: whoever reads the answer finds the question in the ledger.
            asked(question);
            socket.send_to(&answer, from).ok();
        }
    }
}

/// The question of a message and its answer, *no such name* (RFC 1035 §4.1); `None` where it is no question.
fn answer(message: &[u8]) -> Option<(Question, Vec<u8>)> {
    const LONGEST_NAME: usize = 253;
    let header = message.get(..HEADER)?;
    let is_question = header.get(2)? & 0x80 == 0;
    let (mut at, mut name) = (HEADER, String::new());
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        // Longer ones are pointers, which a question has no use for.
        let label = message.get(at..at + length).filter(|_| length < 64)?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label));
        at += length;
        if name.len() > LONGEST_NAME {
            return None;
        }
    }
    let record = message.get(at..at + 2).and_then(<[u8]>::first_chunk::<2>).map(|kind| u16::from_be_bytes(*kind))?;
    let question = message.get(HEADER..at + 4).filter(|_| is_question)?;
    let (no_such_name, recursion) = (3, 0x80);
    let mut answer = header.get(..2)?.to_vec();
    answer.extend([0x81, recursion | no_such_name, 0, 1, 0, 0, 0, 0, 0, 0]);
    answer.extend(question);
    Some((Question { name, record: name_of(record) }, answer))
}

fn name_of(record: u16) -> String {
    let name = match record {
        1 => "A",
        5 => "CNAME",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        65 => "HTTPS",
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question(name: &str, record: u16) -> Vec<u8> {
        let mut message = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            message.push(label.len() as u8);
            message.extend(label.bytes());
        }
        message.push(0);
        message.extend(record.to_be_bytes());
        message.extend([0, 1]);
        message
    }

    #[test]
    fn every_name_is_heard_and_does_not_exist() {
        let message = question("api.osv.dev", 28);
        let (asked, answered) = answer(&message).unwrap();
        assert_eq!(asked, Question { name: "api.osv.dev".into(), record: "AAAA".into() });
        assert_eq!((&answered[..4], &answered[12..]), ([0xab, 0xcd, 0x81, 0x83].as_slice(), &message[12..]));
    }

    #[test]
    fn what_is_no_question_is_not_answered() {
        let mut response = question("a.example", 1);
        response[2] |= 0x80;
        let mut pointer = question("a.example", 1);
        pointer[12] = 0xc0;
        for message in [response, pointer, question("a.example", 1)[..20].to_vec(), question(&["x"; 200].join("."), 1)]
        {
            assert_eq!(answer(&message), None);
        }
    }

    proptest! {
        #[test]
        fn any_message_is_read(message in prop::collection::vec(any::<u8>(), 0..300)) {
            answer(&message);
        }
    }
}
