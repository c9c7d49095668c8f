//! How text is painted: with or without colour, and how wide.

use anstyle::{AnsiColor, Effects};

use crate::report::text::fold::fold;

/// Colour and width of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    colour: bool,
    width: u16,
    folds: bool,
}

/// What a piece of text is, which decides its colour. The words say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Heading,
    Good,
    Bad,
    Unsure,
    Faint,
}

impl Style {
    /// Columns where nothing else is known: what CI logs show without wrapping.
    const WIDTH: u16 = 120;
    /// Below this a table cannot hold its columns.
    const NARROWEST: u16 = 60;

    /// No escape sequences at all.
    pub fn plain() -> Self {
        Self { colour: false, width: Self::WIDTH, folds: false }
    }

    /// ANSI colours.
    pub fn coloured() -> Self {
        Self { colour: true, width: Self::WIDTH, folds: false }
    }

    /// The same for a terminal of so many columns (at least 60 are used): what is longer is broken.
    #[must_use]
    pub fn with_width(self, columns: u16) -> Self {
        Self { width: columns.max(Self::NARROWEST), folds: true, ..self }
    }

    pub(crate) fn width(self) -> u16 {
        self.width
    }

    /// `text` in lines that fit, where somebody said how wide.
    pub fn fit(self, text: String) -> String {
        if self.folds { fold(&text, usize::from(self.width)) } else { text }
    }

    /// Whether lines are broken.
    pub(crate) fn folds(self) -> bool {
        self.folds
    }

    pub(crate) fn paint(self, ink: Ink, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let style = match ink {
            Ink::Heading => anstyle::Style::new().effects(Effects::BOLD),
            Ink::Good => AnsiColor::Green.on_default(),
            Ink::Bad => AnsiColor::Red.on_default().effects(Effects::BOLD),
            Ink::Unsure => AnsiColor::Yellow.on_default(),
            Ink::Faint => anstyle::Style::new().effects(Effects::DIMMED),
        };
        format!("{style}{text}{style:#}")
    }
}
