use super::*;
use crate::zones::paint::{CLOUD, CONCRETE, Canvas, Colour, GRASS, SNOW, noise};

fn share(cover: &[Cover], what: Cover) -> f64 {
    cover.iter().filter(|cover| **cover == what).count() as f64 / cover.len() as f64
}

/// A shore: grass in the north, water in the south, a concrete quay between, with houses.
fn shore() -> Canvas {
    let mut canvas = Canvas::new(900.0, 900.0, 3.0, GRASS);
    canvas.paint(|at, _| (at[1] < 400.0).then_some([0.05, 0.06, 0.04, 0.015]));
    canvas.paint(|at, _| (400.0..480.0).contains(&at[1]).then_some(CONCRETE));
    for house in 0..24 {
        let at = [
            40.0 + 37.0 * f64::from(house),
            540.0 + 12.0 * f64::from(house % 7) * 3.0,
        ];
        canvas.bar(at, 90.0, 24.0, 14.0, [0.33, 0.35, 0.36, 0.37]);
    }
    canvas
}

fn mix(a: Colour, b: Colour, share: f32) -> Colour {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out += (b - *out) * share;
    }
    out
}

/// A round cloud with a soft edge of 60 m.
fn cloud(canvas: &mut Canvas, middle: [f64; 2], radius_m: f64) {
    canvas.paint(|at, ground| {
        let away = (at[0] - middle[0]).hypot(at[1] - middle[1]);
        let opacity = (((radius_m - away) / 60.0) + 0.5).clamp(0.0, 1.0) as f32;
        (opacity > 0.0).then(|| mix(ground, CLOUD, opacity))
    });
}

#[test]
fn a_clear_harbour_is_clear_though_roofs_are_white() {
    let cover = cover(&shore().expose(1), None, &Known::default());
    assert!(share(&cover, Cover::Clear) > 0.99, "{}", share(&cover, Cover::Cloud));
}

#[test]
fn a_cloud_hides_land_and_water_alike() {
    let mut canvas = shore();
    cloud(&mut canvas, [450.0, 430.0], 200.0);
    let found = share(&cover(&canvas.expose(1), None, &Known::default()), Cover::Cloud);
    let truth = std::f64::consts::PI * 200.0 * 200.0 / (900.0 * 900.0);
    assert!((found - truth).abs() < 0.04, "{found} {truth}");
}

#[test]
fn snow_on_the_land_is_not_cloud() {
    let mut canvas = shore();
    canvas.paint(|at, ground| (at[1] > 400.0).then(|| mix(ground, SNOW, 0.85)));
    // Streets and trodden ground.
    for street in 0..16 {
        canvas.bar(
            [450.0, 430.0 + 30.0 * f64::from(street)],
            90.0,
            900.0,
            6.0,
            [0.3, 0.31, 0.31, 0.3],
        );
        canvas.bar(
            [28.0 + 56.0 * f64::from(street), 650.0],
            0.0,
            500.0,
            6.0,
            [0.3, 0.31, 0.31, 0.3],
        );
    }
    let cover = cover(&canvas.expose(1), None, &Known::default());
    assert!(share(&cover, Cover::Cloud) < 0.05, "{}", share(&cover, Cover::Cloud));
}

#[test]
fn thick_haze_over_everything_hides_everything() {
    let mut canvas = shore();
    canvas.paint(|at, ground| {
        let veil = [0.42, 0.40, 0.38, 0.36].map(|band| band + 0.001 * noise(at[0] as usize));
        Some(mix(ground, veil, 0.93))
    });
    let cover = cover(&canvas.expose(1), None, &Known::default());
    assert!(share(&cover, Cover::Clear) < 0.2, "{}", share(&cover, Cover::Clear));
}

#[test]
fn a_shadow_lies_where_the_sun_throws_it() {
    let mut canvas = shore();
    // A sun in the south at 45 degrees, a cloud at 300 m: the shadow lies 300 m north of it.
    canvas.paint(|at, ground| ((at[0] - 450.0).hypot(at[1] - 650.0) < 130.0).then(|| ground.map(|band| band * 0.45)));
    cloud(&mut canvas, [450.0, 350.0], 130.0);
    let sun = Sun {
        elevation_deg: 45.0,
        azimuth_deg: 180.0,
    };
    let found = share(&cover(&canvas.expose(1), Some(&sun), &Known::default()), Cover::Shadow);
    assert!((found - 0.065).abs() < 0.03, "{found}");
}

#[test]
fn land_in_the_shadow_of_a_cloud_that_nobody_sees_is_hidden() {
    let mut canvas = shore();
    canvas.paint(|at, ground| {
        let shade = [0.40, 0.33, 0.27, 0.20];
        (at[0] > 450.0).then(|| [0, 1, 2, 3].map(|band| ground[band] * shade[band]))
    });
    let patch = canvas.expose(1);
    let land: Vec<bool> = (0..patch.valid().len())
        .map(|index| (410.0..470.0).contains(&crate::zones::stacks::centre(&patch, index)[1]))
        .collect();
    let known = Known {
        land: land.clone(),
        sea: Vec::new(),
    };
    let cover = cover(&patch, None, &known);
    let hidden = |east: bool| {
        let of: Vec<&Cover> = (cover.iter().enumerate())
            .filter(|(index, _)| land[*index] && (crate::zones::stacks::centre(&patch, *index)[0] > 450.0) == east)
            .map(|(_, cover)| cover)
            .collect();
        of.iter().filter(|cover| ***cover == Cover::Shadow).count() as f64 / of.len() as f64
    };
    assert!(
        hidden(true) > 0.93 && hidden(false) < 0.07,
        "{} {}",
        hidden(true),
        hidden(false)
    );
}

#[test]
fn coal_and_tar_are_dark_and_not_shade() {
    for dark in [[0.030, 0.031, 0.033, 0.038], [0.040, 0.042, 0.044, 0.052]] {
        let patch = Canvas::new(300.0, 300.0, 3.0, dark).expose(1);
        let known = Known {
            land: vec![true; patch.valid().len()],
            sea: Vec::new(),
        };
        let cover = cover(&patch, None, &known);
        assert!(share(&cover, Cover::Shadow) < 0.02, "{}", share(&cover, Cover::Shadow));
    }
}

#[test]
fn water_that_mirrors_the_sun_is_glint_and_dark_water_is_clear() {
    let mut canvas = Canvas::new(600.0, 600.0, 3.0, [0.05, 0.06, 0.04, 0.015]);
    canvas.paint(|at, _| (at[0] > 300.0).then_some([0.20, 0.19, 0.185, 0.18]));
    let patch = canvas.expose(1);
    let known = Known {
        land: Vec::new(),
        sea: vec![true; patch.valid().len()],
    };
    let found = share(&cover(&patch, None, &known), Cover::Glint);
    assert!((found - 0.5).abs() < 0.12, "{found}");
}
