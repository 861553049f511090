//! `quaywatch-edge look` on sites, references and radio that are wrong in part: what is wrong is told, and the rest of the look goes out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use quaywatch_edge::scene::{Grid, OpenHints, Scene};
use serde_json::{Value, json};

/// Side of the scene, pixels of 3 m.
const SIDE: u32 = 300;

/// A scene of concrete with three bright rows on it, and a place for sites and references.
struct Bench {
    folder: tempfile::TempDir,
    grid: Grid,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scene.png");
        let picture = image::RgbImage::from_fn(SIDE, SIDE, |x, y| {
            let grain = ((x * 7 + y * 13) % 5) as u8;
            let is_row = (100..140).contains(&x) && [100, 101, 102, 110, 111, 112, 120, 121, 122].contains(&y);
            image::Rgb([if is_row { 150 } else { 60 } + grain, 62 + grain, 58 + grain])
        });
        picture.save(&path).unwrap();
        fs::write(path.with_extension("wld"), "3\n0\n0\n-3\n500000\n4740000\n").unwrap();
        fs::write(path.with_extension("prj"), r#"PROJCS["x",AUTHORITY["EPSG","32653"]]"#).unwrap();
        let grid = Scene::open(&path, &OpenHints::default()).unwrap().grid;
        Self { folder, grid }
    }

    fn lonlat(&self, [x, y]: [f64; 2]) -> Value {
        let (lon, lat) = self.grid.px_to_lonlat(x, y).unwrap();
        json!([lon, lat])
    }

    /// A zone with these corners, in pixels.
    fn area(&self, zone: &str, kind: &str, corners: &[[f64; 2]]) -> Value {
        let ring: Vec<Value> = (corners.iter().chain(corners.first()))
            .map(|corner| self.lonlat(*corner))
            .collect();
        json!({"type": "Feature", "properties": {"zone": zone, "kind": kind}, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    }

    fn square(&self, zone: &str, kind: &str, left: f64, top: f64, side: f64) -> Value {
        let (right, low) = (left + side, top + side);
        self.area(zone, kind, &[[left, top], [right, top], [right, low], [left, low]])
    }

    fn track(&self, track: &str, points: &[[f64; 2]]) -> Value {
        let line: Vec<Value> = points.iter().map(|point| self.lonlat(*point)).collect();
        json!({"type": "Feature", "properties": {"zone": "yard", "track": track, "kind": "rail_track"},
            "geometry": {"type": "LineString", "coordinates": line}})
    }

    fn site(&self, name: &str, features: &[Value]) -> PathBuf {
        let path = self.folder.path().join(format!("{name}.geojson"));
        let site = json!({"type": "FeatureCollection", "site": name, "name": name, "features": features});
        fs::write(&path, site.to_string()).unwrap();
        path
    }

    fn look(&self, sites: &[PathBuf], more: &[&str]) -> Told {
        let output = Command::new(env!("CARGO_BIN_EXE_quaywatch-edge"))
            .current_dir(self.folder.path())
            .args([
                "look",
                "scene.png",
                "--detector",
                "classical",
                "--at",
                "2024-05-13T01:30:00Z",
            ])
            .args(more)
            .arg("--site")
            .args(sites)
            .output()
            .unwrap();
        Told::new(&output)
    }
}

struct Told {
    code: Option<i32>,
    looks: Vec<Value>,
    log: String,
}

impl Told {
    fn new(output: &Output) -> Self {
        let looks = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Self {
            code: output.status.code(),
            looks,
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Zones of the one look.
    fn zones(&self) -> Vec<&str> {
        assert_eq!((self.code, self.looks.len()), (Some(0), 1), "{}", self.log);
        let zones = self.looks[0]["zones"].as_array().unwrap();
        zones.iter().map(|zone| zone["zone"].as_str().unwrap()).collect()
    }

    fn area_m2(&self) -> f64 {
        self.looks[0]["stacks"][0]["area_m2"].as_f64().unwrap()
    }
}

#[test]
fn zones_outside_the_scene_are_not_listed_and_half_of_one_is_half_visible() {
    let bench = Bench::new();
    let site = bench.site(
        "port",
        &[
            bench.square("apron", "apron", 80.0, 80.0, 80.0),
            bench.square("far", "apron", 2_000.0, 80.0, 80.0),
            bench.square("edge", "apron", 260.0, 80.0, 80.0),
        ],
    );
    let told = bench.look(&[site], &[]);
    assert_eq!(told.zones(), ["apron", "edge"]);
    let visible = told.looks[0]["zones"][1]["visible"].as_f64().unwrap();
    assert!((visible - 0.5).abs() < 0.03, "{visible}");
    // Three rows of forty by three pixels.
    assert!((told.area_m2() - 3.0 * 120.0 * 9.0).abs() < 500.0, "{}", told.area_m2());
}

#[test]
fn a_scene_that_shows_none_of_the_zones_is_told_and_gives_no_look() {
    let bench = Bench::new();
    let site = bench.site("port", &[bench.square("far", "apron", 9_000.0, 80.0, 80.0)]);
    let told = bench.look(&[site], &[]);
    assert_eq!((told.code, told.looks.len()), (Some(1), 0));
    assert!(told.log.contains("does not show the site `port`"), "{}", told.log);
}

#[test]
fn a_track_too_short_to_be_one_is_told_and_the_others_are_looked_at() {
    let bench = Bench::new();
    let site = bench.site(
        "port",
        &[
            bench.track("stub", &[[50.0, 50.0], [51.0, 50.0]]),
            bench.track("t1", &[[50.0, 60.0], [250.0, 60.0]]),
        ],
    );
    let told = bench.look(&[site], &[]);
    assert_eq!(told.zones(), ["yard"]);
    assert!(
        told.log.contains("yard/stub") && told.log.contains("at least 20 m"),
        "{}",
        told.log
    );
    let tracks = told.looks[0]["rail"].as_array().unwrap();
    assert_eq!(
        tracks.iter().map(|track| track["track"].as_str()).collect::<Vec<_>>(),
        [Some("t1")]
    );
}

#[test]
fn a_track_of_one_point_and_a_polygon_that_crosses_itself_are_named_before_any_work() {
    let bench = Bench::new();
    let crossing = [[50.0, 50.0], [90.0, 90.0], [90.0, 50.0], [50.0, 90.0]];
    let site = bench.site(
        "port",
        &[
            bench.track("t9", &[[50.0, 50.0]]),
            bench.area("bow-tie", "apron", &crossing),
        ],
    );
    let told = bench.look(std::slice::from_ref(&site), &[]);
    assert_eq!((told.code, told.looks.len()), (Some(2), 0));
    for word in ["port.geojson", "yard", "bow-tie"] {
        assert!(told.log.contains(word), "no `{word}` in {}", told.log);
    }
}

#[test]
fn zones_that_overlap_are_each_looked_at_for_themselves() {
    let bench = Bench::new();
    let one = bench.square("one", "apron", 80.0, 80.0, 80.0);
    let other = bench.square("other", "storage", 90.0, 90.0, 80.0);
    let alone = bench.look(&[bench.site("alone", std::slice::from_ref(&one))], &[]);
    let both = bench.look(&[bench.site("both", &[one, other])], &[]);
    assert_eq!(both.zones(), ["one", "other"]);
    assert!((alone.area_m2() - both.area_m2()).abs() < 1e-9);
}

#[test]
fn a_reference_from_another_resolution_or_a_damaged_one_is_told_and_the_look_goes_out() {
    let bench = Bench::new();
    let site = [bench.site("port", &[bench.square("apron", "apron", 80.0, 80.0, 80.0)])];
    let learn = ["--references", "references", "--learn"];
    let first = bench.look(&site, &learn);
    assert_eq!(first.zones(), ["apron"]);
    let folder = bench.folder.path().join("references/port");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&file).unwrap();

    // What is in it is of 10 m, whatever its name says; the pixel size stands behind magic, version, bands, looks and brightness.
    let mut other = good[..good.len() - 32].to_vec();
    other[16..24].copy_from_slice(&10.0_f64.to_le_bytes());
    let hash = <sha2::Sha256 as sha2::Digest>::digest(&other);
    other.extend(hash);
    fs::write(&file, &other).unwrap();
    let told = bench.look(&site, &learn);
    assert_eq!(told.zones(), ["apron"]);
    assert!(told.log.contains("another resolution"), "{}", told.log);
    assert_eq!(told.area_m2(), first.area_m2());

    let mut rotten = good;
    rotten[100] ^= 1;
    fs::write(&file, rotten).unwrap();
    let told = bench.look(&site, &learn);
    assert_eq!(told.zones(), ["apron"]);
    assert!(told.log.contains("set aside"), "{}", told.log);
}

#[test]
fn garbled_radio_is_counted_and_the_look_goes_out() {
    let bench = Bench::new();
    let site = [bench.site("port", &[bench.square("apron", "apron", 80.0, 80.0, 80.0)])];
    let mut radio = Vec::new();
    for index in 0..20_000_u32 {
        match index % 4 {
            0 => radio.extend(b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*58"),
            1 => radio.extend(b"!AIVDM,1,1,,A,144N8P5000aQ<B0HMSD1VQBt0000,0*59"),
            2 => radio.extend((0..90).map(|place| (index.wrapping_mul(2_654_435_761) >> (place % 24)) as u8 | 0x80)),
            // Impossible fragments, and not even the checksum is right.
            _ => radio.extend(b"!AIVDM,99,0,,,,*00"),
        }
        radio.push(b'\n');
    }
    fs::write(bench.folder.path().join("log.nmea"), radio).unwrap();
    let told = bench.look(&site, &["--ais", "log.nmea"]);
    assert_eq!(told.zones(), ["apron"]);
    assert!(
        told.log
            .contains("5000 AIS messages of 1 vessels; 10000 wrong checksums, 5000 malformed"),
        "{}",
        told.log
    );
}

#[test]
fn many_sites_are_looked_at_in_one_pass_and_one_that_is_not_shown_is_left_out() {
    let bench = Bench::new();
    let sites: Vec<PathBuf> = [("a", 80.0), ("b", 150.0), ("nowhere", 7_000.0)]
        .map(|(name, left)| bench.site(name, &[bench.square("apron", "apron", left, 80.0, 60.0)]))
        .into();
    let told = bench.look(&sites, &[]);
    assert_eq!(told.code, Some(0), "{}", told.log);
    let of: Vec<_> = told.looks.iter().map(|look| look["site"].as_str().unwrap()).collect();
    assert_eq!(of, ["a", "b"]);
    let alone = bench.look(&sites[..1], &[]);
    assert_eq!(alone.looks[0], told.looks[0]);
    let told = bench.look(&sites, &["--preview", "all.png"]);
    assert_eq!(told.code, Some(2));
    assert!(told.log.contains("expected one --site"), "{}", told.log);
}
