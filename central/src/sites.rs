//! The watched sites, from a folder of GeoJSON files.

use std::{collections::BTreeMap, fs, path::Path};

use quaywatch_protocol::{contract::site::Site, limits};

use crate::config::Fault;

/// Sites of one central: each has its baselines in memory.
pub const SITES_MAX: usize = 1_000;

/// A site, and the GeoJSON it came from (for the map).
#[derive(Clone, Debug)]
pub struct SiteFile {
    /// The site.
    pub site: Site,
    /// Its file, as parsed JSON.
    pub geojson: serde_json::Value,
    /// Its file, as it was read.
    pub text: String,
}

impl SiteFile {
    /// Reads a site from the text of a file.
    ///
    /// # Errors
    /// Every fault.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        if text.len() > limits::SITE_FILE_BYTES_MAX {
            return Err(vec![Fault {
                place: "text".to_owned(),
                problem: format!(
                    "has {} bytes: expected at most {}",
                    text.len(),
                    limits::SITE_FILE_BYTES_MAX
                ),
            }]);
        }
        let site = Site::from_geojson(text).map_err(|faults| {
            faults
                .into_iter()
                .map(|found| Fault {
                    place: found.place,
                    problem: found.problem,
                })
                .collect::<Vec<_>>()
        })?;
        let geojson = serde_json::from_str(text).map_err(|error| {
            vec![Fault {
                place: "text".to_owned(),
                problem: error.to_string(),
            }]
        })?;
        Ok(Self {
            site,
            geojson,
            text: text.to_owned(),
        })
    }
}

/// All sites by id.
#[derive(Clone, Debug, Default)]
pub struct Sites(BTreeMap<String, SiteFile>);

impl Sites {
    /// Reads every `*.geojson` of a folder, in the order of file names.
    ///
    /// # Errors
    /// Every fault of every file.
    pub fn read_folder(folder: &Path) -> Result<Self, Vec<Fault>> {
        let fault = |place: &Path, problem: String| Fault {
            place: place.display().to_string(),
            problem,
        };
        let entries =
            fs::read_dir(folder).map_err(|error| vec![fault(folder, format!("folder cannot be read: {error}"))])?;
        let mut files: Vec<_> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "geojson"))
            .collect();
        files.sort();
        let mut faults = Vec::new();
        if files.is_empty() || files.len() > SITES_MAX {
            let problem = format!("has {} files *.geojson: expected 1 to {SITES_MAX}", files.len());
            faults.push(fault(folder, problem));
        }
        let mut sites = BTreeMap::new();
        for file in files.iter().take(SITES_MAX) {
            match read_site(file) {
                Ok(read) => {
                    if let Some(other) = sites.insert(read.site.id.clone(), read) {
                        let problem = format!(
                            "has `site` \"{}\", as an earlier file has: expected one file a site",
                            other.site.id
                        );
                        faults.push(fault(file, problem));
                    }
                }
                Err(found) => faults.extend(found),
            }
        }
        if faults.is_empty() {
            Ok(Self(sites))
        } else {
            Err(faults)
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True without any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One site.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&SiteFile> {
        self.0.get(id)
    }

    /// The same with one site put in place of what stood under its id.
    #[must_use]
    pub fn with(&self, file: SiteFile) -> Self {
        let mut sites = self.clone();
        sites.0.insert(file.site.id.clone(), file);
        sites
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = &SiteFile> {
        self.0.values()
    }
}

fn read_site(file: &Path) -> Result<SiteFile, Vec<Fault>> {
    let fault = |problem: String| {
        vec![Fault {
            place: file.display().to_string(),
            problem,
        }]
    };
    let length = fs::metadata(file)
        .map_err(|error| fault(format!("cannot be read: {error}")))?
        .len();
    if length > limits::SITE_FILE_BYTES_MAX as u64 {
        let most = limits::SITE_FILE_BYTES_MAX;
        return Err(fault(format!("has {length} bytes: expected at most {most}")));
    }
    let text = fs::read_to_string(file).map_err(|error| fault(format!("cannot be read: {error}")))?;
    SiteFile::parse(&text).map_err(|faults| {
        faults
            .into_iter()
            .map(|found| Fault {
                place: format!("{}: {}", file.display(), found.place),
                problem: found.problem,
            })
            .collect()
    })
}
