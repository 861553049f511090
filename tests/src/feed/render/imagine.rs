//! Harbours that nobody scripted: random but plausible places and moments, for measuring a detector and for training one.

use quaywatch_protocol::contract::{look::VesselClass, site::ZoneKind};

use super::{
    canvas::rectangle,
    math::{Dice, P, compass, derive, fbm, p, smooth},
    ship::Hull,
    world::{Moment, Piece, PieceKind, Veil, World, Zone},
    yard::{Car, CarLook, Row},
};

/// Length and beam in metres, and how common, of classes at commercial berths.
const FLEET: [(VesselClass, [f64; 2], f64); 6] = [
    (VesselClass::Cargo, [70.0, 150.0], 0.30),
    (VesselClass::Container, [110.0, 330.0], 0.22),
    (VesselClass::Bulk, [120.0, 260.0], 0.20),
    (VesselClass::Tanker, [80.0, 240.0], 0.14),
    (VesselClass::Passenger, [60.0, 200.0], 0.06),
    (VesselClass::Service, [22.0, 60.0], 0.08),
];

/// An imagined place.
#[must_use]
pub fn place(seed: u64) -> World {
    let mut dice = Dice::new(seed, "imagined place");
    let along = compass(dice.range(0.0, 360.0));
    let sea = along.left();
    let mut world = World {
        zones: Vec::new(),
        pieces: Vec::new(),
        latitude_deg: dice.range(-40.0, 55.0),
        seed,
    };
    let mut zone = |id: String, kind: ZoneKind, shape: Vec<P>| {
        world.zones.push(Zone {
            id,
            kind,
            shape,
            along: kind.is_berth().then_some(along),
        });
    };
    let mut u = -dice.range(500.0, 1_100.0);
    let berths = dice.range(2.0, 5.0) as u32;
    for berth in 0..berths {
        let length = dice.range(160.0, 420.0);
        let set_back = if dice.chance(0.4) {
            dice.range(-120.0, 60.0)
        } else {
            0.0
        };
        let middle = along * (u + length / 2.0) + sea * (22.0 + set_back);
        zone(
            format!("berth-{berth}"),
            ZoneKind::Berth,
            rectangle(middle, along, length, 44.0),
        );
        if dice.chance(0.75) {
            let depth = dice.range(60.0, 170.0);
            let apron = middle - sea * (22.0 + 48.0 + depth / 2.0);
            zone(
                format!("apron-{berth}"),
                ZoneKind::Apron,
                rectangle(apron, along, length * 0.9, depth),
            );
        }
        u += length + dice.range(60.0, 260.0);
    }
    if dice.chance(0.6) {
        let length = dice.range(200.0, 420.0);
        let width = dice.range(28.0, 110.0);
        let out = along * (u + 80.0) + sea * (length / 2.0 + 10.0);
        for (side, name) in [(-1.0, "inner"), (1.0, "outer")] {
            let middle = out + along * (side * (width / 2.0 + 20.0));
            let shape = rectangle(middle, sea, length, 40.0);
            world.zones.push(Zone {
                id: format!("pier-{name}"),
                kind: ZoneKind::Berth,
                shape,
                along: Some(sea),
            });
        }
    }
    let oil = along * (-1_450.0 + dice.range(-100.0, 100.0)) + sea * dice.range(0.0, 60.0);
    let shape = rectangle(oil, along, dice.range(180.0, 280.0), 46.0);
    world.zones.push(Zone {
        id: "oil".into(),
        kind: ZoneKind::OilBerth,
        shape,
        along: Some(along),
    });
    for tank in 0..dice.range(4.0, 14.0) as u32 {
        let at = oil - sea * (190.0 + 62.0 * f64::from(tank / 4)) + along * (62.0 * f64::from(tank % 4) - 90.0);
        let shape = super::canvas::disc(at, dice.range(14.0, 24.0));
        world.pieces.push(Piece {
            kind: PieceKind::Tank,
            shape,
        });
    }
    let back = dice.range(330.0, 480.0);
    for track in 0..dice.range(2.0, 8.0) as u32 {
        let off = sea * -(back + 5.2 * f64::from(track));
        let shape = vec![
            along * -500.0 + off,
            along * 40.0 + off,
            along * 520.0 + off - sea * 25.0,
        ];
        world.zones.push(Zone {
            id: "yard".into(),
            kind: ZoneKind::RailTrack,
            shape,
            along: None,
        });
    }
    let shape = rectangle(sea * dice.range(900.0, 1_300.0), along, 1_200.0, 600.0);
    world.zones.push(Zone {
        id: "roads".into(),
        kind: ZoneKind::Anchorage,
        shape,
        along: None,
    });
    world
}

/// An imagined moment of a place.
#[must_use]
pub fn moment(world: &World, seed: u64) -> Moment<'static> {
    let mut dice = Dice::new(seed, "imagined moment");
    let day_of_year = dice.range(1.0, 365.0) as u32;
    let winter = super::materials::greenness(day_of_year, world.latitude_deg) < 0.1 && world.latitude_deg.abs() > 38.0;
    let cover = if dice.chance(0.5) {
        0.0
    } else {
        dice.range(0.02, 0.35) as f32
    };
    let field = derive(seed, "cloud");
    let sun_azimuth_deg = if world.latitude_deg > 0.0 {
        dice.range(130.0, 200.0)
    } else {
        dice.range(20.0, 80.0)
    };
    let sun_elevation_deg = dice.range(if winter { 18.0 } else { 35.0 }, if winter { 35.0 } else { 68.0 });
    let drop = compass(sun_azimuth_deg + 180.0) * (1_200.0 / (sun_elevation_deg / 45.0));
    let cloud = move |at: P| {
        let level = fbm(field, at.x as f32 / 1_700.0, at.y as f32 / 1_700.0, 5, 0.5);
        if cover > 0.0 {
            smooth(0.62 - cover * 1.3, 0.80 - cover * 1.3, level + 0.2)
        } else {
            0.0
        }
    };
    let mut moment = Moment {
        hulls: Vec::new(),
        cars: Vec::new(),
        rows: Vec::new(),
        aircraft: Vec::new(),
        veil: Box::new(move |at| Veil {
            cloud: cloud(at),
            shadow: cloud(at - drop),
        }),
        haze: if dice.chance(0.3) {
            dice.range(0.05, 0.35) as f32
        } else {
            0.0
        },
        snow: if winter && dice.chance(0.5) {
            dice.range(0.3, 1.0) as f32
        } else {
            0.0
        },
        sun_azimuth_deg,
        sun_elevation_deg,
        day_of_year,
        seed,
    };
    let quays = super::coast::quays(world);
    let coast = super::coast::Coast::of(world, &quays, derive(world.seed, "coast"));
    let wet = |at: P, reach: f64| (0..8).all(|k| coast.signed(at + compass(45.0 * f64::from(k)) * reach) < -12.0);
    for quay in &quays {
        let oil = world
            .zones
            .get(quay.zone)
            .is_some_and(|zone| zone.kind == ZoneKind::OilBerth);
        let (along, length) = ((quay.to - quay.from).unit(), (quay.to - quay.from).norm());
        let mut u = dice.range(0.0, 60.0);
        while u < length - 40.0 {
            let mut hull = hull(&mut dice, along, 0.0);
            if oil {
                hull.class = VesselClass::Tanker;
                hull.colour = [122, 66, 48];
            }
            if u + hull.length_m > length || !dice.chance(0.75) {
                u += 60.0;
                continue;
            }
            hull.middle =
                quay.from + along * (u + hull.length_m / 2.0) + quay.sea * (hull.beam_m / 2.0 + dice.range(1.0, 3.0));
            u += hull.length_m + dice.range(12.0, 40.0);
            moment.hulls.push(hull);
        }
    }
    for _ in 0..dice.range(3.0, 16.0) as u32 {
        let at = p(dice.range(-2_400.0, 2_400.0), dice.range(-2_400.0, 2_400.0));
        let moving = dice.chance(0.35);
        let speed = if moving { dice.range(2.0, 9.0) } else { 0.0 };
        let bow = compass(dice.range(0.0, 360.0));
        let mut hull = hull(&mut dice, bow, speed);
        if dice.chance(0.35) {
            hull.class = VesselClass::Boat;
            hull.length_m = dice.range(9.0, 28.0);
            hull.beam_m = hull.length_m / 3.4;
            hull.colour = [215, 215, 215];
        }
        hull.middle = at;
        let apart = moment
            .hulls
            .iter()
            .all(|other| (other.middle - at).norm() > 0.6 * (other.length_m + hull.length_m));
        if wet(at, hull.length_m * 0.6) && apart {
            moment.hulls.push(hull);
        }
    }
    ashore(world, &mut dice, &mut moment);
    moment
}

fn hull(dice: &mut Dice, axis: P, speed_mps: f64) -> Hull {
    let draw = dice.unit();
    let mut sum = 0.0;
    let (class, lengths, _) = FLEET
        .iter()
        .find(|(_, _, share)| {
            sum += share;
            draw < sum
        })
        .copied()
        .unwrap_or(FLEET[0]);
    let t = dice.unit();
    let length_m = lengths[0] + (lengths[1] - lengths[0]) * t * (0.4 + 0.6 * t);
    let slender = if class == VesselClass::Service {
        dice.range(3.2, 4.0)
    } else {
        dice.range(5.6, 7.2)
    };
    let colours: [[u8; 3]; 10] = [
        [132, 66, 46],
        [158, 62, 44],
        [150, 78, 50],
        [112, 74, 62],
        [66, 92, 72],
        [58, 72, 104],
        [110, 112, 114],
        [52, 50, 52],
        [136, 110, 92],
        [178, 172, 160],
    ];
    let colour = if class == VesselClass::Passenger {
        [222, 224, 226]
    } else {
        dice.pick(&colours).copied().unwrap_or([110; 3])
    };
    let bow = if dice.chance(0.5) { axis } else { axis * -1.0 };
    let seed = u64::from(dice.raw());
    Hull {
        middle: P::default(),
        bow,
        length_m,
        beam_m: length_m / slender,
        class,
        colour,
        seed,
        speed_mps,
    }
}

fn ashore(world: &World, dice: &mut Dice, moment: &mut Moment<'_>) {
    for zone in &world.zones {
        match zone.kind {
            ZoneKind::Apron => rows(zone, dice, &mut moment.rows),
            ZoneKind::RailTrack if dice.chance(0.6) => cars(zone, dice, &mut moment.cars),
            _ => {}
        }
    }
}

fn rows(zone: &Zone, dice: &mut Dice, rows: &mut Vec<Row>) {
    let [a, b, _, d] = zone.shape.as_slice() else { return };
    let (along, across) = ((*b - *a).unit(), (*d - *a).unit());
    let (length, depth) = ((*b - *a).norm(), (*d - *a).norm());
    let full = dice.range(0.1, 0.95);
    let mut v = 6.0;
    while v + 8.0 < depth {
        let width = 2.5 * dice.range(2.0, 6.0).floor();
        let mut u = 6.0;
        while u + 30.0 < length {
            let run = (12.4 * dice.range(2.0, 9.0).floor()).min(length - u - 4.0);
            if dice.chance(full) {
                let middle = *a + along * (u + run / 2.0) + across * (v + width / 2.0);
                let colours = [
                    [168, 62, 38],
                    [38, 70, 128],
                    [120, 122, 124],
                    [110, 70, 48],
                    [205, 205, 200],
                ];
                let colour = dice.pick(&colours).copied().unwrap_or([120; 3]);
                let shape = rectangle(middle, along, run, width);
                rows.push(Row {
                    shape,
                    height_m: 2.6 * dice.range(1.0, 4.0).floor(),
                    colour,
                    seed: u64::from(dice.raw()),
                });
            }
            u += run + dice.range(8.0, 20.0);
        }
        v += width + dice.range(9.0, 16.0);
    }
}

fn cars(zone: &Zone, dice: &mut Dice, cars: &mut Vec<Car>) {
    let looks = [CarLook::Tank, CarLook::Box, CarLook::Open];
    let look = dice.pick(&looks).copied().unwrap_or(CarLook::Open);
    let (Some(&from), Some(&to)) = (zone.shape.first(), zone.shape.get(1)) else {
        return;
    };
    let (along, length) = ((to - from).unit(), (to - from).norm());
    let mut u = dice.range(0.0, length * 0.6);
    for car in 0..dice.range(6.0, 40.0) as u32 {
        let look = if car == 0 && dice.chance(0.5) {
            CarLook::Locomotive
        } else {
            look
        };
        let length_m = if look == CarLook::Locomotive { 17.0 } else { 14.0 };
        if u + length_m > length {
            break;
        }
        cars.push(Car {
            middle: from + along * (u + length_m / 2.0),
            along,
            length_m,
            look,
        });
        u += length_m;
    }
}
