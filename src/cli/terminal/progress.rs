//! How far a run is, on stderr: a bar where a person looks, one line per replay elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::terminal::output;
use crate::model::event::{Event, Subscriber};
use crate::report::text::{Show, Style, TextReport};
use crate::report::untrusted;

/// Shows events on stderr.
pub struct Progress {
    bar: Option<ProgressBar>,
    lines: TextReport<Talk>,
}

/// Passes whole lines on to stderr.
struct Talk {
    line: String,
}

impl std::fmt::Write for Talk {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.line.push_str(text);
        while let Some(end) = self.line.find('\n') {
            let rest = self.line.split_off(end + 1);
            output::talk_lines(&self.line);
            self.line = rest;
        }
        Ok(())
    }
}

impl Progress {
    /// Lines, or a bar where stderr is a terminal.
    pub fn new() -> Self {
        let bar = output::is_interactive().then(|| {
            let bar = ProgressBar::new(0);
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, lines: TextReport::new(Talk { line: String::new() }, Style::plain(), Show::Progress) }
    }
}

/// What a build says, so that no line of it begins as one of its own.
fn build_line(line: &str) -> String {
    format!("build   {}", untrusted::visible(line))
}

impl Subscriber for Progress {
    fn on_event(&mut self, event: &Event) {
        let Some(bar) = &self.bar else {
            match event {
                Event::BuildSaid(line) => output::talk_lines(&build_line(line)),
                event => self.lines.on_event(event),
            }
            return;
        };
        match event {
            Event::Discovered { .. } => bar.inc_length(1),
            Event::Started { id } => bar.set_message(untrusted::line(id).to_string()),
            Event::Finished(_) => bar.inc(1),
            Event::RunFinished(_) => bar.finish_and_clear(),
            Event::BuildSaid(line) => bar.suspend(|| output::talk_lines(&build_line(line))),
            Event::RunStarted { .. } | Event::Warning(_) => {}
        }
    }
}
