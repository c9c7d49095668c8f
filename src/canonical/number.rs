//! Numbers as ECMAScript writes them: ECMA-262 `Number::toString` with radix 10, as RFC 8785 §3.2.2.3 asks.

use std::io::Write;

/// The largest integer that every reader of doubles takes for itself: 2^53 − 1.
pub(super) const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Appends `number`, which must be finite, to `out`.
pub(super) fn write(number: f64, out: &mut Vec<u8>) {
    debug_assert!(number.is_finite());
    if number.fract() == 0.0 && number.abs() <= MAX_SAFE_INTEGER {
        // The common case; negative zero becomes `0` here. Writing to a vector cannot fail.
        let _ = write!(out, "{}", number as i64);
        return;
    }
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(number: f64) -> String {
        let mut out = Vec::new();
        write(number, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// RFC 8785, Appendix B: IEEE 754 bits and the text they must have (the rows with a finite value).
    const APPENDIX_B: [(u64, &str); 24] = [
        (0x0000_0000_0000_0000, "0"),
        (0x8000_0000_0000_0000, "0"),
        (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"),
        (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
        (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"),
        (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
        (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
        (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
        (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
        (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"),
        (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"),
        (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"),
        (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ];

    #[test]
    fn appendix_b_of_rfc_8785() {
        for (bits, expected) in APPENDIX_B {
            assert_eq!(text(f64::from_bits(bits)), expected, "{bits:#018x}");
        }
    }

    /// The edges between the four layouts of ECMA-262 `Number::toString`.
    #[test]
    fn edges_of_the_layouts() {
        let rows = [
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e21, "1.5e+21"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e-6, "0.000001"),
            (1.5e-6, "0.0000015"),
            (1e-7, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (0.5, "0.5"),
            (-12.25, "-12.25"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (9_007_199_254_740_994.0, "9007199254740994"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            // Next to a power of two the closest digits (…801) may read back as the double below.
            (2f64.powi(-44), "5.684341886080802e-14"),
            // 1424953923781206.75, halfway between two: the even one.
            (f64::from_bits(0x4314_3ff3_c1cb_095b), "1424953923781206.8"),
            (1.0, "1"),
            (-1.0, "-1"),
        ];
        for (number, expected) in rows {
            assert_eq!(text(number), expected);
        }
    }

    /// The digits without the zeros around them.
    fn digits(text: &str) -> String {
        let mantissa = text.split('e').next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    }

    proptest! {
        /// Held against the standard library, which knows the shortest digits too but another layout.
        #[test]
        fn what_is_written_reads_back_and_is_as_short_as_can_be(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let text = text(number);
            prop_assert_eq!(text.parse::<f64>().unwrap(), number);
            prop_assert_eq!(digits(&text).len(), digits(&format!("{number:e}")).len());
        }
    }
}
