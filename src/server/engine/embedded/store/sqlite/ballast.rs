//! The ballast: a file that keeps room back. When somebody else has filled the disk to the brim it is removed, so that
//! what must go on has room: settlements, and trimming, which makes more.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rand::Rng;
use rustix::{
    fs::{FallocateFlags, OFlags},
    io::Errno,
};

use super::file::named;

/// The file in the data folder.
const FILE: &str = "ballast";
/// How much room it keeps.
const BYTES: u64 = 8 << 20;
/// But no more than this part of the file system, in whole blocks.
const PART: u64 = 8;
const BLOCK: u64 = 4096;
/// How it begins: what else lies there is not ours to remove.
const HEADER: &[u8] = b"contact: room for settlements when the disk is full\n";
/// What `stat` counts blocks in.
const STAT_BLOCK: u64 = 512;

/// The ballast of a data folder.
#[derive(Debug)]
pub(super) struct Ballast {
    folder: PathBuf,
    /// How large it is to be; 0 if that cannot be told.
    bytes: u64,
    /// A file of ours is there, of whatever size.
    is_there: bool,
    /// It has all its room.
    is_whole: bool,
}

impl Ballast {
    /// Looks whether it is there. Fails if something else is.
    pub(super) fn find(folder: &Path) -> io::Result<Self> {
        let mut ballast = Ballast { folder: folder.to_owned(), bytes: 0, is_there: false, is_whole: false };
        ballast.bytes = ballast.file_system().map_or(0, |(total, _)| BYTES.min(total / PART / BLOCK * BLOCK));
        let found = ballast.look().map_err(|e| ballast.named(e))?;
        (ballast.is_there, ballast.is_whole) = (found.is_some(), found == Some(true));
        Ok(ballast)
    }

    /// Whether there is one, of whatever size.
    pub(super) fn is_there(&self) -> bool {
        self.is_there
    }

    /// How large the file system is, and how much of it is free to us. `None`: it does not say.
    pub(super) fn file_system(&self) -> Option<(u64, u64)> {
        let found = rustix::fs::statvfs(&self.folder).ok().filter(|found| found.f_blocks > 0)?;
        Some((found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize))
    }

    /// How much room is still to be taken.
    pub(super) fn owed(&self) -> u64 {
        if self.is_whole { 0 } else { self.bytes }
    }

    /// Takes the room. True if it was not there.
    pub(super) fn take(&mut self) -> io::Result<bool> {
        if self.owed() == 0 {
            return Ok(false);
        }
        self.look().map_err(|e| self.named(e))?;
        self.is_whole = self.make().map(|()| true).map_err(|e| {
            // Half of it is of no use to anybody.
            let _ = fs::remove_file(self.file());
            self.is_there = false;
            self.named(e)
        })?;
        self.is_there = true;
        Ok(true)
    }

    /// Gives the room up. True if there was any.
    pub(super) fn give_up(&mut self) -> bool {
        self.is_whole = false;
        std::mem::take(&mut self.is_there) && fs::remove_file(self.file()).is_ok()
    }

    fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Whether it has all its room; `None`: it is not there. Fails if it is something else.
    fn look(&self) -> io::Result<Option<bool>> {
        let mut file = match self.open(OpenOptions::new().read(true)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let found = file.metadata()?;
        let foreign = || io::Error::other("it is not the ballast of a store: move it away");
        if !found.is_file() {
            return Err(foreign());
        }
        let mut header = vec![0; HEADER.len().min(usize::try_from(found.len()).unwrap_or(usize::MAX))];
        file.read_exact(&mut header)?;
        // One that was being made when the power went.
        let is_blank = header.iter().all(|byte| *byte == 0);
        if !is_blank && !HEADER.starts_with(&header) {
            return Err(foreign());
        }
        Ok(Some(found.len() == self.bytes && found.blocks() * STAT_BLOCK >= self.bytes))
    }

    fn make(&self) -> io::Result<()> {
        let mut file = self.open(OpenOptions::new().write(true).create(true).truncate(true).mode(0o600))?;
        file.write_all(HEADER)?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, self.bytes) {
            // Noise: zeros may take no room.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                let mut noise = vec![0; 64 << 10];
                let mut left = self.bytes - HEADER.len() as u64;
                while left > 0 {
                    rand::rng().fill_bytes(&mut noise);
                    let some = noise.len().min(left as usize);
                    file.write_all(&noise[..some])?;
                    left -= some as u64;
                }
                Ok(())
            }
            made => Ok(made?),
        }
    }

    /// Neither through a link nor into a pipe.
    fn open(&self, options: &mut OpenOptions) -> io::Result<File> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed()).open(self.file())
    }

    fn named(&self, error: io::Error) -> io::Error {
        named(&self.file(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_another_size_is_given_up_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert!(!Ballast::find(folder.path()).unwrap().give_up());
        fs::write(&file, HEADER).unwrap();
        let mut ballast = Ballast::find(folder.path()).unwrap();
        assert!(ballast.is_there() && ballast.owed() > 0);
        assert!(ballast.give_up() && !file.exists());
        assert!(!ballast.give_up());
        assert!(ballast.take().unwrap() && ballast.owed() == 0);
        assert!(ballast.give_up() && ballast.owed() > 0);
    }
}
