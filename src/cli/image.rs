//! `stella image`: look at an image, unpack it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::args::{Format, GlobalArgs, IsolationArgs};
use crate::cli::error::{CliError, CliResult};
use crate::cli::setup;
use crate::cli::terminal::output;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::text::command_line;
use crate::oci::{Image, Platform};
use crate::report::untrusted;
use crate::rootfs::RootFs;
use crate::wire::v1::commands::{ImageInfoSchema, ImageInfoV1, ImageLayerV1, ImageRootFsV1};
use crate::workspace::context::Context;
use crate::workspace::image;

/// Look at container images and unpack them
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Show digest, platform, layers and configuration of an image
    ///
    /// Its layers are neither fetched nor read.
    Inspect(ImageArgs),
    /// Unpack an image into the store, or check what was unpacked
    ///
    /// Needs no privileges. Exits with 5 when a byte is not what the image says. What was changed since it
    /// was unpacked is unpacked again.
    Unpack(ImageArgs),
}

/// Which image.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// An OCI image layout (folder or tar), one of its images as LAYOUT@sha256:…, or
    /// HOST/NAME@sha256:… in a registry
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// Its platform, e.g. linux/arm64 [default: the only one, else that of this machine]
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
}

/// What should be an image is not one.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is not an image", .0.display())]
pub struct NotAnImage(pub PathBuf);

impl Diagnostic for NotAnImage {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }

    fn hint(&self) -> Option<Hint> {
        Some("give an OCI image layout, e.g. made by `skopeo copy SOURCE oci:DIR`, or HOST/NAME@sha256:…".into())
    }
}

pub fn run(global: &GlobalArgs, command: ImageCommand) -> CliResult {
    match command {
        ImageCommand::Inspect(args) => {
            let context = context(global)?;
            let opened = image::open(&args.image, args.platform.clone(), &context)?;
            let opened = opened.ok_or_else(|| NotAnImage(args.image.clone()))?;
            let digest = opened.image.digest();
            let name = opened.name.map_or_else(|| digest.to_string(), |name| name.at(digest).to_string());
            show(global, &name, &opened.image, None);
        }
        ImageCommand::Unpack(args) => {
            let context = context(global)?;
            let material = image::material(&args.image, args.platform.clone(), &context)?;
            let material = material.ok_or_else(|| NotAnImage(args.image.clone()))?;
            show(global, &material.reference(), material.image(), Some(material.rootfs()));
        }
    }
    Ok(Exit::Passed.into())
}

fn context(global: &GlobalArgs) -> Result<Context, CliError> {
    setup::context(global, &IsolationArgs { require_isolation: None, ro: Vec::new() })
}

fn show(global: &GlobalArgs, name: &str, image: &Image, rootfs: Option<&RootFs>) {
    let run = image.run_config();
    let command: Vec<String> = run.entrypoint.iter().chain(&run.cmd).cloned().collect();
    let notes = rootfs.map(|rootfs| rootfs.notes.lines()).unwrap_or_default();
    if global.format == Format::Json {
        let layers = image.layers().iter().map(|layer| ImageLayerV1 {
            digest: layer.blob.digest,
            size: layer.blob.size,
            media_type: layer.blob.media_type.clone(),
            diff_id: layer.diff_id,
        });
        output::json(&ImageInfoV1 {
            schema: ImageInfoSchema,
            image: name.to_owned(),
            digest: image.digest(),
            platform: image.platform().to_string(),
            config_digest: image.config().digest,
            layers: layers.collect(),
            env: run.env.clone(),
            command,
            working_dir: run.working_dir.clone(),
            rootfs: rootfs.map(|rootfs| ImageRootFsV1 {
                path: rootfs.path.display().to_string(),
                content_digest: rootfs.content,
                notes,
            }),
        });
        return;
    }
    // Everything here comes from the image: it may hold anything.
    let plain = |text: &str| untrusted::line(text);
    let mut lines = vec![
        untrusted::log_line(&plain(name)),
        format!("  digest    {}", image.digest()),
        format!("  platform  {}", plain(&image.platform().to_string())),
        format!("  config    {}", image.config().digest),
    ];
    for layer in image.layers() {
        lines.push(format!("  layer     {} {} bytes", layer.blob.digest, layer.blob.size));
    }
    if !command.is_empty() {
        lines.push(format!("  runs      {}", plain(&command_line::line(command))));
    }
    if let Some(rootfs) = rootfs {
        lines.push(format!("  rootfs    {}", rootfs.path.display()));
        lines.push(format!("  content   {}", rootfs.content));
        notes.iter().for_each(|note| output::talk(&format!("note: {note}")));
    }
    output::data(&(lines.join("\n") + "\n"));
}
