//! Tests that cannot run on every machine.

/// A comma-separated list of what the machine certainly has. `cargo xtask test` sets it to what it has set up or found.
const VARIABLE: &str = "ARRAY_API_REQUIRE";

/// Prints that a test is skipped because the machine lacks something, such as `wgpu` or `nvrtc`, and how to get it.
///
/// # Panics
/// If the environment variable `ARRAY_API_REQUIRE`, a list such as `wgpu,nvrtc`, contains it: then the machine has it,
/// and the test should have found it.
///
/// ```
/// array_api_conformance::skip("abacus", "toy shops have it");
/// ```
#[track_caller]
pub fn skip(what: &str, remedy: &str) {
    match verdict(std::env::var(VARIABLE).ok().as_deref(), what, remedy) {
        Ok(line) => println!("{line}"),
        Err(line) => panic!("{line}"),
    }
}

/// The message; an error if the list contains it.
fn verdict(required: Option<&str>, what: &str, remedy: &str) -> Result<String, String> {
    if required.is_some_and(|list| list.split(',').any(|name| name.trim() == what)) {
        Err(format!(
            "no {what} was found, and {VARIABLE} says that this machine has it; {remedy}"
        ))
    } else {
        Ok(format!("skipped: no {what} here; {remedy}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_not_skipped() {
        for required in [None, Some(""), Some("nvrtc,wgpu2")] {
            let line = verdict(required, "wgpu", "buy one");
            assert_eq!(
                line.as_deref(),
                Ok("skipped: no wgpu here; buy one"),
                "{required:?}"
            );
        }
        for required in ["wgpu", "nvrtc, wgpu"] {
            let line = verdict(Some(required), "wgpu", "buy one").expect_err("it is required");
            assert!(
                line.contains("ARRAY_API_REQUIRE") && line.ends_with("buy one"),
                "{line}"
            );
        }
    }
}
