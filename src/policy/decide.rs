//! Asking a policy.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use jiff::Timestamp;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, LimitError, Value};

use crate::model::decision::Decision;
use crate::policy::builtins;
use crate::policy::error::{EngineError, PolicyError};
use crate::policy::input::PolicyInput;
use crate::policy::limits::{MAX_CODE_BYTES, PolicyLimits};
use crate::policy::load::{ENTRY, Policy, within};

/// Steps of the engine between two looks at the clock.
const STEPS: NonZeroU32 = NonZeroU32::new(64).unwrap();

impl Policy {
    /// The decision on `input` at the instant `now`, which is all that the policy can know of time.
    ///
    /// # Errors
    /// The input or the answer is too large, the time is up, a function fails, or the answer is not a set of codes.
    pub fn decide(&self, input: &PolicyInput, now: Timestamp, limits: &PolicyLimits) -> Result<Decision, PolicyError> {
        within("bytes of the policy's input", input.bytes, limits.input_bytes)?;
        let mut engine = self.engine.clone();
        engine.set_input(Value::from(input.as_json().clone()));
        let answer = evaluate(engine, ENTRY, now, limits.time)?;
        let blocking = codes("deny", &answer["deny"])?;
        let warnings = codes("warn", &answer["warn"])?;
        within("reason codes", blocking.len() + warnings.len(), limits.reasons)?;
        let passed = blocking.is_empty();
        let warnings = warnings.into_iter().map(|code| format!("warn:{code}"));
        Ok(Decision { passed, reasons: blocking.into_iter().chain(warnings).collect() })
    }

    /// What the rule `policy_set` says.
    pub(super) fn ask_name(&self) -> Result<String, PolicyError> {
        let limit = PolicyLimits::default().time;
        let name = evaluate(self.engine.clone(), "data.stella.policy.policy_set", Timestamp::UNIX_EPOCH, limit)?;
        Ok(code("policy_set", &name)?.to_owned())
    }
}

fn evaluate(mut engine: Engine, rule: &str, now: Timestamp, limit: Duration) -> Result<Value, PolicyError> {
    builtins::freeze_clock(&mut engine, now).map_err(|source| PolicyError::Evaluate { source })?;
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: STEPS });
    // The engine's own functions may panic on arguments that nobody thought of. It is dropped afterwards.
    match catch_unwind(AssertUnwindSafe(move || engine.eval_rule(rule.to_owned()))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => match error.downcast_ref() {
            Some(LimitError::TimeLimitExceeded { .. }) => Err(PolicyError::TimeLimit { limit }),
            _ => Err(PolicyError::Evaluate { source: EngineError::new(error) }),
        },
        Err(_) => Err(PolicyError::Crashed),
    }
}

fn codes(rule: &'static str, value: &Value) -> Result<BTreeSet<String>, PolicyError> {
    match value {
        Value::Set(codes) => codes.iter().map(|value| code(rule, value).map(str::to_owned)).collect(),
        // Only an entry point that the policy does not have is absent from the answer.
        Value::Undefined if rule == "warn" => Ok(BTreeSet::new()),
        other => Err(PolicyError::Shape { rule, given: kind(other) }),
    }
}

fn code<'a>(rule: &'static str, value: &'a Value) -> Result<&'a str, PolicyError> {
    let Value::String(text) = value else {
        return Err(PolicyError::Shape { rule, given: kind(value) });
    };
    let well_formed = (1..=MAX_CODE_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if well_formed { Ok(text) } else { Err(PolicyError::Code { rule, code: text.chars().take(60).collect() }) }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "nothing",
    }
}
