//! Reports as real readers read them.

use std::process::Command;

use crate::harness::{World, repository};
use crate::real::program;

/// Cases, and how many failed, by what stands in each and by what the root says.
const COUNT: &str = "
import sys
from junitparser import Error, Failure, JUnitXml
xml = JUnitXml.fromfile(sys.argv[1])
cases = [case for suite in xml for case in suite]
failed = [case for case in cases if any(isinstance(result, (Failure, Error)) for result in case.result)]
named = all(case.name and case.classname and case.result is not None for case in cases)
print(len(cases), len(failed), xml.tests, xml.failures + xml.errors, named)
";

/// `tests/data/report/hostile-v1.json` has hostile texts in every place; the other is an ordinary result.
#[test]
fn junitparser_reads_what_was_meant() {
    let Some(program) = program("junitparser") else { return };
    for (result, expected) in [("result-v1.json", "6 4 6 4 True"), ("hostile-v1.json", "6 4 6 4 True")] {
        let world = World::new();
        let stored = repository(&format!("tests/data/report/{result}"));
        world.stella(0, &["report", "--junit", stored.to_str().unwrap(), "-o", "junit.xml"]);
        let python = program.with_file_name("python");
        let output = Command::new(python).args(["-c", COUNT]).arg(world.work("junit.xml")).output().unwrap();
        let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.trim(), expected, "{result}: {error}");
    }
}
