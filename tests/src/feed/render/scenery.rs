//! The order in which things are painted, and the simple bodies everything is made of.

use super::{
    canvas::{Op, Paint, Spectrum, swept},
    math::{P, compass, sin_deg},
};

/// Lowest sun for which shadows get longer, degrees: below, they would cross the whole harbour.
const SHADOW_SUN_MIN_DEG: f64 = 8.0;
/// Share of the direct light that a shadow takes away at its core; its soft edge comes from the sensor.
const SHADOW_DEPTH: f32 = 0.92;

/// Painted in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Quays, roads, track beds.
    Ground,
    /// Shadows of what stands on the ground.
    GroundShadow,
    /// Buildings, containers, cars.
    Standing,
    /// Ships with their shadows and wakes.
    Afloat,
    /// Shadows of cranes.
    TallShadow,
    /// Cranes.
    Tall,
}

const LAYERS: usize = 6;

/// Everything to paint in a scene, by layer.
#[derive(Clone, Debug)]
pub struct Layers {
    ops: [Vec<Op>; LAYERS],
    /// Where the shadow of a point one metre high falls.
    pub shadow_per_m: P,
}

impl Layers {
    /// Nothing yet, under a sun at this azimuth and elevation (degrees).
    #[must_use]
    pub fn under(sun_azimuth_deg: f64, sun_elevation_deg: f64) -> Self {
        let elevation = sun_elevation_deg.clamp(SHADOW_SUN_MIN_DEG, 89.0);
        let cotangent = sin_deg(elevation + 90.0) / sin_deg(elevation);
        Self {
            ops: Default::default(),
            shadow_per_m: compass(sun_azimuth_deg + 180.0) * cotangent,
        }
    }

    fn push(&mut self, layer: Layer, shape: Vec<P>, paint: Paint) {
        if let Some(ops) = self.ops.get_mut(layer as usize) {
            ops.push(Op { shape, paint });
        }
    }

    /// Covers a shape with a colour.
    pub fn cover(&mut self, layer: Layer, shape: Vec<P>, colour: Spectrum, grain: f32) {
        self.tint(layer, shape, colour, grain, 1.0);
    }

    /// Covers a shape in part.
    pub fn tint(&mut self, layer: Layer, shape: Vec<P>, colour: Spectrum, grain: f32, opacity: f32) {
        self.push(layer, shape, Paint::Cover { colour, grain, opacity });
    }

    /// The shadow of a convex body of this footprint and height.
    pub fn shadow(&mut self, layer: Layer, footprint: &[P], height_m: f64) {
        let below = match layer {
            Layer::Afloat => Layer::Afloat,
            Layer::Tall | Layer::TallShadow => Layer::TallShadow,
            _ => Layer::GroundShadow,
        };
        self.push(
            below,
            swept(footprint, self.shadow_per_m * height_m),
            Paint::Shadow(SHADOW_DEPTH),
        );
    }

    /// A thin thing high above the ground: its shadow lies apart from it.
    pub fn raised(&mut self, shape: Vec<P>, height_m: f64, colour: Spectrum) {
        let moved = shape.iter().map(|&at| at + self.shadow_per_m * height_m).collect();
        self.push(Layer::TallShadow, moved, Paint::Shadow(0.8));
        self.cover(Layer::Tall, shape, colour, 0.03);
    }

    /// A body with its shadow.
    pub fn solid(&mut self, shape: Vec<P>, height_m: f64, colour: Spectrum, grain: f32) {
        self.shadow(Layer::Standing, &shape, height_m);
        self.cover(Layer::Standing, shape, colour, grain);
    }

    /// Changes the colour of everything painted so far in a layer.
    pub fn recolour(&mut self, layer: Layer, change: impl Fn(Spectrum) -> Spectrum) {
        for op in self.ops.get_mut(layer as usize).into_iter().flatten() {
            if let Paint::Cover { colour, .. } = &mut op.paint {
                *colour = change(*colour);
            }
        }
    }

    /// All operations in the order of painting.
    pub fn in_order(&self) -> impl Iterator<Item = &Op> {
        self.ops.iter().flatten()
    }
}

/// A strip of this width along a line.
#[must_use]
pub fn strips(line: &[P], width_m: f64) -> Vec<Vec<P>> {
    line.iter()
        .zip(line.iter().skip(1))
        .filter(|(from, to)| (**to - **from).norm() > 1e-6)
        .map(|(&from, &to)| {
            let side = (to - from).unit().left() * (width_m / 2.0);
            vec![from - side, to - side, to + side, from + side]
        })
        .collect()
}
