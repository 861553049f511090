//! KML 2.2 (OGC 07-147r2): the alert, the zones of its signals, the vessels of its looks with their times.

use super::{Sheet, points, xml::Xml};
use quaywatch_protocol::contract::ZoneShape;

pub(super) fn write(sheet: &Sheet) -> String {
    let mut xml = Xml::new();
    xml.open("kml", &[("xmlns", "http://www.opengis.net/kml/2.2")])
        .open("Document", &[]);
    xml.leaf("name", &sheet.title()).leaf("description", sheet.text("text"));
    if let Some((lon, lat)) = sheet.centre() {
        xml.open("Placemark", &[])
            .leaf("name", &sheet.title())
            .leaf("description", sheet.text("text"));
        let (begin, end) = (sheet.onset().0.to_string(), sheet.updated().to_string());
        xml.open("TimeSpan", &[])
            .leaf("begin", &begin)
            .leaf("end", &end)
            .close();
        point(&mut xml, lon, lat);
        xml.close();
    }
    let named = sheet.zones();
    xml.open("Folder", &[]).leaf("name", "Zones");
    for zone in sheet
        .site
        .iter()
        .flat_map(|site| &site.zones)
        .filter(|zone| named.contains(&zone.id))
    {
        let line: Vec<String> = points(&zone.shape)
            .iter()
            .map(|(lon, lat)| format!("{lon},{lat},0"))
            .collect();
        xml.open("Placemark", &[])
            .leaf("name", &format!("{} ({})", zone.id, zone.kind.name()));
        match zone.shape {
            ZoneShape::Area(_) => {
                xml.open("Polygon", &[])
                    .open("outerBoundaryIs", &[])
                    .open("LinearRing", &[]);
                xml.leaf("coordinates", &line.join(" ")).close().close().close();
            }
            ZoneShape::Track(_) => {
                xml.open("LineString", &[]).leaf("coordinates", &line.join(" ")).close();
            }
        }
        xml.close();
    }
    xml.close().open("Folder", &[]).leaf("name", "Vessels");
    for look in &sheet.looks {
        for vessel in &look.vessels {
            let name = format!("{} {:.0} m", vessel.class.name(), vessel.length_m);
            xml.open("Placemark", &[]).leaf("name", &name);
            xml.open("TimeStamp", &[])
                .leaf("when", &look.acquired_at.to_string())
                .close();
            point(&mut xml, vessel.lon, vessel.lat);
            xml.close();
        }
    }
    xml.finish()
}

fn point(xml: &mut Xml, lon: f64, lat: f64) {
    xml.open("Point", &[])
        .leaf("coordinates", &format!("{lon},{lat},0"))
        .close();
}
