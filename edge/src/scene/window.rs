//! Rectangles of pixels, and the samples read from one.

use super::Band;

/// A rectangle of whole pixels of a scene; column `x` spans `x..x+1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Window {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Window {
    /// A window by its first pixel and size.
    #[must_use]
    pub const fn new(x: u32, y: u32, width: u32, height: u32) -> Self {
        Self { x, y, width, height }
    }

    /// One past the last column.
    #[must_use]
    pub const fn right(&self) -> u32 {
        self.x.saturating_add(self.width)
    }

    /// One past the last row.
    #[must_use]
    pub const fn bottom(&self) -> u32 {
        self.y.saturating_add(self.height)
    }

    /// Number of pixels.
    #[must_use]
    pub const fn pixels(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// True when there is no pixel in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// The part that both share, if any.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let (right, bottom) = (self.right().min(other.right()), self.bottom().min(other.bottom()));
        (right > x && bottom > y).then(|| Self::new(x, y, right - x, bottom - y))
    }

    /// True when `other` lies wholly inside.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.x >= self.x && other.y >= self.y && other.right() <= self.right() && other.bottom() <= self.bottom()
    }

    /// True when the point, in pixels, lies inside.
    #[must_use]
    pub fn contains_point(&self, px: f64, py: f64) -> bool {
        px >= f64::from(self.x)
            && px < f64::from(self.right())
            && py >= f64::from(self.y)
            && py < f64::from(self.bottom())
    }

    /// The window grown by `margin` pixels on each side, cut to a scene of `width` by `height` pixels.
    #[must_use]
    pub fn grown(&self, margin: u32, width: u32, height: u32) -> Self {
        let (x, y) = (self.x.saturating_sub(margin), self.y.saturating_sub(margin));
        let right = self.right().saturating_add(margin).min(width);
        let bottom = self.bottom().saturating_add(margin).min(height);
        Self::new(x, y, right.saturating_sub(x), bottom.saturating_sub(y))
    }
}

/// Samples of one window: one plane per band, row after row, and which pixels are data.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Pixels {
    /// Where they are from.
    pub window: Window,
    /// Which band each plane is.
    pub bands: Vec<Band>,
    /// One plane per band, `width * height` samples each, in the file's own units (digital numbers, reflectance, dB).
    pub planes: Vec<Vec<f32>>,
    /// True where the scene has data in at least one band (not nodata, not transparent, finite).
    pub valid: Vec<bool>,
}

impl Pixels {
    /// The plane of a band.
    #[must_use]
    pub fn plane(&self, band: Band) -> Option<&[f32]> {
        let position = self.bands.iter().position(|other| *other == band)?;
        self.planes.get(position).map(Vec::as_slice)
    }

    /// The sample of a band at a pixel of the *scene*; `None` outside the window, for a missing band, or without data.
    #[must_use]
    pub fn at(&self, band: Band, x: u32, y: u32) -> Option<f32> {
        let (column, row) = (x.checked_sub(self.window.x)?, y.checked_sub(self.window.y)?);
        if column >= self.window.width || row >= self.window.height {
            return None;
        }
        let index = row as usize * self.window.width as usize + column as usize;
        if !*self.valid.get(index)? {
            return None;
        }
        self.plane(band)?.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_only_touch_share_nothing() {
        let left = Window::new(0, 0, 4, 4);
        assert_eq!(left.intersect(&Window::new(4, 0, 2, 2)), None);
        assert_eq!(left.intersect(&Window::new(3, 3, 9, 9)), Some(Window::new(3, 3, 1, 1)));
    }

    #[test]
    fn growing_stops_at_the_edge_of_the_scene() {
        assert_eq!(Window::new(2, 2, 4, 4).grown(5, 10, 8), Window::new(0, 0, 10, 8));
    }
}
