//! SAFE folders as the agencies' products are laid out, cut down to what the library reads of them: images that libgdal writes, the descriptions by hand.
//! Only with the feature `gdal`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    SIZE,
    library::{BGRN, check, written_from},
    open,
};
use crate::scene::{Band, Georef, OpenHints, Scene};

const SENTINEL_2: &str = "S2A_MSIL2A_20250312T014651_N0511_R017_T53TMN_20250312T033000.SAFE";
const SENTINEL_1: &str = "S1A_IW_GRDH_1SDV_20250312T211537_20250312T211602_058270_073400_ABCD.SAFE";
const MEASUREMENT: &str = "measurement/s1a-iw-grd-";

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A Sentinel-2 product of one granule with its four bands of 10 m, at level `1C` or `2A`.
fn sentinel_2(folder: &Path, level: &str) -> PathBuf {
    let name = SENTINEL_2.replace("MSIL2A", &format!("MSIL{level}"));
    let product = folder.join(&name);
    let granule = format!("GRANULE/L{level}_T53TMN_A050000_20250312T014650");
    let (images, suffix) = match level {
        "2A" => (format!("{granule}/IMG_DATA/R10m"), "_10m"),
        _ => (format!("{granule}/IMG_DATA"), ""),
    };
    fs::create_dir_all(product.join(&images)).unwrap();
    let mut listed = String::new();
    for (plane, band) in (0..).zip(["B02", "B03", "B04", "B08"]) {
        let image = format!("T53TMN_20250312T014651_{band}{suffix}");
        let options = ["REVERSIBLE=YES", "QUALITY=100"];
        let (place, file) = (product.join(&images), format!("{image}.jp2"));
        written_from(&place, "JP2OpenJPEG", &file, plane..plane + 1, &options);
        listed += &format!("<IMAGE_FILE>{images}/{image}</IMAGE_FILE>");
    }
    put(
        &product.join("manifest.safe"),
        "<?xml version='1.0'?><xfdu:XFDU xmlns:xfdu='urn:ccsds:schema:xfdu:1'/>",
    );
    put(
        &product.join(format!("MTD_MSIL{level}.xml")),
        &format!(
            "<?xml version='1.0'?><n1:Level-{level}_User_Product xmlns:n1='https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-{level}.xsd'>
            <n1:General_Info><Product_Info><PRODUCT_URI>{name}</PRODUCT_URI><Query_Options completeSingleTile='true'><PRODUCT_FORMAT>SAFE_COMPACT</PRODUCT_FORMAT>
            <Band_List><BAND_NAME>B2</BAND_NAME><BAND_NAME>B3</BAND_NAME><BAND_NAME>B4</BAND_NAME><BAND_NAME>B8</BAND_NAME></Band_List></Query_Options>
            <Product_Organisation><Granule_List><Granule granuleIdentifier='T53TMN' imageFormat='JPEG2000'>{listed}</Granule></Granule_List>
            </Product_Organisation></Product_Info></n1:General_Info></n1:Level-{level}_User_Product>"
        ),
    );
    let (columns, rows) = SIZE;
    put(
        &product.join(granule).join("MTD_TL.xml"),
        &format!(
            "<?xml version='1.0'?><n1:Level-{level}_Tile_ID xmlns:n1='https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_Level-{level}_Tile_Metadata.xsd'>
            <n1:Geometric_Info><Tile_Geocoding><HORIZONTAL_CS_NAME>WGS84 / UTM zone 53N</HORIZONTAL_CS_NAME>
            <HORIZONTAL_CS_CODE>EPSG:32653</HORIZONTAL_CS_CODE><Size resolution='10'><NROWS>{rows}</NROWS><NCOLS>{columns}</NCOLS></Size>
            <Geoposition resolution='10'><ULX>500000</ULX><ULY>4700000</ULY><XDIM>10</XDIM><YDIM>-10</YDIM></Geoposition>
            </Tile_Geocoding></n1:Geometric_Info></n1:Level-{level}_Tile_ID>"
        ),
    );
    product
}

/// A Sentinel-1 ground-range product of two polarisations; the plane of the fixtures' samples is the place in `polarisations`.
fn sentinel_1(folder: &Path, polarisations: [&str; 2]) -> PathBuf {
    let product = folder.join(SENTINEL_1);
    fs::create_dir_all(product.join("measurement")).unwrap();
    let (columns, rows) = SIZE;
    let (mut units, mut notes, mut objects) = (String::new(), String::new(), String::new());
    for (plane, polarisation) in (0..).zip(polarisations) {
        let low = polarisation.to_lowercase();
        let measurement = format!("{MEASUREMENT}{low}.tiff");
        written_from(&product, "GTiff", &measurement, plane..plane + 1, &[]);
        let corners: String = [(0, 0), (columns, 0), (0, rows), (columns, rows)]
            .map(|(x, y)| {
                let (lon, lat) = (132.9 + f64::from(x) * 1.22e-4, 42.8 - f64::from(y) * 9e-5);
                format!(
                    "<geolocationGridPoint><line>{y}</line><pixel>{x}</pixel><latitude>{lat}</latitude><longitude>{lon}</longitude><height>0</height></geolocationGridPoint>"
                )
            })
            .concat();
        put(
            &product.join(format!("annotation/{low}.xml")),
            &format!(
                "<product><adsHeader><missionId>S1A</missionId><productType>GRD</productType><polarisation>{polarisation}</polarisation><mode>IW</mode>
                <swath>IW</swath></adsHeader><imageAnnotation><imageInformation><outputPixels>16 bit Unsigned Integer</outputPixels>
                <numberOfSamples>{columns}</numberOfSamples><numberOfLines>{rows}</numberOfLines></imageInformation></imageAnnotation>
                <geolocationGrid><geolocationGridPointList>{corners}</geolocationGridPointList></geolocationGrid></product>"
            ),
        );
        put(
            &product.join(format!("annotation/calibration/{low}.xml")),
            "<calibration/>",
        );
        units += &format!(
            "<xfdu:contentUnit unitType='Measurement Data Unit' dmdID='a{low} c{low}'><dataObjectPointer dataObjectID='m{low}'/></xfdu:contentUnit>"
        );
        for (kind, schema, file) in [
            ("m", "Measurement", measurement.as_str()),
            ("oa", "Product", &format!("annotation/{low}.xml")),
            ("oc", "Calibration", &format!("annotation/calibration/{low}.xml")),
        ] {
            objects += &format!(
                "<dataObject ID='{kind}{low}' repID='s1Level1{schema}Schema'><byteStream><fileLocation href='./{file}'/></byteStream></dataObject>"
            );
        }
        for kind in ["a", "c"] {
            notes += &format!(
                "<metadataObject ID='{kind}{low}'><dataObjectPointer dataObjectID='o{kind}{low}'/></metadataObject>"
            );
        }
    }
    put(
        &product.join("manifest.safe"),
        &format!(
            "<?xml version='1.0'?><xfdu:XFDU xmlns:xfdu='urn:ccsds:schema:xfdu:1' version='esa/safe/sentinel-1.0/sentinel-1/sar/level-1/grd/standard/iwdp'>
            <informationPackageMap><xfdu:contentUnit unitType='SAFE Archive Information Package'>{units}</xfdu:contentUnit></informationPackageMap>
            <metadataSection>{notes}</metadataSection><dataObjectSection>{objects}</dataObjectSection></xfdu:XFDU>"
        ),
    );
    product
}

#[test]
fn a_sentinel_2_product_of_either_level_gives_its_four_bands_of_ten_metres() {
    for level in ["1C", "2A"] {
        let folder = tempfile::tempdir().unwrap();
        let product = sentinel_2(folder.path(), level);
        check(&product, &BGRN);
        let scene = open(&product);
        assert_eq!(scene.bands, BGRN, "{level}");
        assert!(!scene.is_radar() && (scene.sensor.gsd_m - 10.0).abs() < 0.1);
        assert_eq!(scene.sensor.name, "Sentinel-2");
        let Georef::Affine { transform, .. } = &scene.grid.georef else {
            panic!("{level}: no transform: {:?}", scene.grid.georef);
        };
        assert!((transform.x0 - 500_000.0).abs() < 1e-6 && (transform.y0 - 4_700_000.0).abs() < 1e-6);
        assert!(
            scene
                .acquired_at
                .is_some_and(|at| at.to_string().starts_with("2025-03-12T01:46:51"))
        );
    }
}

#[test]
fn a_sentinel_1_product_gives_its_polarisations_by_name_whichever_comes_first() {
    for polarisations in [["VV", "VH"], ["VH", "VV"]] {
        let folder = tempfile::tempdir().unwrap();
        let product = sentinel_1(folder.path(), polarisations);
        let bands = polarisations.map(|name| Band::parse(name).unwrap());
        check(&product, &bands);
        let scene = open(&product);
        assert!(scene.is_radar());
        assert_eq!(scene.bands, [Band::Vv, Band::Vh]);
        assert!(
            matches!(scene.grid.georef, Georef::TiePoints(_)),
            "{:?}",
            scene.grid.georef
        );
        assert!((scene.sensor.gsd_m - 10.0).abs() < 0.3, "{}", scene.sensor.gsd_m);
    }
}

/// A product's driver opens the files that its description names with any driver at hand.
#[test]
fn a_measurement_that_reaches_for_another_file_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let product = sentinel_1(folder.path(), ["VV", "VH"]);
    let elsewhere = folder.path().join("elsewhere.tif");
    fs::rename(product.join(format!("{MEASUREMENT}vv.tiff")), &elsewhere).unwrap();
    let (columns, rows) = SIZE;
    let reach = format!(
        "<VRTDataset rasterXSize='{columns}' rasterYSize='{rows}'><VRTRasterBand dataType='UInt16' band='1'><SimpleSource><SourceFilename>{}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>",
        elsewhere.display()
    );
    fs::write(product.join(format!("{MEASUREMENT}vv.tiff")), reach).unwrap();
    // What is left is the polarisation whose file is one.
    assert_eq!(open(&product).bands, [Band::Vh]);
}

#[test]
fn a_product_without_its_images_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let product = sentinel_1(folder.path(), ["VV", "VH"]);
    fs::remove_dir_all(product.join("measurement")).unwrap();
    let error = Scene::open(&product, &OpenHints::default()).unwrap_err().to_string();
    assert!(error.contains("manifest.safe"), "{error}");

    let product = sentinel_2(folder.path(), "2A");
    fs::remove_dir_all(product.join("GRANULE")).unwrap();
    let error = Scene::open(&product, &OpenHints::default()).unwrap_err().to_string();
    assert!(error.contains("MTD_MSIL2A.xml"), "{error}");
}
