//! Every version order on any texts, three lines of the input: it is total, and reading is a function of the text.

use std::cmp::Ordering;

use stella::model::ecosystem::version_order::VersionOrder;
use stella::scanner::version;

/// One run of the target.
pub fn run(text: &str) {
    let lines: Vec<&str> = text.split('\n').take(3).collect();
    for &order in VersionOrder::ALL {
        let versions: Vec<_> = lines.iter().filter_map(|line| version::parse(order, line).ok()).collect();
        for a in &versions {
            assert_eq!(a.cmp(a), Ordering::Equal);
            for b in &versions {
                assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{order}: {a:?} and {b:?}");
                assert_eq!(a == b, a.cmp(b).is_eq(), "{order}: {a:?} and {b:?}");
                for c in &versions {
                    let (ab, bc) = (a.cmp(b), b.cmp(c));
                    // In a total order two steps up, one of which may be level, are a step up.
                    if ab.is_le() && bc.is_le() {
                        let expected = ab.then(bc);
                        assert_eq!(a.cmp(c), expected, "{order}: {a:?}, {b:?}, {c:?}");
                    }
                }
            }
        }
    }
}
