//! The cases of `tests/data/version`: `a < b < c` and `a = b`, one statement a line.

use std::cmp::Ordering;

use crate::model::ecosystem::version_order::VersionOrder;
use crate::scanner::version;

/// Holds every statement of a table against an order. Says how many pairs there were.
fn check(order: VersionOrder, table: &str) -> usize {
    let read = |text: &str| version::parse(order, text).unwrap_or_else(|error| panic!("{error}"));
    let mut pairs = 0;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let (sign, expected) = if line.contains(" = ") { (" = ", Ordering::Equal) } else { (" < ", Ordering::Less) };
        let versions: Vec<_> = line.split(sign).collect();
        assert!(versions.len() > 1 && !versions.iter().any(|text| text.contains(' ')), "{line}");
        for (i, a) in versions.iter().enumerate() {
            for b in &versions[i + 1..] {
                assert_eq!(read(a).cmp(&read(b)), expected, "{a}{sign}{b}");
                assert_eq!(read(b).cmp(&read(a)), expected.reverse(), "{b} against {a}");
                pairs += 1;
            }
        }
    }
    pairs
}

#[test]
fn orders_are_the_published_ones() {
    assert_eq!(check(VersionOrder::Maven, include_str!("../../../tests/data/version/maven.txt")), 637);
    assert_eq!(check(VersionOrder::RubyGems, include_str!("../../../tests/data/version/ruby-gems.txt")), 25);
    assert_eq!(check(VersionOrder::Rpm, include_str!("../../../tests/data/version/rpm.txt")), 63);
    assert_eq!(check(VersionOrder::Apk, include_str!("../../../tests/data/version/apk.txt")), 310);
    assert_eq!(check(VersionOrder::NuGet, include_str!("../../../tests/data/version/nuget.txt")), 125);
    assert_eq!(check(VersionOrder::Packagist, include_str!("../../../tests/data/version/packagist.txt")), 199);
    assert_eq!(check(VersionOrder::Pub, include_str!("../../../tests/data/version/pub.txt")), 121);
    assert_eq!(check(VersionOrder::Haskell, include_str!("../../../tests/data/version/haskell.txt")), 67);
    assert_eq!(check(VersionOrder::R, include_str!("../../../tests/data/version/r.txt")), 58);
}

/// Larger tables, by hand: STELLA_VERSION_TABLES names a folder with one for each order, such as `apk.txt`. What an order does not
/// read is counted and not compared.
#[test]
fn orders_are_those_of_larger_tables() {
    let Ok(folder) = std::env::var("STELLA_VERSION_TABLES") else { return };
    let orders = [
        ("apk", VersionOrder::Apk),
        ("nuget", VersionOrder::NuGet),
        ("packagist", VersionOrder::Packagist),
        ("pub", VersionOrder::Pub),
        ("haskell", VersionOrder::Haskell),
        ("r", VersionOrder::R),
    ];
    let mut wrong = Vec::new();
    for (name, order) in orders {
        let table = std::fs::read_to_string(format!("{folder}/{name}.txt")).unwrap();
        let (mut pairs, mut unread) = (0, Vec::new());
        for line in table.lines() {
            let (sign, expected) =
                if line.contains(" = ") { (" = ", Ordering::Equal) } else { (" < ", Ordering::Less) };
            let (a, b) = line.split_once(sign).unwrap();
            match (version::parse(order, a), version::parse(order, b)) {
                (Ok(left), Ok(right)) if left.cmp(&right) != expected => wrong.push(format!("{order}: {line}")),
                (Ok(_), Ok(_)) => pairs += 1,
                _ => unread.push(line),
            }
        }
        eprintln!(
            "{order}: {pairs} pairs, {} not read, such as {:?}",
            unread.len(),
            unread.iter().take(5).collect::<Vec<_>>()
        );
    }
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), wrong.iter().take(60).collect::<Vec<_>>());
}
