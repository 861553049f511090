//! What a rendered scene must be: the same every time, in the right place, and bright and dark where real ones are.

use geo::Point;
use quaywatch_protocol::contract::{look::VesselClass, site::ZoneKind};

use super::{
    canvas::rectangle,
    draw,
    geo::{Grid, Ground},
    geotiff::{Raster, write_geotiff},
    imagine,
    math::{P, compass, p},
    sensor::Optics,
    ship::Hull,
    world::{Moment, Veil, World, Zone},
    yard::{Car, CarLook, Row},
};

const PLACE: Point<f64> = Point(geo::Coord { x: 133.08, y: 42.75 });

/// One straight quay along the north-east, its berth, apron and two tracks behind it.
fn harbour() -> World {
    let along = compass(41.0);
    let sea = compass(131.0);
    let zone = |id: &str, kind: ZoneKind, shape: Vec<P>| Zone {
        id: id.into(),
        kind,
        shape,
        along: Some(along),
    };
    World {
        zones: vec![
            zone("pier", ZoneKind::Berth, rectangle(sea * 20.0, along, 300.0, 40.0)),
            zone("apron", ZoneKind::Apron, rectangle(sea * -110.0, along, 280.0, 80.0)),
            zone(
                "yard",
                ZoneKind::RailTrack,
                vec![along * -300.0 - sea * 220.0, along * 300.0 - sea * 220.0],
            ),
            zone(
                "empty",
                ZoneKind::RailTrack,
                vec![along * -300.0 - sea * 240.0, along * 300.0 - sea * 240.0],
            ),
        ],
        pieces: Vec::new(),
        latitude_deg: 42.75,
        seed: 5,
    }
}

fn quiet_moment(seed: u64) -> Moment<'static> {
    Moment {
        hulls: Vec::new(),
        cars: Vec::new(),
        rows: Vec::new(),
        aircraft: Vec::new(),
        veil: Box::new(|_| Veil::default()),
        haze: 0.0,
        snow: 0.0,
        sun_azimuth_deg: 150.0,
        sun_elevation_deg: 40.0,
        day_of_year: 200,
        seed,
    }
}

fn hull(middle: P) -> Hull {
    let bow = compass(41.0);
    Hull {
        middle,
        bow,
        length_m: 120.0,
        beam_m: 20.0,
        class: VesselClass::Cargo,
        colour: [150, 70, 50],
        seed: 3,
        speed_mps: 0.0,
    }
}

fn busy_moment(seed: u64) -> Moment<'static> {
    let (along, sea) = (compass(41.0), compass(131.0));
    let mut moment = quiet_moment(seed);
    moment.hulls = vec![hull(sea * 11.5), hull(sea * 400.0 + along * 100.0)];
    moment.cars = (0..20)
        .map(|car| Car {
            middle: along * (-200.0 + 14.0 * f64::from(car)) - sea * 220.0,
            along,
            length_m: 14.0,
            look: CarLook::Open,
        })
        .collect();
    let shape = rectangle(sea * -110.0, along, 122.0, 12.2);
    moment.rows = vec![Row {
        shape,
        height_m: 5.2,
        colour: [168, 62, 38],
        seed: 9,
    }];
    moment
}

fn scene(world: &World, moment: &Moment<'_>, gsd_m: f64) -> Raster {
    let ground = Ground::around(PLACE).unwrap();
    let grid = Grid::covering([-600.0, -600.0, 600.0, 600.0], gsd_m);
    draw(
        &ground,
        world,
        moment,
        grid,
        Optics::of(if gsd_m < 5.0 { "PlanetScope" } else { "Sentinel-2" }, gsd_m),
    )
}

/// Mean reflectance of a band over the pixels whose middles lie in a rectangle.
fn mean(raster: &Raster, band: usize, shape: &[P]) -> f64 {
    let grid = &raster.grid;
    let mut values = Vec::new();
    for row in 0..grid.height {
        for column in 0..grid.width {
            if super::canvas::inside(shape, grid.middle_m(column, row)) {
                values.push(f64::from(raster.pixels[row * grid.width + column][band]) / 10_000.0);
            }
        }
    }
    assert!(!values.is_empty(), "no pixel in the shape");
    values.iter().sum::<f64>() / values.len() as f64
}

/// FNV-1a over all samples.
fn fingerprint(raster: &Raster) -> u64 {
    let bytes = raster.pixels.iter().flatten().flat_map(|value| value.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

mod the_same_truth_gives_the_same_bytes {
    use super::*;

    /// Changes with every change of the looks: look at the pictures, then write the new number here.
    const GOLDEN: u64 = 4_132_520_289_101_507_951;

    #[test]
    fn on_every_machine() {
        assert_eq!(
            fingerprint(&scene(&harbour(), &busy_moment(11), 10.0)),
            GOLDEN,
            "the looks have changed"
        );
    }

    #[test]
    fn and_another_seed_gives_other_bytes() {
        let (one, two) = (
            scene(&harbour(), &busy_moment(1), 10.0),
            scene(&harbour(), &busy_moment(2), 10.0),
        );
        assert_ne!(fingerprint(&one), fingerprint(&two));
    }

    #[test]
    fn an_imagined_harbour_too() {
        let world = imagine::place(4);
        let twice = [(); 2].map(|()| fingerprint(&scene(&world, &imagine::moment(&world, 8), 10.0)));
        assert_eq!(twice[0], twice[1]);
    }
}

mod pixels_agree_with_the_truth {
    use super::*;

    #[test]
    fn water_is_dark_in_the_near_infrared_and_land_is_not() {
        for gsd_m in [3.0, 10.0] {
            let raster = scene(&harbour(), &quiet_moment(3), gsd_m);
            let sea = compass(131.0);
            let water = mean(&raster, 3, &rectangle(sea * 250.0, sea, 300.0, 300.0));
            let land = mean(&raster, 3, &rectangle(sea * -330.0, sea, 150.0, 300.0));
            assert!(water < 0.06, "water {water}");
            assert!(land > 0.12, "land {land}");
        }
    }

    #[test]
    fn the_quay_line_is_where_the_berth_says() {
        let raster = scene(&harbour(), &quiet_moment(3), 3.0);
        let (along, sea) = (compass(41.0), compass(131.0));
        let strip = |off: f64| mean(&raster, 3, &rectangle(sea * off, along, 240.0, 6.0));
        // Half-way between water and quay within a pixel and a half of the line.
        let half = (strip(20.0) + strip(-20.0)) / 2.0;
        assert!(strip(5.0) < half, "{} {half}", strip(5.0));
        assert!(strip(-6.0) > half, "{} {half}", strip(-6.0));
    }

    #[test]
    fn a_ship_is_brighter_than_the_water_around_it_and_as_long_as_it_says() {
        let raster = scene(&harbour(), &busy_moment(3), 3.0);
        let (along, sea) = (compass(41.0), compass(131.0));
        let middle = sea * 400.0 + along * 100.0;
        let water = mean(&raster, 3, &rectangle(middle + along * 120.0, along, 60.0, 30.0));
        let ship = mean(&raster, 3, &rectangle(middle, along, 100.0, 14.0));
        assert!(ship > water + 0.05, "ship {ship}, water {water}");
        let beyond = mean(&raster, 3, &rectangle(middle + along * 72.0, along, 12.0, 14.0));
        assert!(beyond < water + 0.03, "beyond {beyond}, water {water}");
    }

    #[test]
    fn cars_and_containers_change_their_zones_and_nothing_else() {
        let (empty, busy) = (
            scene(&harbour(), &quiet_moment(3), 3.0),
            scene(&harbour(), &busy_moment(3), 3.0),
        );
        let (along, sea) = (compass(41.0), compass(131.0));
        let change = |shape: &[P]| {
            (0..4)
                .map(|band| (mean(&busy, band, shape) - mean(&empty, band, shape)).abs())
                .fold(0.0, f64::max)
        };
        assert!(change(&rectangle(along * -60.0 - sea * 220.0, along, 250.0, 3.0)) > 0.02);
        assert!(change(&rectangle(sea * -110.0, along, 110.0, 9.0)) > 0.03);
        assert!(change(&rectangle(along * 200.0 - sea * 240.0, along, 120.0, 3.0)) < 0.004);
        assert!(change(&rectangle(sea * -400.0, along, 200.0, 100.0)) < 0.002);
    }

    #[test]
    fn cloud_is_white_and_its_shadow_dark() {
        let mut moment = quiet_moment(3);
        let sea = compass(131.0);
        moment.veil = Box::new(move |at| {
            let near = |middle: P| f32::from(u8::from((at - middle).norm() < 150.0));
            Veil {
                cloud: near(sea * -350.0),
                shadow: near(sea * -350.0 + p(-300.0, -250.0)),
            }
        });
        let (cloudy, clear) = (
            scene(&harbour(), &moment, 10.0),
            scene(&harbour(), &quiet_moment(3), 10.0),
        );
        let under = rectangle(sea * -350.0, sea, 120.0, 120.0);
        let shaded = rectangle(sea * -350.0 + p(-300.0, -250.0), sea, 80.0, 80.0);
        assert!(mean(&cloudy, 0, &under) > 0.3);
        assert!(mean(&cloudy, 2, &shaded) < 0.6 * mean(&clear, 2, &shaded));
    }

    #[test]
    fn snow_whitens_the_ground_but_not_the_water() {
        let mut moment = quiet_moment(3);
        moment.day_of_year = 20;
        let bare = scene(&harbour(), &moment, 10.0);
        moment.snow = 0.9;
        let white = scene(&harbour(), &moment, 10.0);
        let sea = compass(131.0);
        let (land, water) = (
            rectangle(sea * -450.0, sea, 200.0, 300.0),
            rectangle(sea * 300.0, sea, 200.0, 200.0),
        );
        assert!(mean(&white, 0, &land) > 2.0 * mean(&bare, 0, &land));
        assert!((mean(&white, 3, &water) - mean(&bare, 3, &water)).abs() < 0.002);
    }

    #[test]
    fn reflectances_lie_where_real_harbours_have_them() {
        // Medians over eight real Sentinel-2 ports: water 0.024..0.080 blue, 0.004..0.040 near infrared; land 0.054..0.27
        // near infrared.
        let mut waters = Vec::new();
        for seed in 0..6 {
            let world = imagine::place(seed);
            let mut moment = quiet_moment(seed);
            moment.hulls = imagine::moment(&world, seed).hulls;
            let raster = scene(&world, &moment, 10.0);
            let share = |px: &[u16; 4]| (f64::from(px[1]) - f64::from(px[3])) / (f64::from(px[1]) + f64::from(px[3]));
            let median = |wet: bool, band: usize| {
                let mut values: Vec<u16> = raster
                    .pixels
                    .iter()
                    .filter(|px| (share(px) > 0.15) == wet)
                    .map(|px| px[band])
                    .collect();
                values.sort_unstable();
                values
                    .get(values.len() / 2)
                    .map_or(f64::NAN, |value| f64::from(*value) / 10_000.0)
            };
            let (blue, water, land) = (median(true, 0), median(true, 3), median(false, 3));
            assert!((0.02..0.09).contains(&blue), "seed {seed}: water in blue {blue}");
            assert!(
                (0.003..0.045).contains(&water),
                "seed {seed}: water in near infrared {water}"
            );
            assert!(
                (0.05..0.30).contains(&land),
                "seed {seed}: land in near infrared {land}"
            );
            waters.push(blue);
        }
        assert!(
            waters.iter().any(|blue| *blue < 0.05),
            "no clear water among {waters:?}"
        );
    }
}

mod the_file_says_where_it_is {
    use super::*;
    use tiff::{
        decoder::{Decoder, DecodingResult},
        tags::Tag,
    };

    #[test]
    fn and_holds_the_pixels() {
        let raster = scene(&harbour(), &busy_moment(3), 10.0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.tif");
        write_geotiff(&path, &raster).unwrap();
        let mut decoder = Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        let tie = decoder.get_tag_f64_vec(Tag::ModelTiepointTag).unwrap();
        let scale = decoder.get_tag_f64_vec(Tag::ModelPixelScaleTag).unwrap();
        let keys = decoder.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).unwrap();
        assert_eq!(keys.last(), Some(&32_653));
        // A point on the ground, through the file's own tags, lands on the pixel that was drawn for it.
        let ground = Ground::around(PLACE).unwrap();
        let at = ground.to_m(Point::new(PLACE.x() + 0.003, PLACE.y() - 0.002)).unwrap();
        let (east, north) = (at.x + ground.anchor_m.x, at.y + ground.anchor_m.y);
        let (column, row) = ((east - tie[3]) / scale[0], (tie[4] - north) / scale[1]);
        let expected = raster.grid.to_px(at);
        assert!((column - expected.0).abs() < 1e-6 && (row - expected.1).abs() < 1e-6);
        decoder = decoder.with_limits(tiff::decoder::Limits::unlimited());
        let (columns, rows) = decoder.dimensions().unwrap();
        assert_eq!(
            (columns as usize, rows as usize),
            (raster.grid.width, raster.grid.height)
        );
        let DecodingResult::U16(first) = decoder.read_chunk(0).unwrap() else {
            panic!("16-bit samples")
        };
        let width = raster.grid.width.min(256);
        for (row, line) in first.chunks(width * 4).enumerate().take(raster.grid.height.min(256)) {
            for (column, px) in line.chunks(4).enumerate() {
                assert_eq!(px, raster.pixels[row * raster.grid.width + column]);
            }
        }
    }
}
