//! How what is kept is written down. A file begins with [`MAGIC`] and goes on with records:
//!
//! | offset | size | what |
//! |---:|---:|---|
//! | 0 | 4 | length of what follows the sum, little-endian |
//! | 4 | 4 | CRC-32 of the length and of what follows the sum |
//! | 8 | 1 | what it says |
//! | 9 | 16 | the id of a message |
//! | 25 | … | the [`Parcel`](super::Parcel), if it is kept |
//!
//! A file is only ever appended to, so what a crash leaves unfinished is at its end.

use bytes::Bytes;

use super::Id;

/// What a file begins with.
pub const MAGIC: [u8; 8] = *b"ROSPOST1";
/// The size of length and sum.
const FRONT: usize = 8;
/// The size of the rest of a record without a parcel.
const SHORT: usize = 17;

/// One thing that is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A message is kept.
    Kept(Id, Bytes),
    /// It need not be kept any more.
    Discarded(Id),
    /// A message of another system was settled here.
    Settled(Id),
}

impl Record {
    /// Appends it to what is to be written.
    pub fn write(&self, out: &mut Vec<u8>) {
        let nothing = Bytes::new();
        let (tag, id, parcel) = match self {
            Self::Kept(id, parcel) => (1, id, parcel),
            Self::Discarded(id) => (2, id, &nothing),
            Self::Settled(id) => (3, id, &nothing),
        };
        let begin = out.len();
        // A parcel holds one frame, whose length is bounded far below.
        out.extend_from_slice(&((SHORT + parcel.len()) as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(tag);
        out.extend_from_slice(&id.get().to_le_bytes());
        out.extend_from_slice(parcel);
        let sum = sum(&out[begin..begin + 4], &out[begin + FRONT..]);
        out[begin + 4..begin + FRONT].copy_from_slice(&sum.to_le_bytes());
    }

    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        FRONT + SHORT + if let Self::Kept(_, parcel) = self { parcel.len() } else { 0 }
    }

    fn read(body: &Bytes) -> Option<Self> {
        let (&tag, rest) = body.split_first()?;
        let id = Id::new(u128::from_le_bytes(*rest.first_chunk()?))?;
        match tag {
            1 => Some(Self::Kept(id, body.slice(SHORT..))),
            2 | 3 if body.len() != SHORT => None,
            2 => Some(Self::Discarded(id)),
            3 => Some(Self::Settled(id)),
            _ => None,
        }
    }
}

/// Reads the records of a file, without its [`MAGIC`]. One that is damaged is passed over if its length is right; the first of which not
/// even that can be told is the end.
#[derive(Clone, Debug)]
pub struct Records {
    rest: Bytes,
    sound: usize,
    at: usize,
    /// How many damaged records were passed over.
    pub damaged: usize,
}

impl Records {
    /// Reads these bytes.
    pub const fn new(bytes: Bytes) -> Self {
        Self { rest: bytes, sound: 0, at: 0, damaged: 0 }
    }

    /// How many bytes there are to the end of the last record that was read.
    pub const fn sound(&self) -> usize {
        self.sound
    }
}

impl Iterator for Records {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let mut passed_over = 0;
        loop {
            let (length, rest) = self.rest.split_first_chunk::<4>()?;
            let sum_of_it = u32::from_le_bytes(*rest.first_chunk()?);
            let size = FRONT.checked_add(u32::from_le_bytes(*length) as usize)?;
            if size < FRONT + SHORT || size > self.rest.len() {
                return None;
            }
            let body = self.rest.slice(FRONT..size);
            let record = Record::read(&body).filter(|_| sum(length, &body) == sum_of_it);
            bytes::Buf::advance(&mut self.rest, size);
            self.at += size;
            match record {
                Some(record) => {
                    self.sound = self.at;
                    self.damaged += passed_over;
                    return Some(record);
                }
                None => passed_over += 1,
            }
        }
    }
}

/// CRC-32 as in Ethernet and zip, of two parts.
fn sum(first: &[u8], second: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| (sum >> 8) ^ TABLE[((sum ^ u32::from(*byte)) & 0xff) as usize];
    !first.iter().chain(second).fold(!0, step)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut value, mut bit) = (byte as u32, 0);
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[byte] = value;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_usual_one() {
        assert_eq!(sum(b"1234", b"56789"), 0xcbf4_3926);
    }

    fn some() -> Vec<Record> {
        let id = |number| Id::new(number).unwrap();
        vec![
            Record::Kept(id(1), Bytes::from_static(b"a parcel")),
            Record::Settled(id(9)),
            Record::Discarded(id(1)),
            Record::Kept(id(u128::MAX), Bytes::new()),
        ]
    }

    fn written(records: &[Record]) -> Vec<u8> {
        let mut out = Vec::new();
        records.iter().for_each(|record| record.write(&mut out));
        assert_eq!(out.len(), records.iter().map(Record::size).sum::<usize>());
        out
    }

    #[test]
    fn what_was_written_is_read() {
        let mut records = Records::new(written(&some()).into());
        assert_eq!(records.by_ref().collect::<Vec<_>>(), some());
        assert_eq!((records.sound(), records.damaged), (written(&some()).len(), 0));
    }

    #[test]
    fn wherever_a_file_is_cut_whole_records_before_it_are_read() {
        let whole = written(&some());
        for cut in 0..whole.len() {
            let mut records = Records::new(Bytes::copy_from_slice(&whole[..cut]));
            let read: Vec<_> = records.by_ref().collect();
            let complete = (0..=some().len()).rev().find(|&n| written(&some()[..n]).len() <= cut).unwrap();
            assert_eq!(read, some()[..complete]);
            assert_eq!(records.sound(), written(&some()[..complete]).len());
        }
    }

    #[test]
    fn a_changed_byte_costs_one_record_or_the_rest() {
        let whole = written(&some());
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            let mut records = Records::new(changed.into());
            let read: Vec<_> = records.by_ref().collect();
            assert!(read.len() < some().len());
            assert!(read.iter().all(|record| some().contains(record)), "{read:?}");
        }
    }
}
