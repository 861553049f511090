//! Every limit of the scene reader, with its unit and its reason.

/// Pixels along one side of a scene: twice the widest product of today's sensors (a Sentinel-1 GRD has about 26,000 columns).
pub const SCENE_SIDE_PX_MAX: u32 = 65_536;
/// Pixels of a scene: 32,768 by 32,768, nine times a Sentinel-2 tile.
pub const SCENE_PIXELS_MAX: u64 = 1 << 30;
/// Samples per pixel of one file: hyperspectral cubes are another product.
pub const BANDS_PER_FILE_MAX: usize = 32;
/// Bytes of one decoded strip or tile. A 10,980-pixel row of four 16-bit bands is 88 kB, a 2,048-pixel tile of them 33 MB.
pub const CHUNK_BYTES_MAX: usize = 48 << 20;
/// Bytes of decoded chunks that one open file may keep, beside the one in use.
pub const CHUNK_CACHE_BYTES_MAX: usize = 8 << 20;
/// The same for a reader that goes from top to bottom: all planes of one place, and at least this for files of many small chunks.
pub const CHUNK_CACHE_LEAN_BYTES: usize = 1 << 20;
/// Bytes of one TIFF tag: the offsets of 500,000 chunks as 64-bit numbers.
pub const TAG_BYTES_MAX: usize = 4 << 20;
/// Entries of one TIFF directory: real ones have some tens.
pub const DIRECTORY_ENTRIES_MAX: u64 = 512;
/// Pixels of a PNG or JPEG scene: these formats cannot be read by window, so they are held whole (three bytes a pixel).
pub const PICTURE_PIXELS_MAX: u64 = 32_000_000;
/// Bytes that decoding one PNG or JPEG may take.
pub const PICTURE_BYTES_MAX: u64 = 160 << 20;
/// Bytes that decoding a picture may take beside its samples: rows at work, a colour profile.
pub const PICTURE_EXTRA_BYTES: u64 = 8 << 20;
/// Bytes of a JPEG file: the decoder takes it whole. 32 million pixels at the best quality have about 30 MB.
pub const JPEG_FILE_BYTES_MAX: u64 = 64 << 20;
/// Bytes of a manifest, sidecar or world file.
pub const SIDECAR_BYTES_MAX: u64 = 256 << 10;
/// Tie points of one scene: a Sentinel-1 GRD has 210.
pub const TIE_POINTS_MAX: usize = 10_000;
/// Samples that one `read` may return, all bands together: 256 MB as 32-bit floats.
pub const READ_SAMPLES_MAX: u64 = 64 << 20;
