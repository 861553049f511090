//! Points, lines and letters on a picture. The only file that names the drawing crate's primitives.

use std::convert::Infallible;

use embedded_graphics::{
    Drawable, Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{
        MonoFont, MonoTextStyle,
        ascii::{FONT_6X10, FONT_9X18_BOLD},
    },
    pixelcolor::{Rgb888, RgbColor},
    primitives::{Line, Primitive, PrimitiveStyle, Rectangle},
    text::{Baseline, Text},
};
use image::{Rgb, RgbImage};

/// What lies behind everything.
const GROUND: Rgb<u8> = Rgb([24, 26, 30]);
/// What lies behind letters on pixels.
const SHADE: Rgb888 = Rgb888::new(12, 12, 14);

/// A picture in the making.
pub(super) struct Canvas(RgbImage);

impl Canvas {
    pub(super) fn new(width: i32, height: i32) -> Self {
        Self(RgbImage::from_pixel(
            width.max(1).unsigned_abs(),
            height.max(1).unsigned_abs(),
            GROUND,
        ))
    }

    pub(super) fn finish(self) -> RgbImage {
        self.0
    }

    pub(super) fn point(&mut self, x: i32, y: i32, colour: Rgb888) {
        put(&mut self.0, x, y, colour);
    }

    pub(super) fn line(&mut self, from: (i32, i32), to: (i32, i32), colour: Rgb888, width: u32) {
        let line = Line::new(from.into(), to.into()).into_styled(PrimitiveStyle::with_stroke(colour, width));
        let Ok(()) = line.draw(self);
    }

    /// A square's outline.
    pub(super) fn frame(&mut self, x: i32, y: i32, side: i32, colour: Rgb888) {
        let size = Size::new_equal(side.max(1).unsigned_abs());
        let square = Rectangle::new(Point::new(x, y), size).into_styled(PrimitiveStyle::with_stroke(colour, 1));
        let Ok(()) = square.draw(self);
    }

    pub(super) fn small(&mut self, x: i32, y: i32, text: &str, colour: Rgb888) {
        self.letters(x, y, text, colour, &FONT_6X10);
    }

    pub(super) fn large(&mut self, x: i32, y: i32, text: &str, colour: Rgb888) {
        self.letters(x, y, text, colour, &FONT_9X18_BOLD);
    }

    /// Small letters that can be read on any pixels.
    pub(super) fn label(&mut self, x: i32, y: i32, text: &str, colour: Rgb888) {
        let size = Size::new(6 * text.len() as u32 + 2, 11);
        let shade = Rectangle::new(Point::new(x - 1, y - 1), size).into_styled(PrimitiveStyle::with_fill(SHADE));
        let Ok(()) = shade.draw(self);
        self.small(x, y, text, colour);
    }

    fn letters(&mut self, x: i32, y: i32, text: &str, colour: Rgb888, font: &MonoFont<'_>) {
        let text = Text::with_baseline(text, Point::new(x, y), MonoTextStyle::new(font, colour), Baseline::Top);
        let Ok(_) = text.draw(self);
    }
}

fn put(picture: &mut RgbImage, x: i32, y: i32, colour: Rgb888) {
    let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
    if let Some(pixel) = place.and_then(|(x, y)| picture.get_pixel_mut_checked(x, y)) {
        *pixel = Rgb([colour.r(), colour.g(), colour.b()]);
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            put(&mut self.0, at.x, at.y, colour);
        }
        Ok(())
    }
}
