//! What does not compile, and what the compiler then says. `TRYBUILD=overwrite` writes the expected messages anew.

#[test]
fn messages_of_the_compiler() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/derive_message_*.rs");
    cases.pass("tests/ui/accepted_message_*.rs");
}
