//! Zip archives whose bytes depend on their content alone: stored, no times (APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16).

/// The archive of `files`, in their order.
pub fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in files {
        let offset = length(bytes.len());
        let mut about = Vec::new();
        // Version needed, flags, method: stored; 00:00 on 1980-01-01.
        for field in [10_u16, 0, 0, 0, 0x21] {
            about.extend(field.to_le_bytes());
        }
        for field in [crc32(content), length(content.len()), length(content.len())] {
            about.extend(field.to_le_bytes());
        }
        about.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        about.extend(0_u16.to_le_bytes());

        bytes.extend(0x0403_4b50_u32.to_le_bytes());
        bytes.extend(&about);
        bytes.extend(name.as_bytes());
        bytes.extend(content);

        directory.extend(0x0201_4b50_u32.to_le_bytes());
        directory.extend(10_u16.to_le_bytes());
        directory.extend(&about);
        // Comment, disk, internal and external attributes: none.
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (entries, start) = (u16::try_from(files.len()).unwrap(), length(bytes.len()));
    bytes.extend(&directory);
    bytes.extend(0x0605_4b50_u32.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(entries.to_le_bytes());
    bytes.extend(entries.to_le_bytes());
    bytes.extend(length(directory.len()).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

/// CRC-32 of ISO 3309, bit by bit: the archives are small.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
