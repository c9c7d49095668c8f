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

/// The dialect that readers of CI systems take, as a schema: strict in what one of them stumbles over.
#[test]
fn a_schema_takes_every_report_and_no_forged_one() {
    let Some(program) = program("xmllint") else { return };
    let schema = repository("tests/data/report/junit.xsd");
    let world = World::new();
    let takes = |file: &str| {
        let mut command = Command::new(&program);
        command.args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(world.work(file));
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for result in ["result-v1.json", "hostile-v1.json"] {
        let stored = repository(&format!("tests/data/report/{result}"));
        world.stella(0, &["report", "--junit", stored.to_str().unwrap(), "-o", "junit.xml"]);
        let (taken, said) = takes("junit.xml");
        assert!(taken, "{result}: {said}");
    }
    let good = world.read("junit.xml");
    for (from, to) in [
        ("<testcase ", "<testcase onload=\"x\" "),
        ("<properties>", "<script/><properties>"),
        ("type=\"replay.", "type=\"symbol."),
        ("classname=\"", "klass=\""),
        ("line=\"1\"", "line=\"0\""),
    ] {
        assert!(good.contains(from), "{from}");
        world.write("bad.xml", good.replacen(from, to, 1));
        assert!(!takes("bad.xml").0, "{from}");
    }
}
