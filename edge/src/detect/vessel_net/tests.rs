use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::{
    scene::Grid,
    tile::{Placement, SceneStats},
};

#[derive(Deserialize)]
struct Golden {
    tflite_sha256: String,
    input_sum: i64,
    tolerance_q: i32,
    samples: Vec<[i64; 5]>,
    vessels: Vec<Vessel>,
}

#[derive(Deserialize)]
struct Vessel {
    x: f64,
    y: f64,
    length_px: f64,
    score: f64,
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("model")
}

/// The tile that `edge/model/vessel/golden.py` describes, by integer arithmetic.
fn synthetic_tile(side: usize) -> Vec<u8> {
    const HULLS: [(i64, i64, i64, i64, i64); 5] = [
        (150, 120, 40, 6, 0),
        (171, 300, 7, 30, 1),
        (80, 400, 12, 4, 0),
        (330, 201, 5, 24, 1),
        (300, 440, 9, 9, 0),
    ];
    let mut tile = Vec::new();
    for y in 0..side as i64 {
        for x in 0..side as i64 {
            for c in 0..4_i64 {
                let mixed = (x as u64).wrapping_mul(73_856_093)
                    ^ (y as u64).wrapping_mul(19_349_663)
                    ^ (c as u64 + 1).wrapping_mul(83_492_791);
                let noise = ((mixed & 0xffff_ffff) >> 13 & 7) as i64;
                let is_land = !(x < 340 || y > 420);
                let mut value = if is_land {
                    [110, 118, 126, 132][c as usize] + 6 * noise
                } else {
                    [45, 42, 36, 14][c as usize] + noise
                };
                for (cx, cy, width, height, tone) in HULLS {
                    if (x - cx).abs() * 2 < width && (y - cy).abs() * 2 < height {
                        value = 150 + 30 * tone + 3 * noise;
                    }
                }
                tile.push(value as u8);
            }
        }
    }
    tile
}

#[test]
fn the_network_says_here_what_it_says_in_the_reference() {
    let file = ModelFile::find(Some(&folder())).unwrap();
    let golden: Golden = serde_json::from_slice(&std::fs::read(folder().join("golden/tile.json")).unwrap()).unwrap();
    assert_eq!(golden.tflite_sha256, file.sha256, "golden vectors are of another model");
    let mut net = VesselNet::new(&file).unwrap();
    let side = net.plan.tile_px;
    let tile = synthetic_tile(side);
    assert_eq!(
        tile.iter().map(|value| i64::from(*value)).sum::<i64>(),
        golden.input_sum
    );
    let input: Vec<i8> = tile.iter().map(|value| (i16::from(*value) - 128) as i8).collect();
    let (mut heat, mut geom) = (Vec::new(), Vec::new());
    net.network.run(&input, &mut heat, &mut geom).unwrap();
    let cells = side / 2;
    for [output, row, column, channel, q] in golden.samples {
        let map = if output as usize == file.sidecar.outputs.heat.index {
            &heat
        } else {
            &geom
        };
        let here = i32::from(map[(row as usize * cells + column as usize) * 4 + channel as usize]);
        assert!(
            (here - q as i32).abs() <= golden.tolerance_q,
            "output {output} at {row},{column},{channel}: {here}, expected {q}"
        );
    }
    let core = Core {
        x0: 0,
        x1: side,
        y0: 0,
        y1: side,
    };
    let found = net
        .plan
        .overlap
        .suppress(net.decoder.candidates(&heat, &geom, cells, core));
    for expected in &golden.vessels {
        let near = found
            .iter()
            .find(|found| (found.x - expected.x).hypot(found.y - expected.y) < 2.0);
        let near =
            near.unwrap_or_else(|| panic!("nothing at {},{} (score {})", expected.x, expected.y, expected.score));
        assert!((near.length_px / expected.length_px - 1.0).abs() < 0.15);
    }
}

#[derive(Deserialize)]
struct Normalise {
    shape: [usize; 2],
    raw: std::collections::BTreeMap<String, Vec<f32>>,
    low: std::collections::BTreeMap<String, f64>,
    span: std::collections::BTreeMap<String, f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    scene_gsd_m: f64,
    gsd_m: f64,
    shape: [usize; 3],
    input: Vec<f32>,
}

/// Statistics, resampling, normalisation and the missing band, through a real file, a block and a tile.
#[test]
fn a_scene_becomes_the_input_that_the_reference_makes_of_it() {
    use tiff::encoder::{TiffEncoder, colortype::Gray16};

    use crate::{
        scene::{OpenHints, Scene},
        tile::{
            brick::Room,
            lattice::{Cell, Lattice},
            native::Scratch,
            supply::Supply,
        },
    };
    let golden: Normalise =
        serde_json::from_slice(&std::fs::read(folder().join("golden/normalise.json")).unwrap()).unwrap();
    let file = ModelFile::find(Some(&folder())).unwrap();
    let mut net = VesselNet::new(&file).unwrap();
    let place = tempfile::tempdir().unwrap();
    let (rows, columns) = (golden.shape[0] as u32, golden.shape[1] as u32);
    for (name, values) in &golden.raw {
        let out = std::fs::File::create(place.path().join(format!("{name}.tif"))).unwrap();
        let values: Vec<u16> = values.iter().map(|value| *value as u16).collect();
        TiffEncoder::new(out)
            .unwrap()
            .write_image::<Gray16>(columns, rows, &values)
            .unwrap();
    }
    for case in &golden.cases {
        let scene = Scene::open(
            place.path(),
            &OpenHints {
                gsd_m: Some(case.scene_gsd_m),
                ..OpenHints::default()
            },
        )
        .unwrap();
        let bands = scene.bands.clone();
        let mut reader = scene.reader().unwrap();
        let stats = SceneStats::sample(&scene, &mut reader, &bands, net.plan.percentiles).unwrap();
        for (name, low) in &golden.low {
            let stats = stats.of(Band::parse(name).unwrap()).unwrap();
            assert!((f64::from(stats.low) - low).abs() < 0.02, "{name}: {} {low}", stats.low);
            assert!(
                (f64::from(stats.span) / golden.span[name] - 1.0).abs() < 1e-4,
                "{name}: {}",
                stats.span
            );
        }
        let lattice = Lattice::new(
            &scene.grid,
            Some(case.gsd_m),
            (case.scene_gsd_m, case.scene_gsd_m),
            net.plan.tile_px,
            32,
        );
        let cell = Cell { x: 0, y: 0 };
        let mut scratch = Scratch::default();
        let supply = Supply::new(&scene, &lattice, &bands, Room::new(1));
        supply
            .run(&mut reader, &[vec![cell]], |native| {
                assert!(native.start(&lattice, bands.len(), &mut scratch));
                for (index, band) in bands.iter().enumerate() {
                    native.cut(&lattice, index, stats.of(*band).unwrap().low, &mut scratch);
                }
                true
            })
            .unwrap();
        let side = net.plan.tile_px;
        net.prepare(&Tile {
            grid: &Grid::unreferenced(columns, rows, None),
            place: Placement {
                x0_px: 0.0,
                y0_px: 0.0,
                step_x_px: 1.0,
                step_y_px: 1.0,
            },
            width: side,
            height: side,
            bands: &bands,
            stats: &stats,
            planes: &scratch.planes,
            valid: &scratch.valid,
            core_x: (0.0, 1.0),
            core_y: (0.0, 1.0),
        });
        let [channels, height, width] = case.shape;
        assert_eq!(
            (lattice.x.size_out as usize, lattice.y.size_out as usize),
            (width, height)
        );
        for channel in 0..channels {
            for y in 0..height {
                for x in 0..width {
                    let expected = case.input[(channel * height + y) * width + x];
                    let q = net.input[(y * side + x) * 4 + channel];
                    let value = (i32::from(q) - net.zero_point) as f32 * net.scale;
                    let tolerance = net.scale * 0.5 + 2e-4;
                    assert!(
                        (value - expected).abs() <= tolerance,
                        "gsd {} channel {channel} at {x},{y}: {value}, expected {expected}",
                        case.scene_gsd_m
                    );
                }
            }
        }
        assert_eq!(
            i32::from(net.input[(height * side) * 4]),
            net.zero_point,
            "outside the scene the input is 0"
        );
    }
}
