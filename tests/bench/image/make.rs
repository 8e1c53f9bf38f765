//! Makes the image: the same bytes every time, from a generator of numbers without a seed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tar::{Builder, Header};

/// Layers.
const LAYERS: usize = 5;
/// Texts in each, of 2 to 4 KiB.
const TEXTS: usize = 19_600;
/// Files like executables in each, 300 KiB or more.
const BLOBS: usize = 400;
/// A file that is not kept when the image is read first.
pub(crate) const FAR: &str = "srv/app/settings.py";

/// The image, and its layers as files of their own.
pub(crate) struct Made {
    pub(crate) archive: PathBuf,
    pub(crate) layers: Vec<PathBuf>,
    pub(crate) files: usize,
    pub(crate) packed: u64,
    pub(crate) unpacked: u64,
}

fn paths(folder: &Path) -> (PathBuf, Vec<PathBuf>) {
    let folder = folder.join("image-bench-1");
    let layers = (0..LAYERS).map(|n| folder.join(format!("layer{n}.tar.gz")));
    (folder.join("image.tar"), layers.collect())
}

/// Makes the image below this folder, unless it is there.
pub(crate) fn image(folder: &Path) -> io::Result<()> {
    let (archive, layers) = paths(folder);
    if archive.exists() {
        return Ok(());
    }
    fs::create_dir_all(archive.parent().unwrap_or(folder))?;
    std::thread::scope(|scope| {
        let all: Vec<_> = layers
            .iter()
            .enumerate()
            .map(|(number, path)| scope.spawn(move || layer(number, path)))
            .collect();
        all.into_iter().try_for_each(|one| {
            one.join()
                .map_err(|_| io::Error::other("a layer was not made"))?
        })
    })?;
    let unfinished = archive.with_extension("unfinished");
    pack(&layers, &unfinished)?;
    fs::rename(unfinished, archive)
}

/// What was made.
pub(crate) fn made(folder: &Path) -> io::Result<Made> {
    let (archive, layers) = paths(folder);
    let (mut packed, mut unpacked) = (0, 0);
    for path in &layers {
        packed += fs::metadata(path)?.len();
        let mut decoder = flate2::read::GzDecoder::new(File::open(path)?);
        unpacked += io::copy(&mut decoder, &mut io::sink())?;
    }
    Ok(Made {
        archive,
        layers,
        files: LAYERS * (TEXTS + BLOBS),
        packed,
        unpacked,
    })
}

/// Numbers by Marsaglia's xorshift.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    /// Text of words that come with different frequency, as source code does.
    fn text(&mut self, length: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(length + 16);
        while text.len() < length {
            let rank = self.below(64) * self.below(64);
            let end = if self.below(9) == 0 { '\n' } else { ' ' };
            let _ = write!(
                text,
                "{}{rank:x}{end}",
                ["get", "self.", "value", "return", "_"][rank as usize % 5]
            );
        }
        text
    }

    /// Bytes that pack as those of executables do, to half or less: instructions come again, addresses do not.
    fn blob(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        let common: Vec<u64> = (0..256).map(|_| self.next()).collect();
        while bytes.len() < length {
            let rank = self.below(16) * self.below(16);
            let word = common[rank as usize].to_le_bytes();
            bytes.extend_from_slice(&word[..4 + rank as usize % 4]);
            if self.below(3) == 0 {
                bytes.extend_from_slice(&self.next().to_le_bytes()[..3]);
            }
        }
        bytes
    }
}

fn layer(number: usize, path: &Path) -> io::Result<()> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ number as u64);
    let packed = GzEncoder::new(BufWriter::new(File::create(path)?), Compression::new(6));
    let mut tar = Builder::new(packed);
    if number == 0 {
        let packages: String = (0..600)
            .map(|n| format!("Package: p{n}\nStatus: install ok installed\nVersion: 1.{n}\nDescription: {}\n\n", "some words ".repeat(60)))
            .collect();
        add(&mut tar, "etc/os-release", 0o644, b"ID=debian\n")?;
        add(&mut tar, "etc/nginx/nginx.conf", 0o644, b"events {}\n")?;
        add(
            &mut tar,
            "etc/sysctl.d/10-a.conf",
            0o644,
            b"net.core.somaxconn = 4096\n",
        )?;
        add(&mut tar, "var/lib/dpkg/status", 0o644, packages.as_bytes())?;
        add(&mut tar, "usr/sbin/nginx", 0o755, &numbers.blob(1_200_000))?;
    }
    for file in 0..TEXTS {
        let name = format!(
            "usr/lib/python3/dist-packages/package{:03}/module{number}/file_{file:05}.py",
            file / 100
        );
        let length = 2048 + numbers.below(2048) as usize;
        let text = numbers.text(length);
        add(&mut tar, &name, 0o644, &text)?;
        if file % (TEXTS / BLOBS) == 0 {
            let name = format!("usr/lib/x86_64-linux-gnu/lib{number}_{file:05}.so.{number}");
            let length = 300_000 + numbers.below(360_000) as usize;
            let blob = numbers.blob(length);
            add(&mut tar, &name, 0o755, &blob)?;
        }
    }
    if number == LAYERS - 1 {
        add(&mut tar, FAR, 0o644, b"PORT = 80\n")?;
    }
    tar.into_inner()?.finish()?.flush()
}

fn add<W: Write>(tar: &mut Builder<W>, name: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(mode);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

/// The archive of an OCI layout.
fn pack(layers: &[PathBuf], archive: &Path) -> io::Result<()> {
    let mut tar = Builder::new(BufWriter::new(File::create(archive)?));
    let mut descriptors = Vec::new();
    for path in layers {
        let bytes = fs::read(path)?;
        descriptors.push(blob(&mut tar, &bytes)?);
    }
    let settings = serde_json::json!({
        "os": "linux", "architecture": "amd64", "config": {"Cmd": ["nginx"]},
    });
    let config = blob(&mut tar, settings.to_string().as_bytes())?;
    let manifest = serde_json::json!({"schemaVersion": 2, "config": config, "layers": descriptors});
    let manifest = blob(&mut tar, manifest.to_string().as_bytes())?;
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [manifest]});
    add(&mut tar, "index.json", 0o644, index.to_string().as_bytes())?;
    tar.into_inner()?.flush()
}

fn blob<W: Write>(tar: &mut Builder<W>, bytes: &[u8]) -> io::Result<serde_json::Value> {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    add(tar, &format!("blobs/sha256/{hex}"), 0o644, bytes)?;
    Ok(serde_json::json!({"digest": format!("sha256:{hex}"), "size": bytes.len()}))
}
