//! Files that libgdal writes come back through it: samples, places, and limits. Only with the feature `gdal`.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use gdal::{DriverManager, raster::Buffer, raster::RasterCreationOptions, spatial_ref::SpatialRef};

use super::{SIZE, expected, open};
use crate::scene::{Band, Georef, Window};

/// Writes `bands` planes of the fixtures' samples with one of the library's drivers.
fn written(folder: &Path, driver: &str, name: &str, bands: u32, options: &[&str]) -> PathBuf {
    written_from(folder, driver, name, 0..bands, options)
}

/// The same with planes of one's choice.
pub(super) fn written_from(folder: &Path, driver: &str, name: &str, bands: Range<u32>, options: &[&str]) -> PathBuf {
    // In a file: the reader leaves the library no driver that it does not need itself, and so none that holds pixels in memory.
    let tiff = DriverManager::get_driver_by_name("GTiff").unwrap();
    let (width, height) = (SIZE.0 as usize, SIZE.1 as usize);
    let draft = folder.join(format!("{name}.draft"));
    let mut source = tiff
        .create_with_band_type::<u16, _>(&draft, width, height, bands.len())
        .unwrap();
    source
        .set_geo_transform(&[500_000.0, 10.0, 0.0, 4_700_000.0, 0.0, -10.0])
        .unwrap();
    source.set_spatial_ref(&SpatialRef::from_epsg(32_653).unwrap()).unwrap();
    for (index, band) in bands.enumerate() {
        let samples = (0..SIZE.1)
            .flat_map(|y| (0..SIZE.0).map(move |x| expected(x, y, band, true) as u16))
            .collect();
        let mut buffer = Buffer::new((width, height), samples);
        let mut plane = source.rasterband(index + 1).unwrap();
        plane.write((0, 0), (width, height), &mut buffer).unwrap();
    }
    let path = folder.join(name);
    let options = RasterCreationOptions::from_iter(options.iter().copied());
    let driver = DriverManager::get_driver_by_name(driver).unwrap();
    drop(source.create_copy(&driver, &path, &options).unwrap());
    drop(source);
    std::fs::remove_file(draft).unwrap();
    path
}

pub(super) fn check(path: &Path, bands: &[Band]) {
    let scene = open(path);
    assert_eq!((scene.grid.width, scene.grid.height), SIZE);
    let window = Window::new(5, 3, 20, 11);
    let pixels = scene.reader().unwrap().read(window, bands).unwrap();
    for (index, plane) in pixels.planes.iter().enumerate() {
        for (at, sample) in plane.iter().enumerate() {
            let (x, y) = (window.x + at as u32 % window.width, window.y + at as u32 / window.width);
            assert_eq!(
                sample.to_bits(),
                expected(x, y, index as u32, true).to_bits(),
                "{x},{y}"
            );
        }
    }
}

pub(super) const BGRN: [Band; 4] = [Band::Blue, Band::Green, Band::Red, Band::Nir];

#[test]
fn jpeg_2000_comes_back_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["REVERSIBLE=YES", "QUALITY=100"];
    let path = written(folder.path(), "JP2OpenJPEG", "scene.jp2", 4, &options);
    check(&path, &BGRN);
    let scene = open(&path);
    let Georef::Affine { transform, .. } = &scene.grid.georef else {
        panic!("no transform: {:?}", scene.grid.georef);
    };
    assert!((transform.x0 - 500_000.0).abs() < 1e-6 && (transform.yy + 10.0).abs() < 1e-9);
    assert!((scene.sensor.gsd_m - 10.0).abs() < 0.1, "{}", scene.sensor.gsd_m);
}

#[test]
fn nitf_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    check(&written(folder.path(), "NITF", "scene.ntf", 4, &[]), &BGRN);
}

#[test]
fn hdf5_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "netCDF", "scene_B03.nc", 1, &["FORMAT=NC4"]);
    check(&path, &[Band::Green]);
}

#[test]
fn a_file_that_reaches_for_others_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.tif");
    let text = "<?xml version='1.0'?><VRTDataset rasterXSize='9' rasterYSize='9'><VRTRasterBand dataType='Byte' band='1'/></VRTDataset>";
    std::fs::write(&path, text).unwrap();
    assert!(crate::scene::Scene::open(&path, &crate::scene::OpenHints::default()).is_err());
}

#[test]
fn a_file_that_is_cut_off_is_an_error_and_no_crash() {
    let folder = tempfile::tempdir().unwrap();
    for (driver, name) in [
        ("JP2OpenJPEG", "scene.jp2"),
        ("NITF", "scene.ntf"),
        ("netCDF", "scene_B03.nc"),
    ] {
        let bands = if driver == "netCDF" { 1 } else { 4 };
        let path = written(folder.path(), driver, name, bands, &[]);
        let whole = std::fs::read(&path).unwrap();
        for keep in [16, 100, whole.len() / 3, whole.len() / 2] {
            std::fs::write(&path, &whole[..keep]).unwrap();
            let read = crate::scene::Scene::open(&path, &crate::scene::OpenHints::default())
                .and_then(|scene| scene.reader()?.read(scene.grid.window(), &scene.bands));
            // Some of these formats read what is missing as 0; none may do worse than that.
            if let Ok(pixels) = read {
                assert_eq!(pixels.valid.len(), (SIZE.0 * SIZE.1) as usize, "{name} cut at {keep}");
            }
        }
    }
}
