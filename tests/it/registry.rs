//! Images from a registry that really is one: Debian's `docker-registry`, started here on the loopback interface.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use stella::model::digest::Digest;

use crate::harness::World;
use crate::oci_layout::{Layout, layer};

/// Whether the registry that keeps its files there answers, and not whoever else has taken the port.
fn answers(host: &str, data: &Path) -> bool {
    let said = || {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET /v2/ HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said).map(|_| said)
    };
    said().is_ok_and(|said: String| said.lines().any(|line| line == format!("X-Stored-In: {}", data.display())))
}

const PROGRAM: &str = "/usr/bin/docker-registry";

/// A registry that ends with the value.
struct Registry {
    process: Child,
    host: String,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Registry {
    /// Starts one that keeps its files in `directory`; `None` where there is none on this machine.
    fn start(directory: &Path, test: &str) -> Option<Self> {
        if !Path::new(PROGRAM).is_file() {
            eprintln!("skipped {test}: no {PROGRAM} (tests/real/registry installs it)");
            return None;
        }
        std::fs::create_dir_all(directory).unwrap();
        // A port that was free a moment ago; another may take it, so it is tried again.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let host = format!("127.0.0.1:{port}");
            let config = format!(
                "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {0}}}}}\n\
                 http: {{addr: {host}, headers: {{X-Stored-In: ['{0}']}}}}\n",
                directory.join("data").display()
            );
            let file = directory.join("registry.yml");
            std::fs::write(&file, config).unwrap();
            let mut process = Command::new(PROGRAM)
                .arg("serve")
                .arg(&file)
                .env_clear()
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            for _ in 0..200 {
                if process.try_wait().unwrap().is_some() {
                    break;
                }
                if answers(&host, &directory.join("data")) {
                    return Some(Self { process, host });
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("docker-registry did not start");
    }

    /// One request; tells the status and the `Location`.
    fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut reader = BufReader::new(stream);
        let (mut status, mut location) = (String::new(), String::new());
        reader.read_line(&mut status).unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 || line == "\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix("Location: ") {
                location = value.trim().to_owned();
            }
        }
        reader.read_to_end(&mut Vec::new()).unwrap();
        (status.split(' ').nth(1).unwrap().parse().unwrap(), location)
    }

    /// Pushes every blob, every manifest by its digest, and the index under a tag; tells the index' digest.
    fn push(&self, repository: &str, layout: &Layout, tag: &str) -> Digest {
        let manifests: Vec<&str> = layout.manifests.iter().map(|value| value["digest"].as_str().unwrap()).collect();
        for (digest, bytes) in &layout.blobs {
            if manifests.contains(&digest.to_string().as_str()) {
                continue;
            }
            let (status, location) = self.request("POST", &format!("/v2/{repository}/blobs/uploads/"), "", b"");
            assert_eq!(status, 202);
            let path = location.split_once("/v2/").unwrap().1;
            let path = format!("/v2/{path}&digest={digest}");
            assert_eq!(self.request("PUT", &path, "application/octet-stream", bytes).0, 201);
        }
        for digest in manifests {
            let kind = "application/vnd.oci.image.manifest.v1+json";
            let bytes = &layout.blobs[&digest.parse().unwrap()];
            assert_eq!(self.request("PUT", &format!("/v2/{repository}/manifests/{digest}"), kind, bytes).0, 201);
        }
        let index = layout.index().to_string();
        let kind = "application/vnd.oci.image.index.v1+json";
        assert_eq!(self.request("PUT", &format!("/v2/{repository}/manifests/{tag}"), kind, index.as_bytes()).0, 201);
        Digest::of(index.as_bytes())
    }
}

fn lock(version: &str) -> Vec<u8> {
    let lock = crate::cli::scene::npm_lock(&[("minimist", version)]).to_string();
    layer(&[("srv/package-lock.json", &lock)])
}

fn input(world: &World) -> Value {
    world.json("MANIFEST.json")["input"].clone()
}

#[test]
fn an_image_by_digest_is_fetched_once_and_a_tag_is_only_a_label() {
    let world = World::new();
    let test = "an_image_by_digest_is_fetched_once_and_a_tag_is_only_a_label";
    let Some(registry) = Registry::start(&world.path("registry"), test) else { return };
    let mut layout = Layout::default();
    let amd = layout.image("amd64", &[lock("0.0.8")]);
    let arm = layout.image("arm64", &[lock("0.0.10")]);
    let index = registry.push("team/app", &layout, "v1");
    let repository = format!("{}/team/app", registry.host);

    // By tag: the digest is what is told and recorded.
    let tagged = format!("{repository}:v1");
    let run = world.stella(0, &["image", "inspect", &tagged, "--platform", "linux/arm64"]);
    run.says(&[&format!("{repository}@{arm}"), "linux/arm64"]);
    world.write("feed/X-1.json", r#"{"id":"X-1","affected":[{"package":{"ecosystem":"npm","name":"none"}}]}"#);
    let scan = |name: &str, platform: &str| {
        world.stella(0, &["scan", "--input", name, "--platform", platform, "--feed", "feed"])
    };
    scan(&tagged, "linux/arm64").says(&[&format!("image {repository}@{arm}")]);
    assert_eq!(
        (&input(&world)["digest"], &input(&world)["image_ref"]),
        (&arm.to_string().into(), &format!("{repository}@{arm}").into())
    );
    // By the digest of the index, and of one image.
    scan(&format!("{repository}@{index}"), "linux/amd64");
    assert_eq!(input(&world)["digest"], amd.to_string());
    scan(&format!("{repository}@{amd}"), "linux/amd64");

    // What is not there, under a name and under a digest.
    world.stella(4, &["image", "inspect", &format!("{repository}:none")]).complains(&["404"]);
    let other = Digest::of(b"other");
    world.stella(4, &["image", "inspect", &format!("{repository}@{other}")]).complains(&["404"]);

    // Without the registry: what was fetched is known by its digests, the index' too; a tag is not.
    drop(registry);
    for digest in [amd, index] {
        scan(&format!("{repository}@{digest}"), "linux/amd64");
        assert_eq!(input(&world)["digest"], amd.to_string());
    }
    world.stella(0, &["replay", "--from", "MANIFEST.json"]);
    world.stella(4, &["image", "inspect", &tagged]).complains(&["cannot get"]);
}

#[test]
fn a_registry_that_changes_a_blob_is_found_out() {
    let world = World::new();
    let test = "a_registry_that_changes_a_blob_is_found_out";
    let Some(registry) = Registry::start(&world.path("registry"), test) else { return };
    let mut layout = Layout::default();
    let digest = layout.image("amd64", &[lock("0.0.8")]);
    registry.push("app", &layout, "v1");
    let changed = crate::harness::files(&world.path("registry/data"))
        .into_iter()
        .filter(|path| path.ends_with("data") && std::fs::read(path).unwrap().starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
    for path in changed {
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    let name = format!("{}/app@{digest}", registry.host);
    world.stella(5, &["scan", "--input", &name]).complains(&["has other bytes"]);
    assert!(!world.exists("MANIFEST.json"));
}
