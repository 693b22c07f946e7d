//! C116 to C128: what an audio codec is sent.
//!
//! Not here: C127, because nothing adds a driver by its function.

use std::ops::ControlFlow;

use drvhost::acm::{Codec, Ends, Stream};
use drvhost::decode::{self, Decode};
use drvhost::{Block, DriverFile, Error, Hdrvr, Registry};
use drvhost_tests::*;
use mmsystem::*;

use super::*;

/// What `drivers/acm.c` keeps in `dwDriver` of its streams.
fn own_value(machine: Machine) -> u64 {
    pick(machine, 0x90AB_CDEF, 0x1234_5678_90AB_CDEF)
}

fn packed(machine: Machine) -> Layout {
    Layout { width: machine.width(), packing: Packing::Byte }
}

fn natural(machine: Machine) -> Layout {
    Layout { width: machine.width(), packing: Packing::Natural }
}

fn stream<'s>(rig: &'s Rig, text: &str) -> Result<Stream<'s>, Error> {
    Codec::open(&rig.session, &codec(rig.machine(), text), None)?.stream(&format(), None)
}

/// The streams that the codec was sent with a message.
fn streams(rig: &Rig, teller: Hdrvr, message: u32) -> Vec<ACMDRVSTREAMINSTANCE> {
    rig.seen(teller, message).iter().map(|seen| seen.first(packed(rig.machine()))).collect()
}

/// The headers that it was sent with a message.
fn headers(rig: &Rig, teller: Hdrvr, message: u32) -> Vec<ACMDRVSTREAMHEADER> {
    rig.seen(teller, message).iter().map(|seen| seen.second(rig.machine().width())).collect()
}

/// UTF-16 up to its NUL.
fn text(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    String::from_utf16(&units.take_while(|unit| *unit != 0).collect::<Vec<_>>()).expect("text")
}

spy_test!(c116_every_msacm_entry_is_a_driver, |machine| {
    let folder = Folder::new(machine);
    folder.write("in.wav", wave(TAG));
    let mut registry = Registry::new();
    registry.set("Drivers32", "vidc.none", &driver(machine, "vfw").display().to_string());
    registry.set("Drivers32", "msacm.none", &driver(machine, "spy").display().to_string());
    registry.set("Drivers32", "MsAcm.Own", &driver(machine, "acm").display().to_string());
    let rig = Rig::with(machine, |builder| builder.registry(registry));
    let what = Decode { input: folder.file("in.wav"), ..Decode::default() };
    let decoded = decode::run(&rig.session, &what, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(decoded.driver.as_deref(), Some("acm.dll"));
    assert_eq!(decoded.samples, Some(DATA.len() as u64));
    assert!(rig.calls().iter().all(|call| call.driver != "vfw.dll"));
});

spy_test!(c117_open_gets_section_and_alias, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let named = DriverFile { alias: Some("msacm.own".into()), ..codec(machine, "some text") };
    for (driver, alias) in [(&named, "msacm.own"), (&codec(machine, ""), "")] {
        Codec::open(&rig.session, driver, None).unwrap().close().unwrap();
        let seen = rig.seen(teller, DRV_OPEN).pop().unwrap();
        let desc: ACMDRVOPENDESCW = seen.second(packed(machine));
        assert_eq!((desc.cbStruct, FourCc::from(desc.fccType)), (pick(machine, 36, 44), FourCc(*b"audc")));
        assert_eq!((desc.fccComp, desc.dwFlags, desc.dwError, desc.dnDevNode), (0, 0, 0, 0));
        assert_eq!(desc.dwVersion, 0x0400_0565);
        assert_eq!(
            (text(&seen.at_first[..64]), text(&seen.at_first[64..])),
            ("Drivers32".into(), alias.into())
        );
        assert_eq!(desc.pszAliasName == 0, alias.is_empty());
    }
    assert_eq!(rig.watch(teller).entries()[3].text.as_deref(), Some("some text"));
});

spy_test!(c117_natural_description_is_as_large_as_its_padding_makes_it, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acmnatural", "");
    let driver = driver_file(driver(machine, "acmnatural"), "");
    Codec::open(&rig.session, &driver, Some(Packing::Natural)).unwrap().close().unwrap();
    let desc: ACMDRVOPENDESCW = rig.seen(teller, DRV_OPEN).pop().unwrap().second(natural(machine));
    assert_eq!(desc.cbStruct, pick(machine, 36, 48));
});

spy_test!(c118_driver_that_refuses_the_description_is_no_codec, |machine| {
    let rig = Rig::new(machine);
    let error = Codec::open(&rig.session, &driver_file(driver(machine, "vfw"), ""), None).unwrap_err();
    assert!(matches!(&error, Error::Refused { message, .. } if message == "DRV_OPEN"), "{error}");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN DISABLE FREE");
});

spy_test!(c119_query_opens_nothing_and_is_not_closed, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    stream(&rig, "query=512").unwrap_err();
    assert_eq!(streams(&rig, teller, ACMDM_STREAM_OPEN).len(), 1);
    assert!(rig.calls_with(ACMDM_STREAM_CLOSE).is_empty());
    rig.skip_so_far();
    stream(&rig, "").unwrap().close().unwrap();
    let expected = "OPEN ACMDM_FORMAT_SUGGEST ACMDM_STREAM_OPEN ACMDM_STREAM_OPEN ACMDM_STREAM_SIZE \
                    ACMDM_STREAM_PREPARE ACMDM_STREAM_UNPREPARE ACMDM_STREAM_CLOSE CLOSE";
    assert_eq!(rig.sequence(), expected);
    let opens = streams(&rig, teller, ACMDM_STREAM_OPEN);
    let flags: Vec<_> = opens.iter().map(|open| open.fdwOpen & ACM_STREAMOPENF_QUERY != 0).collect();
    assert_eq!(flags, [true, true, false]);
    assert!(opens.iter().all(|open| (open.has == 0) == (open.fdwOpen & ACM_STREAMOPENF_QUERY != 0)));
});

spy_test!(c119_refused_stream_is_not_closed_either, |machine| {
    let rig = Rig::new(machine);
    stream(&rig, "stream=7").unwrap_err();
    assert_eq!(rig.calls_with(ACMDM_STREAM_OPEN).len(), 2);
    assert!(rig.calls_with(ACMDM_STREAM_CLOSE).is_empty());
    assert_eq!(rig.calls_with(DRV_FREE).len(), 1);
});

spy_test!(c120_value_of_the_driver_is_in_all_later_messages, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let mut stream = stream(&rig, "").unwrap();
    let mut pcm = Vec::new();
    stream.convert(b"abc", Ends::Open, &mut pcm).unwrap();
    stream.convert(b"de", Ends::Last, &mut pcm).unwrap();
    stream.close().unwrap();
    let later = [
        (ACMDM_STREAM_SIZE, 1),
        (ACMDM_STREAM_PREPARE, 1),
        (ACMDM_STREAM_CONVERT, 2),
        (ACMDM_STREAM_UNPREPARE, 1),
        (ACMDM_STREAM_CLOSE, 1),
    ];
    for (message, count) in later {
        let values: Vec<_> = streams(&rig, teller, message).iter().map(|stream| stream.dwDriver).collect();
        assert_eq!(values, vec![own_value(machine); count], "{message:#x}");
    }
    let addresses: Vec<_> = rig.calls_with(ACMDM_STREAM_CONVERT).iter().map(|call| call.lparam1).collect();
    assert_eq!(addresses, vec![rig.call_with(ACMDM_STREAM_CLOSE).lparam1; 2]);
});

spy_test!(c121_only_prepared_headers_are_converted, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let error = stream(&rig, "prepare=7").unwrap_err();
    assert!(error.to_string().contains("ACMDM_STREAM_PREPARE"), "{error}");
    assert!(rig.calls_with(ACMDM_STREAM_CONVERT).is_empty());
    let mut stream = stream(&rig, "").unwrap();
    stream.convert(b"abc", Ends::Last, &mut Vec::new()).unwrap();
    stream.close().unwrap();
    let statuses: Vec<_> =
        headers(&rig, teller, ACMDM_STREAM_CONVERT).iter().map(|header| header.fdwStatus).collect();
    assert_eq!(statuses, [ACMSTREAMHEADER_STATUSF_PREPARED]);
});

spy_test!(c122_prepare_that_is_not_supported_counts_as_success, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let mut stream = stream(&rig, "prepare=8").unwrap();
    let mut pcm = Vec::new();
    stream.convert(DATA, Ends::Last, &mut pcm).unwrap();
    stream.close().unwrap();
    assert_eq!(pcm, samples());
    assert_eq!(headers(&rig, teller, ACMDM_STREAM_PREPARE)[0].fdwStatus, 0);
    assert_eq!(headers(&rig, teller, ACMDM_STREAM_CONVERT)[0].fdwStatus, 0x20000);
    // What the host did for it, the host undoes.
    assert!(rig.calls_with(ACMDM_STREAM_UNPREPARE).is_empty());
});

spy_test!(c123_converted_header_is_done, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let mut stream = stream(&rig, "").unwrap();
    for ends in [Ends::Open, Ends::Last] {
        stream.convert(b"abc", ends, &mut Vec::new()).unwrap();
    }
    stream.close().unwrap();
    let converts = headers(&rig, teller, ACMDM_STREAM_CONVERT);
    assert!(converts.iter().all(|header| header.fdwStatus == 0x20000), "{converts:?}");
    let done = headers(&rig, teller, ACMDM_STREAM_UNPREPARE).remove(0);
    assert_eq!(done.fdwStatus, 0x30000);
    assert_eq!((done.cbSrcLengthUsed, done.cbDstLengthUsed), (3, 6));
});

spy_test!(header_is_unprepared_as_it_was_prepared, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let mut converted = stream(&rig, "").unwrap();
    converted.convert(b"abc", Ends::Last, &mut Vec::new()).unwrap();
    converted.close().unwrap();
    stream(&rig, "").unwrap().close().unwrap();
    let lengths = |message| -> Vec<_> {
        let headers = headers(&rig, teller, message);
        headers.iter().map(|header| (header.cbSrcLength, header.cbDstLength)).collect()
    };
    assert_eq!(lengths(ACMDM_STREAM_UNPREPARE), lengths(ACMDM_STREAM_PREPARE));
    assert_eq!(headers(&rig, teller, ACMDM_STREAM_UNPREPARE)[1].fdwStatus, 0x20000);
});

spy_test!(c124_a_stream_that_begins_anew_is_sent_no_reset, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let mut stream = stream(&rig, "").unwrap();
    for ends in [Ends::Open, Ends::Alone, Ends::Alone, Ends::Open, Ends::Last] {
        stream.convert(b"abc", ends, &mut Vec::new()).unwrap();
    }
    stream.close().unwrap();
    assert!(rig.calls_with(ACMDM_STREAM_RESET).is_empty() && rig.seen(teller, ACMDM_STREAM_RESET).is_empty());
    // What begins anew is said by a flag of the conversion.
    let starts: Vec<_> = headers(&rig, teller, ACMDM_STREAM_CONVERT)
        .iter()
        .map(|header| header.fdwConvert & ACM_STREAMCONVERTF_START != 0)
        .collect();
    assert_eq!(starts, [true, true, true, false, false]);
});

spy_test!(c125_size_0_is_not_possible, |machine| {
    let rig = Rig::new(machine);
    let error = stream(&rig, "size=0").unwrap_err();
    let expected = "acm.dll refused ACMDM_STREAM_SIZE: it answered ACMERR_NOTPOSSIBLE (512)";
    assert_eq!(error.to_string(), expected);
    assert_eq!(rig.calls_with(ACMDM_STREAM_CLOSE).len(), 1);
    assert!(rig.calls_with(ACMDM_STREAM_PREPARE).is_empty());
});

spy_test!(c126_destination_has_the_size_that_the_driver_names, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    let stream = stream(&rig, "size=12345").unwrap();
    let asked: ACMDRVSTREAMSIZE = rig.seen(teller, ACMDM_STREAM_SIZE)[0].second(());
    assert_eq!((asked.cbStruct, asked.fdwSize, asked.cbDstLength), (16, ACM_STREAMSIZEF_SOURCE, 0));
    assert_eq!(asked.cbSrcLength as usize, stream.capacity());
    let header = headers(&rig, teller, ACMDM_STREAM_PREPARE).remove(0);
    assert_eq!((header.cbSrcLength, header.cbDstLength), (asked.cbSrcLength, 12345));
    assert_eq!((header.cbPreparedSrcLength, header.cbPreparedDstLength), (asked.cbSrcLength, 12345));
});

spy_test!(c128_packed_structures_have_no_padding, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acm", "");
    stream(&rig, "").unwrap().close().unwrap();
    let seen = rig.seen(teller, ACMDM_STREAM_OPEN).pop().unwrap();
    let stream: ACMDRVSTREAMINSTANCE = seen.first(packed(machine));
    assert_eq!((stream.cbStruct, dword(&seen.at_first, 4)), (pick(machine, 40, 68), stream.pwfxSrc as u32));
    let seen = rig.seen(teller, ACMDM_FORMAT_SUGGEST).pop().unwrap();
    let suggest: ACMDRVFORMATSUGGEST = seen.first(packed(machine));
    assert_eq!(
        (suggest.cbStruct, dword(&seen.at_first, pick(machine, 16, 20))),
        (pick(machine, 24, 32), suggest.pwfxDst as u32)
    );
    assert_eq!((suggest.cbwfxSrc, suggest.cbwfxDst), (18, 18));
    assert_eq!(suggest.fdwSuggest, ACM_FORMATSUGGESTF_WFORMATTAG);
});

spy_test!(c128_natural_structures_have_padding_in_64_bits, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("acmnatural", "");
    let driver = driver_file(driver(machine, "acmnatural"), "");
    let stream =
        Codec::open(&rig.session, &driver, Some(Packing::Natural)).unwrap().stream(&format(), None).unwrap();
    stream.close().unwrap();
    let seen = rig.seen(teller, ACMDM_STREAM_OPEN).pop().unwrap();
    let stream: ACMDRVSTREAMINSTANCE = seen.first(natural(machine));
    assert_eq!(
        (stream.cbStruct, dword(&seen.at_first, pick(machine, 4, 8))),
        (pick(machine, 40, 72), stream.pwfxSrc as u32)
    );
    let seen = rig.seen(teller, ACMDM_FORMAT_SUGGEST).pop().unwrap();
    let suggest: ACMDRVFORMATSUGGEST = seen.first(natural(machine));
    assert_eq!(
        (suggest.cbStruct, dword(&seen.at_first, pick(machine, 16, 24))),
        (pick(machine, 24, 40), suggest.pwfxDst as u32)
    );
});

fn dword(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// A stream of one of Wine's drivers from u-law to 16 bits, opened by hand: the instance, and lParam1 of the stream's messages with what
/// it points at.
fn mulaw_stream(rig: &Rig) -> (Hdrvr, Block, [Block; 2]) {
    let hdrvr = rig.session.open_driver("msacm.msg711", None, 0).unwrap();
    let arena = rig.session.arena(hdrvr).unwrap();
    let block = |format: WAVEFORMATEX| arena.block_with(&encoded(&format, ())).unwrap();
    let mono = WAVEFORMATEX { nChannels: 1, nSamplesPerSec: 8000, ..WAVEFORMATEX::default() };
    let source = WAVEFORMATEX {
        wFormatTag: WAVE_FORMAT_MULAW,
        nAvgBytesPerSec: 8000,
        nBlockAlign: 1,
        wBitsPerSample: 8,
        ..mono.clone()
    };
    let destination = WAVEFORMATEX {
        wFormatTag: WAVE_FORMAT_PCM,
        nAvgBytesPerSec: 16000,
        nBlockAlign: 2,
        wBitsPerSample: 16,
        ..mono
    };
    let formats = [block(source), block(destination)];
    let layout = natural(rig.machine());
    let stream = ACMDRVSTREAMINSTANCE {
        cbStruct: ACMDRVSTREAMINSTANCE::size(layout) as u32,
        pwfxSrc: formats[0].address(),
        pwfxDst: formats[1].address(),
        ..ACMDRVSTREAMINSTANCE::default()
    };
    let stream = arena.block_with(&encoded(&stream, layout)).unwrap();
    assert_eq!(rig.send(hdrvr, ACMDM_STREAM_OPEN, stream.lparam(), 0), 0);
    (hdrvr, stream, formats)
}

wine_test!(c126_real_driver_fills_in_the_other_length, |machine| {
    let rig = Rig::new(machine);
    let (hdrvr, stream, _formats) = mulaw_stream(&rig);
    let ask = |query, source, destination| {
        let size =
            ACMDRVSTREAMSIZE { cbStruct: 16, fdwSize: query, cbSrcLength: source, cbDstLength: destination };
        let block = rig.session.arena(hdrvr).unwrap().block_with(&encoded(&size, ())).unwrap();
        assert_eq!(rig.send(hdrvr, ACMDM_STREAM_SIZE, stream.lparam(), block.lparam()), 0);
        let size = ACMDRVSTREAMSIZE::decode((), &block.to_vec().unwrap()).unwrap();
        (size.cbSrcLength, size.cbDstLength)
    };
    assert_eq!(ask(ACM_STREAMSIZEF_SOURCE, 1000, 0), (1000, 2000));
    assert_eq!(ask(ACM_STREAMSIZEF_DESTINATION, 0, 1000), (500, 1000));
});
