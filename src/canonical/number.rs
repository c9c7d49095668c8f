//! Numbers as ECMAScript writes them: ECMA-262 `Number::toString` with radix 10, as RFC 8785 §3.2.2.3 asks.

use std::io::{self, Write};

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
    let shortest = shortest(number.abs());
    let (mantissa, exponent) = shortest.parts();
    let mut digits = [0; MOST_DIGITS];
    let mut count = 0;
    for (digit, from) in digits.iter_mut().zip(mantissa.bytes().filter(|b| *b != b'.')) {
        *digit = from;
        count += 1;
    }
    // The value is 0.DIGITS × 10^point.
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    if number < 0.0 {
        out.push(b'-');
    }
    layout(&digits[..count], point, out);
}

/// The most digits that a double needs to be read back.
const MOST_DIGITS: usize = 17;

/// The shortest digits that read back as the same double, as `d.ddde-7`; the closest ones where several do, the
/// even ones where two are equally close.
fn shortest(number: f64) -> Written {
    let mut shortest = Written::default();
    let _ = write!(shortest, "{number:e}");
    // `{:e}` gives the shortest and closest, but the upper of two that are equally close: 1424953923781206.25 lies
    // halfway between …6.2 and …6.3. Rounding to as many digits takes the even one. Both can read back only where
    // the last digit counts no more than the distance to the next double: with 16 digits and more. And a number
    // halfway between two of 17 digits has 18 itself: a fraction of n bits has n decimals that are a multiple of
    // 5^n, so it has no more than 25.
    let digits = shortest.parts().0.bytes().filter(|b| *b != b'.').count();
    let may_be_halfway = number > MAX_SAFE_INTEGER || (number * f64::from(1 << 25)).fract() == 0.0;
    if digits >= 16 && may_be_halfway {
        let mut rounded = Written::default();
        let _ = write!(rounded, "{number:.*e}", digits - 1);
        if rounded.text() != shortest.text() && rounded.text().parse() == Ok(number) {
            return rounded;
        }
    }
    shortest
}

/// A number in scientific notation, without memory of its own.
#[derive(Default)]
struct Written {
    bytes: [u8; 32],
    length: usize,
}

impl Written {
    fn text(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Mantissa and exponent.
    fn parts(&self) -> (&str, &str) {
        self.text().split_once('e').unwrap_or((self.text(), "0"))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = (&mut self.bytes[self.length..]).write(bytes)?;
        self.length += count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lays out 0.DIGITS × 10^`point`; the four cases of ECMA-262.
fn layout(digits: &[u8], point: i32, out: &mut Vec<u8>) {
    let zeros = |count: usize| std::iter::repeat_n(b'0', count);
    let before = usize::try_from(point).unwrap_or(0);
    if before >= digits.len() && point <= 21 {
        out.extend_from_slice(digits);
        out.extend(zeros(before - digits.len()));
    } else if 0 < point && point <= 21 {
        let (whole, fraction) = digits.split_at(before);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else if -6 < point && point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(zeros(point.unsigned_abs() as usize));
        out.extend_from_slice(digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        out.push(b'e');
        out.push(if point > 0 { b'+' } else { b'-' });
        let _ = write!(out, "{}", (point - 1).unsigned_abs());
    }
}

#[cfg(test)]
mod tests {
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
}
