//! Licence expressions by what they say: SPDX 2.3, Annex D.
//!
//! Operands of AND and OR have no order, one that comes twice says nothing more, and brackets that change nothing are left
//! out. What is not an expression stays as it is written.

use std::collections::BTreeSet;

use spdx::expression::{ExprNode, Operator};
use spdx::{Expression, ParseMode};

/// Longer ones are not worth the time: they stay as they are written.
const LONGEST: usize = 4 << 10;

/// As people write them: deprecated names are names all the same. An unknown one is not, for nobody knows what it says.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// One spelling for all expressions that say the same.
pub(crate) fn canonical(text: &str) -> String {
    read(text).unwrap_or_else(|| text.to_owned())
}

/// A part of an expression: a licence, or operands that one operator joins.
enum Part {
    License(String),
    Joined(Operator, BTreeSet<String>),
}

impl Part {
    fn text(self) -> String {
        match self {
            Self::License(name) => name,
            Self::Joined(operator, operands) => {
                let word = if operator == Operator::And { " AND " } else { " OR " };
                operands.into_iter().collect::<Vec<_>>().join(word)
            }
        }
    }

    /// The operands under `operator`, where brackets within the same operator say nothing.
    fn operands(self, operator: Operator) -> BTreeSet<String> {
        match self {
            Self::Joined(own, operands) if own == operator => operands,
            Self::Joined(..) => [format!("({})", self.text())].into(),
            Self::License(name) => [name].into(),
        }
    }
}

fn read(text: &str) -> Option<String> {
    // A name alone is what it is; most are.
    if text.len() > LONGEST || !text.contains([' ', '(']) {
        return None;
    }
    let expression = Expression::parse_mode(text, MODE).ok()?;
    let mut stack: Vec<Part> = Vec::new();
    for node in expression.iter() {
        let part = match node {
            ExprNode::Req(required) => Part::License(required.req.to_string()),
            ExprNode::Op(operator) => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                let mut operands = left.operands(*operator);
                operands.extend(right.operands(*operator));
                let alone = (operands.len() == 1).then(|| operands.first().cloned()).flatten();
                match alone {
                    Some(name) if !name.starts_with('(') => Part::License(name),
                    _ => Part::Joined(*operator, operands),
                }
            }
        };
        stack.push(part);
    }
    stack.pop().filter(|_| stack.is_empty()).map(Part::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_say_the_same_are_the_same() {
        for (one, other) in [
            ("MIT OR Apache-2.0", "Apache-2.0 OR MIT"),
            ("(MIT OR Apache-2.0)", "Apache-2.0 OR MIT"),
            ("MIT AND (ISC AND Zlib)", "Zlib AND MIT AND ISC"),
            ("(MIT OR ISC) AND Zlib", "Zlib AND (ISC OR MIT)"),
            ("MIT OR MIT", "MIT OR MIT OR MIT"),
            ("GPL-2.0-only WITH Classpath-exception-2.0 OR MIT", "MIT OR GPL-2.0-only WITH Classpath-exception-2.0"),
            ("LicenseRef-a OR MIT", "MIT OR LicenseRef-a"),
            ("GPL-2.0+ OR MIT", "MIT OR GPL-2.0+"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} | {other}");
        }
        for (one, other) in [
            ("MIT OR Apache-2.0", "MIT AND Apache-2.0"),
            ("MIT AND (ISC OR Zlib)", "(MIT AND ISC) OR Zlib"),
            ("GPL-2.0-only OR MIT", "GPL-2.0-or-later OR MIT"),
            ("GPL-2.0-only WITH Classpath-exception-2.0 OR MIT", "GPL-2.0-only OR MIT"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one} | {other}");
        }
    }

    #[test]
    fn what_is_not_an_expression_stays() {
        for text in [
            "MIT",
            "own words (see file)",
            "GPL 2",
            "",
            "MIT OR",
            "(((",
            " A",
            "Own-Licence OR MIT",
            "BSD license, 3 clauses",
        ] {
            assert_eq!(canonical(text), text);
        }
        let long = "MIT OR ".repeat(1 << 20) + "MIT";
        assert_eq!(canonical(&long), long);
        let _ = canonical(&"(".repeat(4000));
    }
}
