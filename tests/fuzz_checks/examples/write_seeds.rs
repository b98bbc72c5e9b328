//! Writes the seeds of all fuzz targets, each to `FOLDER/TARGET/NAME`: `write_seeds FOLDER`. `.ci/fuzz` runs it.

use std::io;
use std::path::PathBuf;
use std::{env, fs};

use wecom_fuzz_checks::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let usage = || io::Error::other("usage: write_seeds FOLDER");
    let folder = PathBuf::from(env::args_os().nth(1).ok_or_else(usage)?);
    for (target, _) in TARGETS {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (name, input) in seeds(target) {
            fs::write(folder.join(name), input)?;
        }
    }
    Ok(())
}
