use roscius::Message;

#[derive(Message)]
union Bits {
    integer: u32,
    float: f32,
}

fn main() {}
