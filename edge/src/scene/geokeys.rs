//! Georeference of a GeoTIFF: from its tags to a [`Georef`].
//!
//! Sources: OGC GeoTIFF 1.1 (19-008r4). ModelPixelScale (33550) is three pixel sizes; ModelTiepoint (33922) six numbers a point (column, row,
//! depth, x, y, z); ModelTransformation (34264) a 4 by 4 matrix, row after row. The key directory (34735) is four numbers (version,
//! revision, minor, count), then four a key: id, where (0: the value itself; 34736: index in the doubles; 34737: in the text), count, value.

use super::{Affine, Crs, Georef, TiePoint, TiePoints, limits};

const KEY_MODEL_TYPE: u16 = 1024;
const KEY_RASTER_TYPE: u16 = 1025;
const KEY_GEOGRAPHIC: u16 = 2048;
const KEY_PROJECTED: u16 = 3072;
const KEY_PROJ_METHOD: u16 = 3075;
const KEY_PROJ_UNITS: u16 = 3076;
const RASTER_PIXEL_IS_POINT: u16 = 2;
const MODEL_PROJECTED: u16 = 1;
const MODEL_GEOGRAPHIC: u16 = 2;
const USER_DEFINED: u16 = 32_767;
const UNITS_METRE: u16 = 9001;
const METHOD_TRANSVERSE_MERCATOR: u16 = 1;
const METHOD_MERCATOR: u16 = 7;

/// The tags that matter, as the decoder gives them.
#[derive(Clone, Debug, Default)]
pub(super) struct GeoTags {
    pub scale: Vec<f64>,
    pub tie_points: Vec<f64>,
    pub transformation: Vec<f64>,
    pub directory: Vec<u16>,
    pub doubles: Vec<f64>,
    pub text: String,
}

impl GeoTags {
    fn key(&self, id: u16) -> Option<[u16; 3]> {
        self.directory
            .get(4..)?
            .chunks_exact(4)
            .find(|entry| entry.first() == Some(&id))
            .and_then(|entry| Some([*entry.get(1)?, *entry.get(2)?, *entry.get(3)?]))
    }

    fn short(&self, id: u16) -> Option<u16> {
        self.key(id).and_then(|[at, _, value]| (at == 0).then_some(value))
    }

    fn double(&self, id: u16) -> Option<f64> {
        let [at, _, index] = self.key(id)?;
        if at == 34_736 {
            self.doubles.get(usize::from(index)).copied()
        } else {
            None
        }
    }
}

/// The georeference that the tags describe; `None` when they describe none.
///
/// # Errors
/// What is wrong with the tags.
pub(super) fn georef(tags: &GeoTags) -> Result<Option<Georef>, String> {
    if tags.scale.is_empty() && tags.tie_points.is_empty() && tags.transformation.is_empty() {
        return Ok(None);
    }
    if let Some(bad) = [&tags.scale, &tags.tie_points, &tags.transformation]
        .into_iter()
        .flatten()
        .find(|value| !value.is_finite())
    {
        return Err(format!("the georeference holds {bad}"));
    }
    if tags.directory.is_empty() {
        // A position without a reference system is no position.
        return Ok(None);
    }
    // With PixelIsPoint, coordinates name pixel centres; here they name outer corners.
    let shift = if tags.short(KEY_RASTER_TYPE) == Some(RASTER_PIXEL_IS_POINT) {
        0.5
    } else {
        0.0
    };
    if tags.scale.is_empty() && tags.transformation.is_empty() && tags.tie_points.len() > 6 {
        return tie_points(tags, shift).map(Some);
    }
    let transform = transform(tags)?;
    let (x0, y0) = transform.apply(-shift, -shift);
    let transform = Affine { x0, y0, ..transform };
    if transform.invert(x0, y0).is_none() {
        return Err("the georeference squashes the scene to a line".to_owned());
    }
    Ok(Some(Georef::Affine {
        transform,
        crs: crs(tags)?,
    }))
}

fn transform(tags: &GeoTags) -> Result<Affine, String> {
    if let [xx, xy, _, x0, yx, yy, _, y0, ..] = tags.transformation.as_slice() {
        return Ok(Affine {
            x0: *x0,
            y0: *y0,
            xx: *xx,
            xy: *xy,
            yx: *yx,
            yy: *yy,
        });
    }
    let ([width, height, ..], [column, row, _, x, y, ..]) = (tags.scale.as_slice(), tags.tie_points.as_slice()) else {
        return Err("the georeference has a tie point without a pixel size, or the other way round".to_owned());
    };
    Ok(Affine::north_up(x - column * width, y + row * height, *width, *height))
}

fn tie_points(tags: &GeoTags, shift: f64) -> Result<Georef, String> {
    let count = tags.tie_points.len() / 6;
    if count > limits::TIE_POINTS_MAX {
        return Err(format!(
            "{count} tie points; at most {} are read",
            limits::TIE_POINTS_MAX
        ));
    }
    let crs = crs(tags)?;
    let points = tags
        .tie_points
        .chunks_exact(6)
        .filter_map(|entry| match entry {
            [px, py, _, x, y, _] => Some((px + shift, py + shift, *x, *y)),
            _ => None,
        })
        .map(|(px, py, x, y)| {
            let (lon, lat) = crs
                .to_lonlat(x, y)
                .ok_or_else(|| format!("tie point ({x}, {y}) is no place on Earth"))?;
            Ok(TiePoint { px, py, lon, lat })
        })
        .collect::<Result<Vec<_>, String>>()?;
    TiePoints::new(&points).map(Georef::TiePoints)
}

fn crs(tags: &GeoTags) -> Result<Crs, String> {
    let projected = tags
        .short(KEY_PROJECTED)
        .filter(|code| *code != USER_DEFINED && *code != 0);
    if let Some(code) = projected {
        return Crs::from_epsg(u32::from(code));
    }
    match tags.short(KEY_MODEL_TYPE) {
        Some(MODEL_GEOGRAPHIC) => match tags.short(KEY_GEOGRAPHIC) {
            Some(code) if code != USER_DEFINED => Crs::from_epsg(u32::from(code)),
            _ => Ok(Crs::geographic()),
        },
        Some(MODEL_PROJECTED) => user_defined(tags),
        _ if tags.key(KEY_GEOGRAPHIC).is_some() => Ok(Crs::geographic()),
        _ => Err("the georeference names no coordinate reference system".to_owned()),
    }
}

/// A projected system by its parameters: transverse Mercator and Mercator, in metres.
fn user_defined(tags: &GeoTags) -> Result<Crs, String> {
    if tags.short(KEY_PROJ_UNITS).is_some_and(|units| units != UNITS_METRE) {
        return Err("a user-defined projection in another unit than the metre is not read".to_owned());
    }
    if tags.text.contains("Pseudo") && tags.text.contains("Mercator") || tags.text.contains("Web_Mercator") {
        return Crs::from_epsg(3857);
    }
    let value = |id: u16| tags.double(id).unwrap_or(0.0);
    let scale = tags.double(3092).unwrap_or(1.0);
    // 3080 NatOriginLong, 3081 NatOriginLat, 3082 FalseEasting, 3083 FalseNorthing, 3092 ScaleAtNatOrigin
    let name = match tags.short(KEY_PROJ_METHOD) {
        Some(METHOD_TRANSVERSE_MERCATOR) => "tmerc",
        Some(METHOD_MERCATOR) => "merc",
        other => return Err(format!("user-defined projection method {other:?} is not read")),
    };
    let definition = format!(
        "+proj={name} +lat_0={} +lon_0={} +k={scale} +x_0={} +y_0={} +datum=WGS84 +units=m",
        value(3081),
        value(3080),
        value(3082),
        value(3083)
    );
    Crs::from_proj_string("user-defined", &definition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Grid;

    fn utm() -> GeoTags {
        GeoTags {
            scale: vec![5.0, 5.0, 0.0],
            tie_points: vec![0.0, 0.0, 0.0, 557_050.0, 4_176_460.0, 0.0],
            directory: vec![1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32610],
            ..GeoTags::default()
        }
    }

    fn corner(tags: &GeoTags) -> (f64, f64) {
        let georef = georef(tags).unwrap().unwrap();
        Grid {
            width: 10,
            height: 10,
            georef,
        }
        .px_to_lonlat(0.0, 0.0)
        .unwrap()
    }

    #[test]
    fn scale_and_tie_point_give_the_corner() {
        let (lon, lat) = corner(&utm());
        assert!(
            (lon + 122.352).abs() < 0.001 && (lat - 37.734).abs() < 0.002,
            "{lon} {lat}"
        );
    }

    #[test]
    fn pixel_is_point_moves_by_half_a_pixel() {
        let mut tags = utm();
        tags.directory[11] = 2;
        let Georef::Affine { transform, .. } = georef(&tags).unwrap().unwrap() else {
            unreachable!()
        };
        assert!((transform.x0 - 557_047.5).abs() < 1e-9 && (transform.y0 - 4_176_462.5).abs() < 1e-9);
    }

    #[test]
    fn a_matrix_says_the_same_as_scale_and_tie_point() {
        let mut tags = utm();
        let expected = corner(&tags);
        (tags.scale, tags.tie_points) = (vec![], vec![]);
        tags.transformation = vec![
            5.0,
            0.0,
            0.0,
            557_050.0,
            0.0,
            -5.0,
            0.0,
            4_176_460.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            0.0,
            1.0,
        ];
        assert_eq!(corner(&tags), expected);
    }

    #[test]
    fn a_georeference_that_is_nonsense_says_why() {
        let mut tags = utm();
        tags.scale = vec![0.0, 5.0, 0.0];
        assert!(georef(&tags).unwrap_err().contains("squashes"));
        tags.scale = vec![f64::NAN, 5.0, 0.0];
        assert!(georef(&tags).unwrap_err().contains("NaN"));
        tags = utm();
        tags.directory[15] = 2;
        assert!(georef(&tags).unwrap_err().contains("EPSG:2"));
    }

    #[test]
    fn no_tags_are_no_georeference() {
        assert_eq!(georef(&GeoTags::default()), Ok(None));
    }
}
