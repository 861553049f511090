//! What sidecars, manifests, folders and world files say.

use std::fs;

use quaywatch_protocol::contract::{look::SensorKind, time::UnixMs};

use super::{SIZE, expected, fixture, open};
use crate::scene::{Band, OpenHints, Scene, SceneErrorKind};

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        fs::copy(fixture(source), folder.path().join(name)).unwrap();
    }
    folder
}

#[test]
fn a_folder_of_bands_is_one_scene() {
    let folder = folder_with(&[
        ("B08.tif", "tie_points_u16"),
        ("B03.TIF", "tie_points_u16"),
        ("note.txt", "tie_points_u16"),
    ]);
    let scene = open(folder.path());
    assert_eq!(scene.bands, [Band::Green, Band::Nir]);
    assert_eq!(scene.id, folder.path().file_name().unwrap().to_string_lossy());
    let pixels = scene.reader().unwrap().read(scene.grid.window(), &[Band::Nir]).unwrap();
    assert_eq!(pixels.at(Band::Nir, 9, 9), Some(expected(9, 9, 0, true)));
}

#[test]
fn an_rgb_file_stands_in_where_bands_are_missing() {
    let folder = folder_with(&[
        ("B02.tif", "tie_points_u16"),
        ("rgb.tif", "one_strip_none_u8"),
        ("B08.tif", "tie_points_u16"),
    ]);
    assert_eq!(
        open(folder.path()).bands,
        [Band::Blue, Band::Green, Band::Red, Band::Nir]
    );
}

#[test]
fn a_folder_without_bands_and_bands_of_two_sizes_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    let error = Scene::open(empty.path(), &OpenHints::default()).unwrap_err();
    assert_eq!(error.kind, SceneErrorKind::Bands);
    let folder = folder_with(&[("B03.tif", "tie_points_u16")]);
    let out = fs::File::create(folder.path().join("B04.tif")).unwrap();
    tiff::encoder::TiffEncoder::new(out)
        .unwrap()
        .write_image::<tiff::encoder::colortype::Gray16>(3, 2, &[1; 6])
        .unwrap();
    let error = Scene::open(folder.path(), &OpenHints::default()).unwrap_err();
    assert!(
        error.to_string().contains("3 x 2") && error.path.ends_with("B04.tif"),
        "{error}"
    );
}

#[test]
fn a_sidecar_names_scene_time_sensor_and_bands() {
    let folder = folder_with(&[("x.tif", "tiles_deflate_u16")]);
    let text = r#"{"scene":"harbour-1","acquired_at":"2024-03-13T01:30:00Z","sensor":{"name":"PlanetScope","kind":"optical","gsd_m":3.0},
        "bands":["red","-","blue","nir"],"weather":"fair"}"#;
    fs::write(folder.path().join("x.json"), text).unwrap();
    let scene = open(&folder.path().join("x.tif"));
    assert_eq!(
        (scene.id.as_str(), scene.sensor.name.as_str(), scene.sensor.kind),
        ("harbour-1", "PlanetScope", SensorKind::Optical)
    );
    assert_eq!(scene.acquired_at, UnixMs::parse("2024-03-13T01:30:00Z").ok());
    assert_eq!(scene.bands, [Band::Blue, Band::Red, Band::Nir]);
    let pixels = scene
        .reader()
        .unwrap()
        .read(scene.grid.window(), &[Band::Blue])
        .unwrap();
    assert_eq!(pixels.at(Band::Blue, 5, 5), Some(expected(5, 5, 2, true)));
}

#[test]
fn a_sidecar_that_is_wrong_says_where() {
    let folder = folder_with(&[("x.tif", "tiles_deflate_u16")]);
    for (text, said) in [
        ("{", "x.json"),
        (r#"{"acquired_at":"yesterday"}"#, "RFC 3339"),
        (r#"{"bands":["purple"]}"#, "purple"),
        (r#"{"bands":["red","green","blue","nir","vv"]}"#, "5 bands"),
        (r#"{"scene":"../up"}"#, "scene"),
        (r#"{"sensor":{"name":"x","kind":"optical","gsd_m":-3}}"#, "gsd_m"),
    ] {
        fs::write(folder.path().join("x.json"), text).unwrap();
        let error = Scene::open(&folder.path().join("x.tif"), &OpenHints::default()).unwrap_err();
        assert!(error.to_string().contains(said), "{text}: {error}");
    }
}

#[test]
fn a_manifest_joins_files_and_misspelt_keys_are_refused() {
    let folder = folder_with(&[("a.tif", "tie_points_u16"), ("b.tif", "one_strip_none_u8")]);
    let manifest = folder.path().join("scene.toml");
    let text = "scene = \"m-1\"\nacquired_at = \"2024-03-13T01:30:00Z\"\nnodata = 0\n[sensor]\nname = \"X\"\nkind = \"optical\"\n\
        [[files]]\npath = \"a.tif\"\nbands = [\"nir\"]\n[[files]]\npath = \"b.tif\"\n";
    fs::write(&manifest, text).unwrap();
    let scene = open(&manifest);
    assert_eq!((scene.id.as_str(), scene.bands.len()), ("m-1", 4));
    assert!(scene.sensor.gsd_m > 0.0 && scene.grid.is_referenced());
    for (bad, said) in [
        (text.replace("acquired_at", "aquired_at"), "aquired_at"),
        (text.replace("a.tif", "../a.tif"), "leaves"),
        (text.replace("[\"nir\"]", "[\"red\"]"), "twice"),
        (text.replace("b.tif", "c.tif"), "c.tif"),
    ] {
        fs::write(&manifest, bad).unwrap();
        let error = Scene::open(&manifest, &OpenHints::default()).unwrap_err();
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
}

#[test]
fn a_picture_reads_with_its_world_file_or_a_given_pixel_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("20240313_013000_harbour.png");
    image::RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        image::Rgb([0, 1, 2].map(|b| expected(x, y, b, false) as u8))
    })
    .save(&path)
    .unwrap();
    let plain = Scene::open(
        &path,
        &OpenHints {
            gsd_m: Some(5.0),
            ..OpenHints::default()
        },
    )
    .unwrap();
    assert!((plain.sensor.gsd_m - 5.0).abs() < 1e-9 && plain.warnings.len() == 1 && !plain.grid.is_referenced());
    assert_eq!(plain.acquired_at, UnixMs::parse("2024-03-13T01:30:00Z").ok());
    fs::write(path.with_extension("pgw"), "3\n0\n0\n-3\n500001.5\n4739998.5\n").unwrap();
    let error = Scene::open(&path, &OpenHints::default()).unwrap_err();
    assert!(error.to_string().contains("coordinate reference system"), "{error}");
    fs::write(path.with_extension("json"), r#"{"crs":"EPSG:32653"}"#).unwrap();
    let placed = open(&path);
    let utm = open(&fixture("strips_none_u16"));
    let (here, there) = (
        placed.grid.px_to_lonlat(7.0, 8.0).unwrap(),
        utm.grid.px_to_lonlat(7.0, 8.0).unwrap(),
    );
    assert!((here.0 - there.0).abs() < 1e-10 && (here.1 - there.1).abs() < 1e-10);
    let pixels = placed
        .reader()
        .unwrap()
        .read(placed.grid.window(), &[Band::Blue])
        .unwrap();
    assert_eq!(pixels.at(Band::Blue, 30, 20), Some(expected(30, 20, 2, false)));
}
