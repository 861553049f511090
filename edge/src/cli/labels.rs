//! Labels of a scene: `reviewed.json` (oriented hulls), a COCO `labels.json` (boxes and masks), or a YOLO `<stem>.txt` (boxes: class, centre, width and
//! height as shares of the picture, one a line), or the truth that the simulated feed writes beside a rendered scene.

use std::{fs, path::Path};

use serde::Deserialize;

/// Bytes of a label file.
const LABEL_BYTES_MAX: u64 = 64 << 20;

/// What a label marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LabelKind {
    /// Clearly a vessel.
    Ship,
    /// A small vessel.
    Boat,
    /// Not sure: neither a hit nor a false alarm.
    Unsure,
}

/// Where a vessel lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// At a berth.
    Berth,
    /// In open water.
    Open,
}

/// One hull, in scene pixels.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Label {
    pub x: f64,
    pub y: f64,
    pub length_px: f64,
    pub beam_px: f64,
    /// 0 = +x, clockwise.
    pub angle_deg: f64,
    pub kind: LabelKind,
    /// Unknown in COCO files.
    #[serde(rename = "where", default)]
    pub place: Option<Place>,
}

#[derive(Deserialize)]
struct Coco {
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Annotation {
    bbox: [f64; 4],
    #[serde(default)]
    segmentation: Option<serde_json::Value>,
    #[serde(default)]
    iscrowd: u8,
}

/// The truth that the simulated feed writes beside a rendered scene.
#[derive(Deserialize)]
struct Drawn {
    vessels: Vec<DrawnVessel>,
}

#[derive(Deserialize)]
struct DrawnVessel {
    x: f64,
    y: f64,
    length_px: f64,
    beam_px: f64,
    angle_deg: f64,
    #[serde(rename = "where", default)]
    place: Option<Place>,
    /// Cloud over its middle, 0..1.
    #[serde(default)]
    cloud: f64,
}

/// Cloud from which nobody is blamed for not seeing a vessel.
const CLOUD_HIDES: f64 = 0.5;

fn from_truth(drawn: DrawnVessel) -> Label {
    Label {
        x: drawn.x,
        y: drawn.y,
        length_px: drawn.length_px,
        beam_px: drawn.beam_px,
        angle_deg: drawn.angle_deg,
        kind: if drawn.cloud >= CLOUD_HIDES {
            LabelKind::Unsure
        } else {
            LabelKind::Ship
        },
        place: drawn.place,
    }
}

/// Reads a label file of any form; `size` is that of the scene, in pixels.
pub(super) fn read(path: &Path, size: (u32, u32)) -> Result<Vec<Label>, String> {
    let bad = |what: String| format!("{}: {what}", path.display());
    let bytes = fs::metadata(path).map_err(|error| bad(error.to_string()))?.len();
    if bytes > LABEL_BYTES_MAX {
        return Err(bad(format!("{bytes} bytes; expected at most {LABEL_BYTES_MAX}")));
    }
    let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let labels: Vec<Label> = if path.extension().is_some_and(|extension| extension == "txt") {
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(number, line)| {
                from_yolo(line, size).ok_or_else(|| {
                    let number = number + 1;
                    bad(format!(
                        "line {number}: `{line}`; expected class, centre x, y, width, height as shares of the picture"
                    ))
                })
            })
            .collect::<Result<_, _>>()?
    } else {
        from_json(&text).map_err(bad)?
    };
    let is_sound = |label: &Label| {
        [label.x, label.y, label.length_px, label.beam_px, label.angle_deg]
            .iter()
            .all(|value| value.is_finite())
            && label.length_px > 0.0
    };
    match labels.iter().position(|label| !is_sound(label)) {
        Some(position) => Err(bad(format!("label {position} is no hull: {:?}", labels.get(position)))),
        None => Ok(labels),
    }
}

fn from_json(text: &str) -> Result<Vec<Label>, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if value.is_array() {
        return serde_json::from_value(value).map_err(|error| format!("{error}; expected a list of hulls"));
    }
    if value.get("vessels").is_some() {
        let drawn: Drawn =
            serde_json::from_value(value).map_err(|error| format!("{error}; expected a truth's vessels"))?;
        return Ok(drawn.vessels.into_iter().map(from_truth).collect());
    }
    let coco: Coco = serde_json::from_value(value).map_err(|error| format!("{error}; expected COCO annotations"))?;
    Ok(coco.annotations.iter().map(from_coco).collect())
}

/// A box says neither which of its sides is the hull's axis nor which diagonal: what lies askew is labelled too wide.
fn from_yolo(line: &str, (width, height): (u32, u32)) -> Option<Label> {
    let mut words = line.split_whitespace().skip(1).map(str::parse::<f64>);
    let mut share = || words.next()?.ok();
    let (x, y, across, down) = (share()?, share()?, share()?, share()?);
    let (across, down) = (across * f64::from(width), down * f64::from(height));
    Some(Label {
        x: x * f64::from(width),
        y: y * f64::from(height),
        length_px: across.max(down),
        beam_px: across.min(down),
        angle_deg: if across >= down { 0.0 } else { 90.0 },
        kind: LabelKind::Ship,
        place: None,
    })
}
/// A hull from a mask's second moments, or from the box where there is no mask.
fn from_coco(annotation: &Annotation) -> Label {
    let [left, top, width, height] = annotation.bbox;
    let kind = if annotation.iscrowd == 0 {
        LabelKind::Ship
    } else {
        LabelKind::Unsure
    };
    let by_box = Label {
        x: left + width / 2.0,
        y: top + height / 2.0,
        length_px: width.max(height),
        beam_px: width.min(height),
        angle_deg: if width >= height { 0.0 } else { 90.0 },
        kind,
        place: None,
    };
    let Some((points, count)) = annotation.segmentation.as_ref().and_then(moments) else {
        return by_box;
    };
    let (x, y, xx, xy, yy) = points;
    if count < 4.0 {
        return by_box;
    }
    let (middle, reach) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
    Label {
        x,
        y,
        length_px: (12.0 * (middle + reach)).sqrt(),
        beam_px: (12.0 * (middle - reach).max(1.0 / 12.0)).sqrt(),
        angle_deg: (0.5 * (2.0 * xy).atan2(xx - yy)).to_degrees().rem_euclid(180.0),
        ..by_box
    }
}

/// Centre and central second moments of an uncompressed run-length mask (columns first, as COCO has it), and its pixels.
#[allow(clippy::type_complexity, reason = "five moments and a count, used once")]
fn moments(segmentation: &serde_json::Value) -> Option<((f64, f64, f64, f64, f64), f64)> {
    let height = segmentation.get("size")?.get(0)?.as_u64()?.max(1);
    let counts = segmentation.get("counts")?.as_array()?;
    let (mut position, mut is_set) = (0_u64, false);
    let (mut n, mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for count in counts {
        let count = count.as_u64()?.min(LABEL_BYTES_MAX);
        if is_set {
            for index in position..position.saturating_add(count) {
                let (x, y) = ((index / height) as f64 + 0.5, (index % height) as f64 + 0.5);
                n += 1.0;
                sx += x;
                sy += y;
                sxx += x * x;
                sxy += x * y;
                syy += y * y;
            }
        }
        position = position.saturating_add(count);
        is_set = !is_set;
    }
    let (x, y) = (sx / n, sy / n);
    (n > 0.0).then(|| {
        (
            (
                x,
                y,
                sxx / n - x * x + 1.0 / 12.0,
                sxy / n - x * y,
                syy / n - y * y + 1.0 / 12.0,
            ),
            n,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_length_mask_gives_the_hull_and_a_list_is_read_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("labels.json");
        // 10 rows; columns 3..9, rows 4..6: a hull of 6 by 2.
        let mut counts = vec![34_u64];
        for column in 3..9 {
            counts.push(2);
            counts.push(if column == 8 { 14 } else { 8 });
        }
        let coco = serde_json::json!({"annotations": [{"bbox": [3.0, 4.0, 6.0, 2.0], "segmentation": {"counts": counts, "size": [10, 10]}}]});
        fs::write(&path, coco.to_string()).unwrap();
        let label = &read(&path, (10, 10)).unwrap()[0];
        assert!(
            (label.x - 6.0).abs() < 1e-9 && (label.y - 5.0).abs() < 1e-9,
            "{label:?}"
        );
        assert!(
            (label.length_px - 6.0).abs() < 0.01 && (label.beam_px - 2.0).abs() < 0.01 && label.angle_deg.abs() < 1e-6,
            "{label:?}"
        );
        fs::write(
            &path,
            r#"[{"x":1,"y":2,"length_px":9,"beam_px":3,"angle_deg":45,"kind":"unsure","where":"berth"}]"#,
        )
        .unwrap();
        assert_eq!(read(&path, (10, 10)).unwrap()[0].place, Some(Place::Berth));
        fs::write(&path, "{}").unwrap();
        assert!(read(&path, (10, 10)).unwrap_err().contains("annotations"));
    }

    #[test]
    fn the_truth_of_a_rendered_scene_is_a_label_and_a_cloud_excuses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("harbour.json");
        let vessel = |cloud: f64| {
            serde_json::json!({"x": 9.0, "y": 4.0, "length_px": 11.7, "beam_px": 2.0, "angle_deg": 165.0,
            "length_m": 117.0, "class": "tanker", "where": "berth", "cloud": cloud})
        };
        let truth = serde_json::json!({"sensor": "Sentinel-2", "vessels": [vessel(0.0), vessel(0.9)], "zones": []});
        fs::write(&path, truth.to_string()).unwrap();
        let labels = read(&path, (10, 10)).unwrap();
        assert_eq!((labels[0].kind, labels[0].place), (LabelKind::Ship, Some(Place::Berth)));
        assert_eq!(labels[1].kind, LabelKind::Unsure);
    }

    #[test]
    fn boxes_as_shares_become_pixels_and_a_bad_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tile.txt");
        fs::write(&path, "0 0.5 0.25 0.1 0.2\n\n").unwrap();
        let label = &read(&path, (800, 400)).unwrap()[0];
        assert!((label.x - 400.0).abs() < 1e-9 && (label.y - 100.0).abs() < 1e-9);
        assert!((label.length_px - 80.0).abs() < 1e-9 && (label.beam_px - 80.0).abs() < 1e-9);
        fs::write(&path, "0 0.5 0.25 0.1 0.2\n0 0.5 x 0.1 0.2\n").unwrap();
        assert!(read(&path, (800, 400)).unwrap_err().contains("line 2"));
    }
}
