//! The functions that a policy may call: pure ones, each with work in proportion to its arguments.
//!
//! The engine knows more. What is not listed here is refused when a policy is loaded; what is listed but can reach
//! outside or explode for some arguments is shadowed by a guarded version (the engine looks for an extension before
//! it looks for its own function, whatever way the name is written).

use jiff::Timestamp;
use regorus::unstable::{BUILTINS, Expr, Ref, Source, Span};
use regorus::{Engine, Value};

use crate::policy::error::EngineError;

/// Longest array that `numbers.range` makes.
const MAX_RANGE: i128 = 100_000;
/// Most digits of a width that `sprintf` pads to.
const MAX_WIDTH_DIGITS: usize = 3;

/// What policies may call, sorted.
const OFFERED: &[&str] = &[
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "bits.and",
    "bits.negate",
    "bits.or",
    "bits.rsh",
    "bits.xor",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "glob.quote_meta",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.remove",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "numbers.range",
    "numbers.range_step",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.subset",
    "object.union",
    "object.union_n",
    "print",
    "product",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "regex.template_match",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "set",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.count",
    "strings.replace_n",
    "strings.reverse",
    "substring",
    "sum",
    "time.add_date",
    "time.clock",
    "time.date",
    "time.diff",
    "time.format",
    "time.now_ns",
    "time.parse_duration_ns",
    "time.parse_ns",
    "time.parse_rfc3339_ns",
    "time.weekday",
    "to_number",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "upper",
    "urlquery.decode",
    "urlquery.decode_object",
    "urlquery.encode",
    "urlquery.encode_object",
];

/// Functions and families (`net.`) whose answer does not follow from their arguments, and what to do instead.
const IMPURE: &[(&str, &str)] = &[
    ("http.", "a policy may not reach the network; put what it needs into `data.json`"),
    ("net.", "a policy may not reach the network; put what it needs into `data.json`"),
    ("opa.", "a policy may not look at its environment; put what it needs into `data.json`"),
    ("rand.", "a policy may not draw random numbers, its decision could not be repeated"),
    ("uuid.", "a policy may not draw random numbers, its decision could not be repeated"),
    ("aws.", "a policy may not look at its environment or reach the network"),
    ("providers.", "a policy may not look at its environment or reach the network"),
    ("io.jwt.", "a policy may not check tokens, whose validity depends on the wall clock"),
    ("test.", "a policy may not wait"),
];

/// The functions that take an instant with a zone, and how many arguments each has.
const ZONED: &[(&str, u8)] = &[
    ("time.add_date", 4),
    ("time.clock", 1),
    ("time.date", 1),
    ("time.diff", 2),
    ("time.format", 1),
    ("time.weekday", 1),
];

/// Whether policies may call `function`.
pub(super) fn is_offered(function: &str) -> bool {
    OFFERED.binary_search(&function).is_ok()
}

/// Why `function` cannot be pure, where that is known.
pub(super) fn impurity(function: &str) -> Option<&'static str> {
    IMPURE.iter().find(|(family, _)| function.starts_with(family)).map(|(_, why)| *why)
}

/// Whether the engine has `function`, offered or not.
pub(super) fn is_known(function: &str) -> bool {
    BUILTINS.contains_key(function)
}

/// Shadows every function that needs a guard. `time.now_ns` comes with [`freeze_clock`].
pub(super) fn guard(engine: &mut Engine) -> Result<(), EngineError> {
    shadow(engine, "rand.intn", 2, |_| Err(EngineError::new("a policy may not draw random numbers")))?;
    shadow(engine, "numbers.range", 2, range)?;
    shadow(engine, "numbers.range_step", 3, range)?;
    shadow(engine, "sprintf", 2, |arguments| {
        check_widths(arguments)?;
        original("sprintf", arguments)
    })?;
    for &(name, count) in ZONED {
        shadow(engine, name, count, move |arguments| {
            check_zones(arguments)?;
            original(name, arguments)
        })?;
    }
    Ok(())
}

/// Makes `time.now_ns` answer `now`.
pub(super) fn freeze_clock(engine: &mut Engine, now: Timestamp) -> Result<(), EngineError> {
    let now = Value::from(now.as_nanosecond());
    shadow(engine, "time.now_ns", 0, move |_| Ok(now.clone()))
}

fn shadow<F>(engine: &mut Engine, name: &str, arguments: u8, function: F) -> Result<(), EngineError>
where
    F: Fn(&[Value]) -> Result<Value, EngineError> + Clone + Send + Sync + 'static,
{
    let extension = Box::new(move |arguments: Vec<Value>| Ok(function(&arguments)?));
    engine.add_extension(name.to_owned(), arguments, extension).map_err(EngineError::new)
}

/// Calls the engine's own function, which a shadow hides from the policy.
fn original(name: &str, arguments: &[Value]) -> Result<Value, EngineError> {
    let Some((function, _)) = BUILTINS.get(name) else {
        return Err(EngineError::new(format!("the engine has no function `{name}`")));
    };
    // The function wants the place of its arguments for its messages; the caller adds the real one.
    let source = Source::from_contents(name.to_owned(), String::new()).map_err(EngineError::new)?;
    let span = Span { source, line: 1, col: 1, start: 0, end: 0 };
    let argument = Ref::new(Expr::Null { span: span.clone(), value: Value::Null, eidx: 0 });
    function(&span, &vec![argument; arguments.len()], arguments, true).map_err(EngineError::new)
}

/// `numbers.range` and `numbers.range_step` with a bounded length: the engine's own reserve the whole array at once,
/// and panic where that is impossible.
fn range(arguments: &[Value]) -> Result<Value, EngineError> {
    let number = |i: usize| match arguments.get(i) {
        Some(value) => value.as_i64().map(i128::from).map_err(EngineError::new),
        None => Ok(1),
    };
    let (first, last, step) = (number(0)?, number(1)?, number(2)?);
    if step < 1 {
        return Err(EngineError::new("the step of a range must be at least 1"));
    }
    let length = (last - first).abs() / step + 1;
    if length > MAX_RANGE {
        return Err(EngineError::new(format!("a range of {length} numbers exceeds the limit of {MAX_RANGE}")));
    }
    let step = if last < first { -step } else { step };
    Ok((0..length).map(|i| Value::from(first + i * step)).collect::<Vec<_>>().into())
}

/// Refuses `sprintf` verbs with huge widths or precisions: padding is the only way in which it makes much of little.
fn check_widths(arguments: &[Value]) -> Result<(), EngineError> {
    let Some(Ok(format)) = arguments.first().map(Value::as_string) else { return Ok(()) };
    let digits = format.split('%').skip(1).flat_map(|verb| {
        let flags = verb.find(|c: char| !matches!(c, '+' | '-' | '#' | ' ' | '.' | '*' | '[' | ']' | '0'..='9'));
        verb[..flags.unwrap_or(verb.len())].split(|c: char| !c.is_ascii_digit()).map(str::len)
    });
    match digits.max() {
        Some(most) if most > MAX_WIDTH_DIGITS => Err(EngineError::new("the width of a `sprintf` verb exceeds 999")),
        _ => Ok(()),
    }
}

/// Refuses the zone of the machine.
fn check_zones(arguments: &[Value]) -> Result<(), EngineError> {
    let local = |argument: &Value| {
        let zone = argument.as_array().ok().and_then(|parts| parts.get(1));
        zone.and_then(|zone| zone.as_string().ok()).is_some_and(|zone| zone.as_ref() == "Local")
    };
    if arguments.iter().any(local) {
        return Err(EngineError::new("the zone `Local` is the machine's: name one, such as `UTC` or `Europe/Berlin`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_is_sorted_and_pure() {
        assert!(OFFERED.is_sorted());
        for function in OFFERED {
            assert_eq!(impurity(function), None, "{function}");
            // The two that the engine has beside its table.
            assert!(is_known(function) || ["print", "set"].contains(function), "{function}");
        }
    }

    /// A newer engine may bring new functions: whoever updates it decides here whether policies get them.
    #[test]
    fn what_the_engine_has_beyond_that_is_withheld_on_purpose() {
        let mut withheld: Vec<&str> = BUILTINS.keys().copied().filter(|name| !is_offered(name)).collect();
        withheld.sort_unstable();
        assert_eq!(
            withheld,
            [
                "__builtin_sets.intersection", // only for the engine's own operators
                "__builtin_sets.union",
                "bits.lsh", // makes a number of any length
                "json.marshal_with_options",
                "rand.intn",
                "regex.find_all_string_submatch_n",
                "trace",
                "units.parse", // panics on exponents
                "units.parse_bytes",
            ]
        );
    }

    #[test]
    fn ranges_run_both_ways_and_are_bounded() {
        let numbers = |first: i64, last: i64, step: i64| {
            range(&[first.into(), last.into(), step.into()]).map(|value| value.to_string()).map_err(|e| e.to_string())
        };
        assert_eq!(numbers(1, 3, 1).unwrap(), "[1,2,3]");
        assert_eq!(numbers(3, 1, 1).unwrap(), "[3,2,1]");
        assert_eq!(numbers(1, 6, 2).unwrap(), "[1,3,5]");
        assert_eq!(numbers(5, 5, 9).unwrap(), "[5]");
        assert!(numbers(1, 100_000, 1).is_ok());
        assert!(numbers(1, 100_001, 1).unwrap_err().contains("limit"));
        assert!(numbers(i64::MIN, i64::MAX, 1).unwrap_err().contains("limit"));
        assert!(numbers(1, 2, 0).unwrap_err().contains("step"));
    }

    #[test]
    fn only_huge_widths_are_refused() {
        for (format, accepted) in [
            ("%d of %s: %v%%", true),
            ("%-20s|%6.2f", true),
            ("%d1234567", true),
            ("%1000d", false),
            ("%.123456f", false),
            ("%-+1234s", false),
            ("%", true),
            ("", true),
        ] {
            assert_eq!(check_widths(&[Value::from(format)]).is_ok(), accepted, "{format}");
        }
    }
}
