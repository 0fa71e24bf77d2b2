//! What the compiler says to an author: mistakes are named where they stand.

#[test]
fn mistakes_are_named_where_they_stand() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile_fail/*.rs");
    cases.pass("tests/compile_pass/*.rs");
}
