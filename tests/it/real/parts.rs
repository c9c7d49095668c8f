//! Where `tests/real/install` put the real programs.

use std::path::{Path, PathBuf};

/// The program of a part that is installed, or why it is not there.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/parts");
    let table = std::fs::read_to_string(&table).map_err(|error| format!("{}: {error}", table.display()))?;
    let mut rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = rows.find(|row| row.first() == Some(&name)).ok_or_else(|| format!("no part is called `{name}`"))?;
    let missing = || format!("{name} is not installed: run `make real-parts`");
    if ["system", "debian"].contains(&row[1]) {
        let folders = ["/usr/local/bin", "/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
        return folders.into_iter().find(|path| path.is_file()).ok_or_else(missing);
    }
    let folder = cache().ok_or("neither XDG_CACHE_HOME nor HOME is set")?.join(format!("{name}-{}", row[2]));
    // A part may be another release of a program that is a part, too.
    let program = folder.join("bin").join(if row[1] == "python" { called(name) } else { name });
    if folder.join(".complete").is_file() && program.is_file() { Ok(program) } else { Err(missing()) }
}

/// What the program of a part is called.
fn called(part: &str) -> &str {
    part.strip_suffix("-before").unwrap_or(part)
}

fn cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    variable("STELLA_REAL_PARTS").or_else(|| Some(caches()?.join("stella/real-parts")))
}
