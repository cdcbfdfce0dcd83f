//! Dead letters that are sent again.

use bytes::Bytes;
use roscius_protocol::address::Address;
use roscius_protocol::admin::messages::{Letter, Setback, Topic, encode};
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header, Payload};

use super::Serving;

impl Serving {
    /// Has a dead letter go to this actor, as from its sender. Nobody waits for an answer to it any more.
    pub(super) fn resend(&mut self, to: Address, frame: Bytes) {
        let Ok(message) = Frame::new(frame, DEFAULT_LIMIT) else { return };
        let header = Header { to, message: 0, marks: 0, ..message.header() };
        let Ok(payload) = message.payload() else { return };
        if let Err(error) = self.send_frame(&header, &payload) {
            tracing::warn!(%to, %error, "a dead letter could not be sent again");
            self.died_again(&header, &payload);
        }
    }

    /// A message that was sent again has reached nobody.
    pub(super) fn died_again(&mut self, header: &Header, payload: &Payload<'_>) {
        let mut bytes = Vec::new();
        if frame::encode(header, payload, DEFAULT_LIMIT, &mut bytes).is_err() {
            return;
        }
        let letter = Letter { reason: Setback::NoActor, details: "nobody listens there".to_owned(), frame: bytes };
        let mut whole = Vec::new();
        let outer = Header {
            type_id: Topic::DeadLetter as u64,
            ..Header::new(Address::nobody(self.admin.address().node()), self.admin.address())
        };
        let laid_out =
            encode(&letter).map(|body| frame::encode(&outer, &Payload::System(&body), DEFAULT_LIMIT, &mut whole));
        if let Ok(Ok(_)) = laid_out
            && let Ok(outer) = Frame::new(whole.into(), DEFAULT_LIMIT)
        {
            self.letter(Address::nobody(self.admin.address().node()), &letter, &outer);
        }
    }
}
