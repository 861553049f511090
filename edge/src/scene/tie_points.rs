//! Tie points: a georeference given as a few hundred pixel/longitude/latitude triples, as Sentinel-1 ground range products do.
//!
//! A regular lattice (every row of points has the same columns) is interpolated bilinearly within its cells and extrapolated
//! beyond the outer ones; any other set of at least three points is fitted by an affine transform. The way back is Newton's method.

/// Steps of Newton's method: it converges in three to five on real lattices.
const NEWTON_STEPS_MAX: usize = 20;
/// Residual at which Newton's method stops, degrees (about 0.1 mm).
const NEWTON_TOLERANCE_DEG: f64 = 1e-9;

/// One tie point: a pixel position and where it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TiePoint {
    /// Column in pixels.
    pub px: f64,
    /// Row in pixels.
    pub py: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Latitude, degrees.
    pub lat: f64,
}

/// A georeference by tie points.
#[derive(Clone, Debug, PartialEq)]
pub struct TiePoints {
    model: Model,
}

#[derive(Clone, Debug, PartialEq)]
enum Model {
    Lattice {
        columns: Vec<f64>,
        rows: Vec<f64>,
        /// Longitude and latitude, row after row.
        places: Vec<(f64, f64)>,
    },
    /// `lon = a + b px + c py`, `lat = d + e px + f py`.
    Affine { lon: [f64; 3], lat: [f64; 3] },
}

impl TiePoints {
    /// Makes the model.
    ///
    /// # Errors
    /// What is wrong: too few points, points on one line, values that are no places.
    pub fn new(points: &[TiePoint]) -> Result<Self, String> {
        if points.len() < 3 {
            return Err(format!("{} tie points; at least 3 are needed", points.len()));
        }
        if let Some(bad) = points.iter().find(|point| {
            !(point.px.is_finite() && point.py.is_finite() && point.lon.abs() <= 360.0 && point.lat.abs() <= 90.0)
        }) {
            return Err(format!("tie point {bad:?} is no place on Earth"));
        }
        let model = match lattice(points) {
            Some(model) => model,
            None => affine(points)?,
        };
        Ok(Self { model })
    }

    /// Longitude and latitude of a pixel position.
    #[must_use]
    pub fn to_lonlat(&self, px: f64, py: f64) -> Option<(f64, f64)> {
        match &self.model {
            Model::Affine { lon, lat } => {
                Some((lon[0] + lon[1] * px + lon[2] * py, lat[0] + lat[1] * px + lat[2] * py))
            }
            Model::Lattice { columns, rows, places } => {
                let (i, s) = cell(columns, px)?;
                let (j, t) = cell(rows, py)?;
                let at = |row: usize, column: usize| places.get(row * columns.len() + column).copied();
                let (a, b) = (at(j, i)?, at(j, i + 1)?);
                let (c, d) = (at(j + 1, i)?, at(j + 1, i + 1)?);
                let mix =
                    |a: f64, b: f64, c: f64, d: f64| (a * (1.0 - s) + b * s) * (1.0 - t) + (c * (1.0 - s) + d * s) * t;
                Some((mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1)))
            }
        }
    }

    /// Pixel position of a longitude and latitude.
    #[must_use]
    pub fn from_lonlat(&self, lon: f64, lat: f64) -> Option<(f64, f64)> {
        let (mut px, mut py) = match &self.model {
            Model::Affine { .. } => (0.0, 0.0),
            Model::Lattice { columns, rows, .. } => (
                (columns.first()? + columns.last()?) / 2.0,
                (rows.first()? + rows.last()?) / 2.0,
            ),
        };
        for _ in 0..NEWTON_STEPS_MAX {
            let here = self.to_lonlat(px, py)?;
            let (residual_lon, residual_lat) = (lon - here.0, lat - here.1);
            if residual_lon.abs() < NEWTON_TOLERANCE_DEG && residual_lat.abs() < NEWTON_TOLERANCE_DEG {
                return Some((px, py));
            }
            let (right, below) = (self.to_lonlat(px + 1.0, py)?, self.to_lonlat(px, py + 1.0)?);
            let (a, b) = (right.0 - here.0, below.0 - here.0);
            let (c, d) = (right.1 - here.1, below.1 - here.1);
            let determinant = a * d - b * c;
            if determinant.abs() < f64::MIN_POSITIVE {
                return None;
            }
            px += (residual_lon * d - residual_lat * b) / determinant;
            py += (residual_lat * a - residual_lon * c) / determinant;
            if !(px.is_finite() && py.is_finite()) {
                return None;
            }
        }
        None
    }
}

/// The cell of a rising axis that holds `value` (the outer cells reach to infinity) and the position in it.
fn cell(axis: &[f64], value: f64) -> Option<(usize, f64)> {
    let upper = axis
        .partition_point(|edge| *edge <= value)
        .clamp(1, axis.len().checked_sub(1)?);
    let (from, to) = (*axis.get(upper - 1)?, *axis.get(upper)?);
    Some((upper - 1, (value - from) / (to - from)))
}

fn rising(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup_by(|a, b| (*a - *b).abs() < 1e-6);
    values
}

fn lattice(points: &[TiePoint]) -> Option<Model> {
    let columns = rising(points.iter().map(|point| point.px).collect());
    let rows = rising(points.iter().map(|point| point.py).collect());
    if columns.len() < 2 || rows.len() < 2 || columns.len().checked_mul(rows.len())? != points.len() {
        return None;
    }
    let find = |axis: &[f64], value: f64| axis.iter().position(|edge| (edge - value).abs() < 1e-6);
    let mut places = vec![None; points.len()];
    // Longitudes are unrolled around the first point, so that a lattice over the date line stays in one piece.
    let reference = points.first()?.lon;
    for point in points {
        let lon = point.lon - 360.0 * ((point.lon - reference) / 360.0).round();
        *places.get_mut(find(&rows, point.py)? * columns.len() + find(&columns, point.px)?)? = Some((lon, point.lat));
    }
    Some(Model::Lattice {
        places: places.into_iter().collect::<Option<Vec<_>>>()?,
        columns,
        rows,
    })
}

/// Least squares by the normal equations, centred for conditioning.
fn affine(points: &[TiePoint]) -> Result<Model, String> {
    let count = points.len() as f64;
    let mean = |value: fn(&TiePoint) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (mx, my, mlon, mlat) = (mean(|p| p.px), mean(|p| p.py), mean(|p| p.lon), mean(|p| p.lat));
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let (mut xl, mut yl, mut xb, mut yb) = (0.0, 0.0, 0.0, 0.0);
    for point in points {
        let (dx, dy) = (point.px - mx, point.py - my);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
        xl += dx * (point.lon - mlon);
        yl += dy * (point.lon - mlon);
        xb += dx * (point.lat - mlat);
        yb += dy * (point.lat - mlat);
    }
    let determinant = xx * yy - xy * xy;
    if determinant <= 1e-9 * xx.max(yy).powi(2) {
        return Err("the tie points lie on one line".to_owned());
    }
    let solve = |x: f64, y: f64, middle: f64| {
        let (along, down) = ((x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant);
        [middle - along * mx - down * my, along, down]
    };
    Ok(Model::Affine {
        lon: solve(xl, yl, mlon),
        lat: solve(xb, yb, mlat),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tilted(px: f64, py: f64) -> TiePoint {
        // A gently curved swath: not affine, as a real one.
        TiePoint {
            px,
            py,
            lon: 10.0 + px * 1.1e-4 + py * 2e-5 + px * py * 1e-10,
            lat: 50.0 - py * 9e-5 + px * 1.5e-5,
        }
    }

    #[test]
    fn a_lattice_goes_there_and_back() {
        let points: Vec<_> = (0..10)
            .flat_map(|row| (0..21).map(move |column| tilted(f64::from(column) * 1_300.0, f64::from(row) * 1_900.0)))
            .collect();
        let ties = TiePoints::new(&points).unwrap();
        for (px, py) in [(0.0, 0.0), (1_000.5, 700.25), (25_999.0, 17_000.0), (-50.0, 10.0)] {
            let (lon, lat) = ties.to_lonlat(px, py).unwrap();
            let truth = tilted(px, py);
            assert!(
                (lon - truth.lon).abs() < 1e-9 && (lat - truth.lat).abs() < 1e-9,
                "{px},{py}"
            );
            let (px_again, py_again) = ties.from_lonlat(lon, lat).unwrap();
            assert!(
                (px - px_again).abs() < 1e-3 && (py - py_again).abs() < 1e-3,
                "{px_again},{py_again}"
            );
        }
    }

    #[test]
    fn four_corners_are_a_lattice_and_three_points_a_plane() {
        let corners = [
            tilted(0.0, 0.0),
            tilted(100.0, 0.0),
            tilted(0.0, 100.0),
            tilted(100.0, 100.0),
        ];
        assert!(TiePoints::new(&corners).is_ok());
        let plane = TiePoints::new(&corners[..3]).unwrap();
        let (lon, _) = plane.to_lonlat(50.0, 50.0).unwrap();
        assert!((lon - tilted(50.0, 50.0).lon).abs() < 1e-5);
    }

    #[test]
    fn points_on_one_line_are_refused() {
        let line: Vec<_> = (0..5).map(|step| tilted(f64::from(step), f64::from(step))).collect();
        assert!(TiePoints::new(&line).unwrap_err().contains("one line"));
    }
}
