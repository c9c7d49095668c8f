//! `stella key`: pairs of keys, read by us and by OpenSSL, and shown by nobody.

use std::process::Command;

use crate::harness::{Run, World, valid};

/// Runs `stella` with a password in the environment.
fn with_password(world: &World, exit: u8, password: &str, arguments: &[&str]) -> Run {
    let mut command = world.command(arguments);
    command.env("KEY_PASSWORD", password);
    world.run(exit, command)
}

const PASSWORD: [&str; 2] = ["--password", "env://KEY_PASSWORD"];

#[test]
fn a_pair_is_made_in_each_scheme_and_form_and_its_halves_fit() {
    for algorithm in ["ecdsa-p256", "ed25519"] {
        for form in ["pkcs8", "cosign"] {
            let world = World::new();
            let made = [
                "key",
                "generate",
                "--algorithm",
                algorithm,
                "--encryption",
                form,
                "--out",
                "keys/release.2",
                "--format",
                "json",
            ];
            let run = with_password(&world, 0, "hunter2", &[&made[..], &PASSWORD].concat());
            let document = run.stdout_json();
            valid(&document, "key-v1.json");
            assert_eq!(document["algorithm"], algorithm);
            assert_eq!(document["private_key_file"], "keys/release.2.key");
            assert_eq!(document["public_key"], world.read("keys/release.2.pub"));
            let private = world.read("keys/release.2.key");
            let label = if form == "pkcs8" { "ENCRYPTED PRIVATE KEY" } else { "ENCRYPTED SIGSTORE PRIVATE KEY" };
            assert!(private.starts_with(&format!("-----BEGIN {label}-----\n")), "{private}");

            let shown = ["key", "public", "--key", "keys/release.2.key"];
            let run = with_password(&world, 0, "hunter2", &[&shown[..], &PASSWORD].concat());
            assert_eq!(run.stdout, world.read("keys/release.2.pub"));
            with_password(&world, 2, "hunter3", &[&shown[..], &PASSWORD].concat())
                .complains(&["cannot read the key of `keys/release.2.key`", "the password is wrong"]);
            world.stella(2, &shown).complains(&["no password was given", "--password env://NAME"]);
        }
    }
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_a_private_key_and_nothing_is_written_over() {
    use std::os::unix::fs::PermissionsExt;

    let world = World::new();
    world.stella(0, &["key", "generate", "--unencrypted"]).says(&["stella.key", "stella.pub", "ecdsa-p256", "sha256:"]);
    let mode = |name: &str| std::fs::metadata(world.work(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("stella.key"), 0o600);
    let before = world.read("stella.key");
    world.stella(2, &["key", "generate", "--unencrypted"]).complains(&["`stella.key` is there already"]);
    assert_eq!(world.read("stella.key"), before);
    // Neither through a link that leads nowhere.
    std::os::unix::fs::symlink("elsewhere", world.work("linked.pub")).unwrap();
    let linked = ["key", "generate", "--unencrypted", "--out", "linked"];
    world.stella(2, &linked).complains(&["`linked.pub` is there already"]);
    assert!(!world.exists("linked.key") && !world.exists("elsewhere"));
    // A folder is not the beginning of a name: the files in it would be hidden.
    for folder in ["keys/", ".", "keys/.."] {
        world.stella(2, &["key", "generate", "--unencrypted", "--out", folder]).complains(&["is a folder"]);
    }
    assert!(!world.exists("keys"));
    // Half a pair is a pair of two keys.
    std::fs::remove_file(world.work("stella.key")).unwrap();
    world.stella(2, &["key", "generate", "--unencrypted"]).complains(&["`stella.pub` is there already"]);
    assert!(!world.exists("stella.key"));
}

#[test]
fn a_new_key_is_not_left_open_by_mistake() {
    let world = World::new();
    world.stella(2, &["key", "generate"]).complains(&["a new key wants a password", "--unencrypted"]);
    with_password(&world, 2, "", &[&["key", "generate"][..], &PASSWORD].concat()).complains(&["is empty"]);
    world.stella(2, &["key", "generate", "--password", "env://NO_SUCH"]).complains(&["has no variable `NO_SUCH`"]);
    world.stella(2, &["key", "generate", "--password", "vault://x"]).complains(&["is not a place that is known"]);
    world
        .stella(2, &[&["key", "generate", "--unencrypted"][..], &PASSWORD].concat())
        .complains(&["cannot be used with"]);
    assert!(!world.exists("stella.key") && !world.exists("stella.pub"));
}

/// The variable that users of cosign have set; a plain key needs none.
#[test]
fn a_key_comes_from_a_file_a_variable_or_a_descriptor() {
    let world = World::new();
    let mut command = world.command(&["key", "generate", "--encryption", "cosign"]);
    command.env("COSIGN_PASSWORD", "hunter2");
    world.run(0, command);
    let public = world.read("stella.pub");
    let mut command = world.command(&["key", "public", "--key", "env://KEY"]);
    command.env("KEY", world.read("stella.key")).env("COSIGN_PASSWORD", "hunter2");
    assert_eq!(world.run(0, command).stdout, public);

    world.write("password", "hunter2\n");
    let script = world.script(
        "read.sh",
        "exec \"$1\" key public --key fd://3 --password fd://4 --out again.pub 3< stella.key 4< password",
    );
    let mut command = Command::new(script);
    command.arg(env!("CARGO_BIN_EXE_stella")).current_dir(world.work("")).env_clear();
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(world.read("again.pub"), public);

    world.stella(2, &["key", "public", "--key", "missing.key"]).complains(&["missing.key"]);
    world.stella(2, &["key", "public", "--key", "stella.pub"]).complains(&["it holds `PUBLIC KEY`"]);
}

#[test]
fn no_secret_is_in_what_is_said() {
    let world = World::new();
    world.stella(0, &["key", "generate", "--unencrypted"]);
    let key = world.read("stella.key");
    let lines: Vec<&str> = key.lines().filter(|line| !line.starts_with('-')).collect();
    // In the place of where it is.
    let given = world.stella(2, &["key", "public", "--key", &key]);
    assert!(lines.iter().all(|line| !given.stderr.contains(line)), "{}", given.stderr);
    let given = world.stella(2, &["key", "public", "--key", "stella.key", "--password", "hunter2"]);
    assert!(!given.stderr.contains("hunter2"), "{}", given.stderr);
    world.write("damaged.key", key.replace(lines[0], &lines[0].replacen('M', "!", 1)));
    world.write("cut.key", key.replace("-----END", "-----"));
    for file in ["damaged.key", "cut.key", "stella.key"] {
        let exit = if file == "stella.key" { 0 } else { 2 };
        for format in ["text", "json"] {
            let run = world.stella(exit, &["key", "public", "--key", file, "--format", format]);
            let said = run.stdout + &run.stderr;
            assert!(lines.iter().all(|line| !said.contains(&line[line.len() / 2..])), "{file}: {said}");
        }
    }
}

/// What OpenSSL makes of our keys, where it is installed.
#[test]
fn openssl_reads_our_keys() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    for algorithm in ["ecdsa-p256", "ed25519"] {
        let world = World::new();
        with_password(&world, 0, "hunter2", &[&["key", "generate", "--algorithm", algorithm][..], &PASSWORD].concat());
        let mut command = Command::new("openssl");
        command.args(["pkey", "-in", "stella.key", "-passin", "pass:hunter2", "-pubout"]).current_dir(world.work(""));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stdout), world.read("stella.pub"));
    }
}
