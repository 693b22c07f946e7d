//! Wants that no host can serve.

use wire::{
    Brought, Disposition, FileCall, LibraryCall, PIECE, RegistryCall, Served, ToHost, ToWorker, Want,
    WaveCall, WaveFormat,
};

use super::Liar;

impl Liar {
    /// Wants what cannot be; how much of it was done.
    pub fn wants_that_were_served(&mut self) -> u64 {
        let open = FileCall::Open {
            path: r"C:\lie".into(),
            read: true,
            write: true,
            disposition: Disposition::OpenAlways,
        };
        self.say(&ToHost::Wanted(Want::File(open).into()));
        let ToWorker::Served(Served::Opened { file, .. }) = self.hear() else { return 1000 };
        let brought = Brought { image: u32::MAX, file: u32::MAX, file_len: u32::MAX };
        let key = || "HKEY_CURRENT_USER".to_owned();
        let format =
            WaveFormat { floating: true, channels: 0, samples_per_sec: u32::MAX, bits_per_sample: 64 };
        let far = [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
        let mut wants = vec![
            Want::File(FileCall::Read { file: file + 1, at: 0, len: 1 }),
            Want::File(FileCall::Read { file: u32::MAX, at: u64::MAX, len: u32::MAX }),
            Want::File(FileCall::Write { file: u32::MAX, at: None, bytes: Vec::new() }),
            Want::File(FileCall::Close { file: u32::MAX }),
            Want::File(FileCall::Flush { file: u32::MAX }),
            Want::File(FileCall::Info { file: u32::MAX }),
            Want::File(FileCall::Look { path: "x".repeat(15_000) }),
            Want::File(FileCall::Look { path: String::new() }),
            Want::File(FileCall::Delete { path: "C:\\a\0b".into() }),
            Want::File(FileCall::Rename { from: String::new(), to: String::new(), replace: true }),
            Want::File(FileCall::List { path: r"Z:\".into(), from: u32::MAX }),
            Want::Registry(RegistryCall::Value { key: key(), index: u32::MAX }),
            Want::Registry(RegistryCall::Below { key: key(), index: u32::MAX }),
            Want::Registry(RegistryCall::Create { key: r"\".repeat(600) }),
            Want::Registry(RegistryCall::Set {
                key: key(),
                name: "x".into(),
                kind: 3,
                data: vec![0; PIECE + 1],
            }),
            Want::Library(LibraryCall::Bring { name: "../../etc/passwd".into() }),
            Want::Wave(WaveCall::Open { format }),
            Want::Wave(WaveCall::Write { stream: u32::MAX, bytes: vec![0; PIECE] }),
            Want::Wave(WaveCall::Close { stream: u32::MAX }),
        ];
        wants.extend(far.map(|at| Want::File(FileCall::Write { file, at: Some(at), bytes: vec![1; 16] })));
        wants.extend(far.map(|len| Want::File(FileCall::SetLength { file, len })));
        let mut wrong = 0;
        for (index, want) in (1..).zip(wants) {
            self.say(&ToHost::Wanted(want.into()));
            if !matches!(self.hear(), ToWorker::Served(Served::Failed(_))) {
                wrong = wrong * 100 + index;
            }
        }
        // Nothing was brought there, so nothing becomes free.
        self.say(&ToHost::Wanted(Want::Library(LibraryCall::Free { brought }).into()));
        self.hear();
        wrong
    }
}
