//! Every layout and compression gives the samples that were written, whatever the window.

use super::{SIZE, expected, fixture, open};
use crate::scene::{Band, Window};

/// Windows that lie within one tile, across tiles and strips, on the edges, and all of it.
const WINDOWS: [Window; 6] = [
    Window::new(0, 0, 37, 29),
    Window::new(3, 2, 5, 4),
    Window::new(10, 5, 20, 20),
    Window::new(36, 28, 1, 1),
    Window::new(0, 15, 37, 2),
    Window::new(16, 16, 16, 13),
];

/// Bands of the fixture's planes, in order.
fn check(name: &str, bands: &[Band], is_wide: bool) {
    let scene = open(&fixture(name));
    assert_eq!((scene.grid.width, scene.grid.height), SIZE, "{name}");
    let mut reader = scene.reader().unwrap();
    for window in WINDOWS {
        let pixels = reader
            .read(window, bands)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for y in window.y..window.bottom() {
            for x in window.x..window.right() {
                let index = ((y - window.y) * window.width + x - window.x) as usize;
                for (plane, _) in bands.iter().enumerate() {
                    let value = pixels.planes[plane][index];
                    assert_eq!(
                        value.to_bits(),
                        expected(x, y, plane as u32, is_wide).to_bits(),
                        "{name}: plane {plane} at {x},{y}"
                    );
                }
            }
        }
    }
}

const BGRN: [Band; 4] = [Band::Blue, Band::Green, Band::Red, Band::Nir];
const RGBN: [Band; 4] = [Band::Red, Band::Green, Band::Blue, Band::Nir];

#[test]
fn sixteen_bit_products_read_in_every_layout() {
    for name in [
        "strips_none_u16",
        "strips_lzw_predictor_u16",
        "tiles_deflate_u16",
        "tiles_zstd_u16",
        "tiles_none_planar_u16",
        "bigtiff_tiles_deflate_u16",
        "big_endian_tiles_deflate_u16",
    ] {
        check(name, &BGRN, true);
    }
}

#[test]
fn eight_bit_products_read_in_every_layout() {
    check("strips_packbits_u8", &BGRN, false);
    check("strips_deflate_planar_u8", &BGRN, false);
    check("one_strip_none_u8", &RGBN[..3], false);
}

#[test]
fn the_fourth_plane_of_an_rgb_product_is_near_infrared_and_is_not_lost() {
    check("rgb_and_nir_lzw_u16", &RGBN, true);
}

#[test]
fn a_fourth_plane_that_is_transparency_is_a_mask_and_no_band() {
    let scene = open(&fixture("rgb_and_alpha_deflate_u8"));
    assert_eq!(scene.bands, [Band::Blue, Band::Green, Band::Red]);
    check("rgb_and_alpha_deflate_u8", &RGBN[..3], false);
    let pixels = scene.reader().unwrap().read(scene.grid.window(), &[Band::Red]).unwrap();
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let is_opaque = expected(x, y, 3, false) > 0.0;
            let has_data = expected(x, y, 0, false) > 0.0;
            assert_eq!(
                pixels.valid[(y * SIZE.0 + x) as usize],
                is_opaque && has_data,
                "{x},{y}"
            );
        }
    }
}

#[test]
fn fractions_are_radar_backscatter() {
    check("tiles_deflate_f32_predictor", &[Band::Vv, Band::Vh], true);
    check("strips_none_f32", &[Band::Vv], true);
    check("big_endian_strips_f64", &[Band::Vv], true);
    assert!(open(&fixture("big_endian_strips_f64")).is_radar());
}

#[test]
fn a_jpeg_inside_comes_out_as_red_green_blue() {
    let scene = open(&fixture("tiles_jpeg_rgb"));
    let pixels = scene
        .reader()
        .unwrap()
        .read(scene.grid.window(), &[Band::Red, Band::Green, Band::Blue])
        .unwrap();
    for (x, y) in [(3, 3), (20, 5), (30, 25), (16, 16)] {
        let index = (y * SIZE.0 + x) as usize;
        for (plane, value) in [(0, 20 + 4 * x), (1, 30 + 5 * y), (2, 90)] {
            let found = pixels.planes[plane][index];
            assert!(
                (found - value as f32).abs() < 6.0,
                "plane {plane} at {x},{y}: {found}, expected {value}"
            );
        }
    }
}

#[test]
fn a_tile_that_a_sparse_file_left_out_is_no_data() {
    let scene = open(&fixture("sparse_tiles_deflate_u8"));
    let pixels = scene.reader().unwrap().read(scene.grid.window(), &scene.bands).unwrap();
    assert_eq!(pixels.at(scene.bands[0], 20, 20), None);
    assert_eq!(pixels.at(scene.bands[0], 15, 15), Some(expected(15, 15, 0, false)));
}

#[test]
fn tie_points_and_turned_grids_place_their_pixels() {
    let ties = open(&fixture("tie_points_u16")).grid;
    let (lon, lat) = ties.px_to_lonlat(10.0, 5.0).unwrap();
    assert!(
        (lon - 130.010).abs() < 1e-9 && (lat - 41.995).abs() < 1e-9,
        "{lon} {lat}"
    );
    let turned = open(&fixture("rotated_matrix_u8")).grid;
    let (lon, lat) = turned.px_to_lonlat(10.0, 20.0).unwrap();
    assert!(
        (lon - (133.0 + 1e-4 + 4e-4)).abs() < 1e-12 && (lat - (42.75 + 2e-4 - 2e-4)).abs() < 1e-12,
        "{lon} {lat}"
    );
    let (px, py) = turned.lonlat_to_px(lon, lat).unwrap();
    assert!((px - 10.0).abs() < 1e-6 && (py - 20.0).abs() < 1e-6);
}

#[test]
fn a_utm_scene_knows_its_pixel_size_and_a_window_outside_is_refused() {
    let scene = open(&fixture("strips_none_u16"));
    assert!((scene.sensor.gsd_m - 3.0).abs() < 0.01, "{}", scene.sensor.gsd_m);
    let error = scene
        .reader()
        .unwrap()
        .read(Window::new(30, 0, 8, 1), &[Band::Red])
        .unwrap_err();
    assert!(error.to_string().contains("inside 37 x 29"), "{error}");
    let error = scene
        .reader()
        .unwrap()
        .read(Window::new(0, 0, 1, 1), &[Band::Vv])
        .unwrap_err();
    assert!(error.to_string().contains("band vv"), "{error}");
}
