//! PNG and JPEG scenes. These formats have no windows, so such a scene is held whole, within a limit, once per open file and only while it is open.
//!
//! A world file beside it (`.wld`, `.pgw`, `.jgw`, ...: six lines, A D B E C F, of the affine transform whose C, F name the centre of the first
//! pixel) gives a transform; a `.prj` file or a manifest the reference system, otherwise it is taken for longitude and latitude when its numbers
//! can be such, and is refused when they cannot.

use std::{
    fs::File,
    io::{BufReader, Seek as _},
    path::{Path, PathBuf},
};

use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

use super::{
    Affine, Crs, Georef, SceneError, SceneErrorKind, Window,
    jpeg_frame::read_frame,
    limits,
    raster::{RasterFile, RasterInfo},
    sidecar::read_text,
};

/// A decoded picture: 8 or 16 bit, grey or colour, with or without transparency.
pub(super) struct PictureFile {
    info: RasterInfo,
    image: DynamicImage,
}

impl PictureFile {
    pub(super) fn open(path: &Path, crs: Option<&Crs>) -> Result<Self, SceneError> {
        let damaged = |error: image::ImageError| {
            let kind = match &error {
                image::ImageError::Limits(_) => SceneErrorKind::Limit,
                image::ImageError::Unsupported(_) => SceneErrorKind::Unsupported,
                _ => SceneErrorKind::Damaged,
            };
            SceneError::new(
                path,
                kind,
                error.to_string(),
                "a whole PNG or JPEG of at most 32 million pixels",
            )
        };
        let open = || -> Result<_, SceneError> {
            let file = File::open(path).map_err(|error| SceneError::io(path, &error))?;
            ImageReader::new(BufReader::new(file))
                .with_guessed_format()
                .map_err(|error| SceneError::io(path, &error))
        };
        let first = open()?;
        if first.format() == Some(ImageFormat::Jpeg) {
            check_jpeg(path, first.into_inner().into_inner())?;
        }
        let mut header = open()?;
        header.limits(bounded(limits::PICTURE_EXTRA_BYTES));
        let header = header.into_decoder().map_err(damaged)?;
        let ((width, height), bytes) = (header.dimensions(), header.total_bytes());
        let refuse = |what: String| {
            let expected = format!(
                "at most {} pixels and {} MB: larger scenes as GeoTIFF",
                limits::PICTURE_PIXELS_MAX,
                limits::PICTURE_BYTES_MAX >> 20
            );
            Err(SceneError::new(path, SceneErrorKind::Limit, what, expected))
        };
        if u64::from(width) * u64::from(height) > limits::PICTURE_PIXELS_MAX {
            return refuse(format!("a picture of {width} x {height} pixels"));
        }
        if bytes > limits::PICTURE_BYTES_MAX {
            return refuse(format!("a picture of {} MB", bytes >> 20));
        }
        drop(header);
        // A profile or a text beside the picture unpacks within the same limit: what it may take goes by the picture's own size.
        let mut reader = open()?;
        reader.limits(bounded(bytes + limits::PICTURE_EXTRA_BYTES));
        let image = reader.decode().map_err(damaged)?;
        let colour = image.color();
        let samples = usize::from(colour.channel_count());
        let alpha = colour.has_alpha().then(|| samples - 1);
        Ok(Self {
            info: RasterInfo {
                width,
                height,
                samples,
                fits_u16: true,
                chunk: (width, height),
                piece: (width, 1),
                georef: world_file(path, crs)?,
                nodata: None,
                alpha,
                names: vec![None; samples],
                is_rgb: colour.has_color(),
                is_float: false,
                header_time: None,
            },
            image,
        })
    }
}

fn bounded(bytes: u64) -> Limits {
    let mut bounds = Limits::default();
    bounds.max_alloc = Some(bytes);
    bounds
}

/// Refuses a JPEG that would take too much memory: the decoder takes the file whole, and for a progressive picture its coefficients, too.
fn check_jpeg(path: &Path, mut file: File) -> Result<(), SceneError> {
    let io_error = |error: std::io::Error| SceneError::io(path, &error);
    let refuse = |what: String| {
        let expected = format!(
            "at most {} MB all together: save it as baseline JPEG, or as GeoTIFF",
            limits::PICTURE_BYTES_MAX >> 20
        );
        Err(SceneError::new(path, SceneErrorKind::Limit, what, expected))
    };
    let file_bytes = file.metadata().map_err(io_error)?.len();
    if file_bytes > limits::JPEG_FILE_BYTES_MAX {
        return refuse(format!("a JPEG file of {} MB", file_bytes >> 20));
    }
    file.rewind().map_err(io_error)?;
    let frame = read_frame(&mut BufReader::new(file))
        .map_err(|error| SceneError::new(path, SceneErrorKind::Damaged, error.to_string(), "a whole JPEG"))?;
    // Without a frame the decoder says what is missing.
    let bytes = frame.map_or(0, |frame| frame.decoding_bytes());
    if bytes + file_bytes > limits::PICTURE_BYTES_MAX {
        return refuse(format!("a JPEG that takes {} MB to decode", (bytes + file_bytes) >> 20));
    }
    Ok(())
}

impl RasterFile for PictureFile {
    fn info(&self) -> &RasterInfo {
        &self.info
    }

    fn read(&mut self, window: Window, planes: &[usize], out: &mut [Vec<f32>]) -> Result<(), SceneError> {
        fn copy<T: Copy + Into<f32>>(
            raw: &[T],
            width: u32,
            samples: usize,
            window: Window,
            plane: usize,
            out: &mut Vec<f32>,
        ) {
            out.clear();
            for y in window.y..window.bottom() {
                let row = y as usize * width as usize;
                let (from, to) = (
                    (row + window.x as usize) * samples,
                    (row + window.right() as usize) * samples,
                );
                let pixels = raw
                    .get(from..to)
                    .unwrap_or_default()
                    .iter()
                    .skip(plane)
                    .step_by(samples);
                out.extend(pixels.map(|value| (*value).into()));
            }
        }
        let (width, samples) = (self.info.width, self.info.samples);
        for (plane, out) in planes.iter().zip(out.iter_mut()) {
            match &self.image {
                DynamicImage::ImageLuma16(image) => copy(image.as_raw(), width, samples, window, *plane, out),
                DynamicImage::ImageLumaA16(image) => copy(image.as_raw(), width, samples, window, *plane, out),
                DynamicImage::ImageRgb16(image) => copy(image.as_raw(), width, samples, window, *plane, out),
                DynamicImage::ImageRgba16(image) => copy(image.as_raw(), width, samples, window, *plane, out),
                other => copy(other.as_bytes(), width, samples, window, *plane, out),
            }
        }
        Ok(())
    }
}

/// Names that a world file of `path` may have: `.wld`, the extension with a `w` appended, and its first and last letter with a `w`.
fn world_names(path: &Path) -> Vec<PathBuf> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_string();
    let mut names = vec![path.with_extension("wld"), path.with_extension(format!("{extension}w"))];
    if let (Some(first), Some(last)) = (extension.chars().next(), extension.chars().next_back()) {
        names.push(path.with_extension(format!("{first}{last}w")));
    }
    names
}

fn world_file(path: &Path, given: Option<&Crs>) -> Result<Option<Georef>, SceneError> {
    let Some(world) = world_names(path).into_iter().find(|name| name.is_file()) else {
        return Ok(None);
    };
    let bad = |what: String| {
        let expected = "six numbers, one a line: x per column, y per column, x per row, y per row, x and y of the first pixel's centre";
        SceneError::new(&world, SceneErrorKind::Georeference, what, expected)
    };
    let text = read_text(&world)?;
    let numbers = text
        .split_whitespace()
        .map(|word| word.parse::<f64>().map_err(|_| bad(format!("`{word}` is no number"))))
        .collect::<Result<Vec<_>, _>>()?;
    let [xx, yx, xy, yy, x, y] = numbers.as_slice() else {
        return Err(bad(format!("{} numbers", numbers.len())));
    };
    let corner = Affine {
        x0: *x,
        y0: *y,
        xx: *xx,
        xy: *xy,
        yx: *yx,
        yy: *yy,
    };
    let (x0, y0) = corner.apply(-0.5, -0.5);
    let transform = Affine { x0, y0, ..corner };
    if transform.invert(x0, y0).is_none() || !numbers.iter().all(|number| number.is_finite()) {
        return Err(bad("the transform squashes the scene to a line".to_owned()));
    }
    let crs = match given
        .cloned()
        .map_or_else(|| prj_code(&path.with_extension("prj")), |crs| Ok(Some(crs)))?
    {
        Some(crs) => crs,
        None if x.abs() <= 180.0 && y.abs() <= 90.0 => Crs::geographic(),
        None => {
            return Err(SceneError::new(
                &world,
                SceneErrorKind::Georeference,
                "no coordinate reference system is given",
                "a .prj file with an EPSG authority, or `crs = \"EPSG:32653\"` in the scene's sidecar",
            ));
        }
    };
    Ok(Some(Georef::Affine { transform, crs }))
}

/// The code in a `.prj` file: the last `AUTHORITY["EPSG","n"]` or `ID["EPSG",n]`, or a UTM zone by name.
fn prj_code(path: &Path) -> Result<Option<Crs>, SceneError> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = read_text(path)?;
    let code = text.rsplit_once("\"EPSG\",").and_then(|(_, rest)| {
        let digits: String = rest
            .chars()
            .skip_while(|c| *c == '"')
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse::<u32>().ok()
    });
    let zone = text
        .rsplit_once("UTM_Zone_")
        .or_else(|| text.rsplit_once("UTM zone "))
        .and_then(|(_, rest)| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let base = if rest.get(digits.len()..)?.starts_with('S') {
                32_700
            } else {
                32_600
            };
            Some(base + digits.parse::<u32>().ok().filter(|zone| (1..=60).contains(zone))?)
        });
    let code = code.or(zone).ok_or_else(|| {
        SceneError::new(
            path,
            SceneErrorKind::Georeference,
            "no EPSG code and no UTM zone",
            "a projection by EPSG code",
        )
    })?;
    Crs::from_epsg(code).map(Some).map_err(|what| {
        SceneError::new(
            path,
            SceneErrorKind::Georeference,
            what,
            "a projection that this reader knows",
        )
    })
}
