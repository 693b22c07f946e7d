//! Where a writer's bytes go: a file that can be gone back in, or a stream that cannot.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::path::Path;

use super::error::MediaError;
use super::staged::StagedFile;

/// An output that is written from start to end and never gone back in, such as a pipe.
///
/// What was written stays written: unlike a file, a stream is not taken back when decoding fails.
pub struct OutputStream {
    to: BufWriter<Box<dyn Write + Send>>,
    name: String,
}

impl OutputStream {
    /// A stream with a name for error messages.
    pub fn new(name: impl Into<String>, to: impl Write + Send + 'static) -> Self {
        Self { to: BufWriter::with_capacity(256 << 10, Box::new(to)), name: name.into() }
    }

    /// The process's standard output. It is written past the buffer of [`io::stdout`], which looks for line ends.
    ///
    /// # Errors
    /// [`MediaError::Io`] where the descriptor cannot be duplicated.
    pub fn standard_output() -> Result<Self, MediaError> {
        let output = io::stdout().as_fd().try_clone_to_owned();
        let output = output.map_err(|err| MediaError::io("using standard output", err))?;
        Ok(Self::new("standard output", File::from(output)))
    }

    fn failed(&self, err: io::Error) -> MediaError {
        MediaError::io(format!("writing {}", self.name), err)
    }
}

/// Where a writer's bytes go.
pub(super) enum Out {
    /// To a file, which takes its name when all is written.
    File(StagedFile),
    /// To a stream.
    Stream(OutputStream),
}

impl Out {
    /// A file that takes the name `path` at [`Out::finish`].
    pub fn create(path: &Path) -> Result<Self, MediaError> {
        StagedFile::create(path).map(Self::File)
    }

    /// Writes all of `bytes` at the current place.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stream(stream) => {
                let written = stream.to.write_all(bytes);
                written.map_err(|err| stream.failed(err))
            }
        }
    }

    /// Gives a file its name, and sees that the last byte has left for a stream.
    pub fn finish(self) -> Result<(), MediaError> {
        match self {
            Self::File(file) => file.finish(),
            Self::Stream(mut stream) => {
                let flushed = stream.to.flush();
                flushed.map_err(|err| stream.failed(err))
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A stream that can be looked at; full after so many bytes.
    #[derive(Clone)]
    pub struct Kept(Arc<Mutex<Vec<u8>>>, usize);

    impl Kept {
        pub fn new() -> Self {
            Self(Arc::default(), usize::MAX)
        }

        pub fn bytes(&self) -> Vec<u8> {
            self.0.lock().unwrap().clone()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut kept = self.0.lock().unwrap();
            let len = bytes.len().min(self.1 - kept.len());
            kept.extend(&bytes[..len]);
            if len == 0 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(len) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_has_left_when_it_is_finished() {
        let kept = Kept::new();
        let mut out = Out::Stream(OutputStream::new("test", kept.clone()));
        out.write(b"ab").unwrap();
        out.write(b"c").unwrap();
        assert_eq!(kept.bytes(), b"");
        out.finish().unwrap();
        assert_eq!(kept.bytes(), b"abc");
    }

    #[test]
    fn an_error_names_the_stream_and_keeps_the_systems_reason() {
        let kept = Kept(Arc::default(), 2);
        let mut out = Out::Stream(OutputStream::new("test", kept.clone()));
        out.write(b"abc").unwrap();
        let error = out.finish().unwrap_err();
        assert_eq!(error.to_string(), "writing test failed: broken pipe");
        assert!(matches!(error, MediaError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe));
        assert_eq!(kept.bytes(), b"ab");
    }
}
