//! The reading thread's work: what to decode when, so that every tile finds its native pixels, nothing is decoded twice, and little is held.
//!
//! Pieces of the files are decoded from top to bottom, left to right: some strips over the whole width, or one of the file's tiles. A tile of ours is handed
//! on as soon as the last piece that it needs is there. What is decoded is cut into bricks, and a brick goes when the last tile that needs it has been
//! cut. So what is held is the seam below which tiles still wait (for a Sentinel-2 scene 450 rows of it), and what is being decoded; decoding runs ahead of the workers
//! as far as the [`Room`] reaches, and never further.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use super::{
    brick::{BRICK_COLUMNS, BRICK_ROWS, Brick, Room, Ticket},
    lattice::{Cell, Lattice},
    native::{BrickRow, Native},
};
use crate::scene::{Band, Pixels, Scene, SceneError, SceneReader, Window};

/// Least rows that are decoded at a time from a file of small strips.
const STRIP_ROWS_MIN: u32 = 32;
/// Least columns and rows that are decoded at a time from a tiled file.
const TILED_SIDE_MIN: u32 = 256;

/// What is read of a scene, and how.
pub(crate) struct Supply<'a> {
    pub lattice: &'a Lattice,
    pub bands: &'a [Band],
    pub room: Arc<Room>,
    fits_u16: bool,
    is_stripped: bool,
    /// Columns and rows that are decoded together.
    slab: (u32, u32),
    scene: Window,
    /// Memory that every read uses.
    pixels: RefCell<Pixels>,
}

/// A brick, and how many tiles to come need it.
struct Held {
    tiles: usize,
    brick: Arc<Brick>,
}

impl<'a> Supply<'a> {
    pub(crate) fn new(scene: &Scene, lattice: &'a Lattice, bands: &'a [Band], room: Arc<Room>) -> Self {
        let (width, height) = (scene.grid.width, scene.grid.height);
        let several = |piece: u32, least: u32, most: u32| {
            let piece = piece.clamp(1, most.max(1));
            (piece * least.div_ceil(piece)).min(most.max(1))
        };
        let slab = if scene.is_stripped {
            (width, several(scene.piece.1, STRIP_ROWS_MIN, height))
        } else {
            (
                several(scene.piece.0, TILED_SIDE_MIN, width),
                several(scene.piece.1, TILED_SIDE_MIN, height),
            )
        };
        Self {
            lattice,
            bands,
            room,
            fits_u16: scene.fits_u16,
            is_stripped: scene.is_stripped,
            slab,
            scene: Window::new(0, 0, width, height),
            pixels: RefCell::default(),
        }
    }

    /// Reads the pixels of all tiles and hands each tile on; stops when `send` says false.
    pub(crate) fn run(
        &self,
        reader: &mut SceneReader,
        rows: &[Vec<Cell>],
        mut send: impl FnMut(Native) -> bool,
    ) -> Result<(), SceneError> {
        let cells: Vec<(Cell, Window)> = rows
            .iter()
            .flatten()
            .map(|cell| (*cell, self.lattice.needs(*cell)))
            .collect();
        // Tiles of each slab, and slabs that each tile still waits for.
        let mut slabs: BTreeMap<(u32, u32), Vec<usize>> = BTreeMap::new();
        let mut missing = vec![0_usize; cells.len()];
        for ((index, (_, need)), missing) in cells.iter().enumerate().zip(&mut missing) {
            for place in self.places(*need) {
                slabs.entry(place).or_default().push(index);
                *missing += 1;
            }
        }
        let mut held: Vec<Held> = Vec::new();
        for (place, tiles) in slabs {
            let needs: Vec<Window> = tiles.iter().filter_map(|index| Some(cells.get(*index)?.1)).collect();
            self.decode(reader, self.slab_at(place, &needs), &needs, &mut held)?;
            for index in tiles {
                let (Some(missing), Some((cell, need))) = (missing.get_mut(index), cells.get(index)) else {
                    continue;
                };
                *missing -= 1;
                if *missing > 0 {
                    continue;
                }
                let native = Native {
                    cell: *cell,
                    window: *need,
                    rows: gather(&mut held, *need),
                    _ticket: Ticket::new(&self.room),
                };
                held.retain(|held| held.tiles > 0);
                if !send(native) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Row and column of the slabs that a window touches.
    fn places(&self, need: Window) -> impl Iterator<Item = (u32, u32)> {
        let (width, height) = self.slab;
        let columns = need.x / width..need.right().div_ceil(width);
        (need.y / height..need.bottom().div_ceil(height))
            .flat_map(move |row| columns.clone().map(move |column| (row, column)))
    }

    /// The part of a slab worth reading: of strips, the columns that a tile needs.
    fn slab_at(&self, (row, column): (u32, u32), needs: &[Window]) -> Window {
        let (width, height) = self.slab;
        let slab = Window::new(column * width, row * height, width, height)
            .intersect(&self.scene)
            .unwrap_or_default();
        let left = needs.iter().map(|need| need.x).min().unwrap_or(0);
        let right = needs.iter().map(Window::right).max().unwrap_or(0);
        let columns = Window::new(left, slab.y, right.saturating_sub(left), slab.height);
        if self.is_stripped {
            slab.intersect(&columns).unwrap_or_default()
        } else {
            slab
        }
    }

    /// Decodes a slab and keeps the bricks of it that one of the tiles needs.
    fn decode(
        &self,
        reader: &mut SceneReader,
        slab: Window,
        needs: &[Window],
        held: &mut Vec<Held>,
    ) -> Result<(), SceneError> {
        for y in (slab.y..slab.bottom()).step_by(BRICK_ROWS as usize) {
            let rows = BRICK_ROWS.min(slab.bottom() - y);
            let wanted: Vec<(usize, Window)> = (slab.x..slab.right())
                .step_by(BRICK_COLUMNS as usize)
                .filter_map(|x| {
                    let window = Window::new(x, y, BRICK_COLUMNS.min(slab.right() - x), rows);
                    let tiles = needs.iter().filter(|need| need.intersect(&window).is_some()).count();
                    (tiles > 0).then_some((tiles, window))
                })
                .collect();
            let (Some((_, first)), Some((_, last))) = (wanted.first(), wanted.last()) else {
                continue;
            };
            let strip = Window::new(first.x, y, last.right() - first.x, rows);
            self.room
                .wait_for(Brick::bytes_of(strip.pixels(), self.bands.len(), self.fits_u16));
            let mut pixels = self.pixels.borrow_mut();
            reader.read_into(strip, self.bands, &mut pixels)?;
            held.extend(wanted.into_iter().map(|(tiles, window)| Held {
                tiles,
                brick: Arc::new(Brick::copy(&pixels, window, self.fits_u16, &self.room)),
            }));
        }
        Ok(())
    }
}

/// The bricks of a tile, in order; the tile counts no more among those to come.
fn gather(held: &mut [Held], need: Window) -> Vec<BrickRow> {
    let mut bricks: Vec<Arc<Brick>> = Vec::new();
    for held in held
        .iter_mut()
        .filter(|held| held.brick.window.intersect(&need).is_some())
    {
        held.tiles = held.tiles.saturating_sub(1);
        bricks.push(Arc::clone(&held.brick));
    }
    bricks.sort_by_key(|brick| (brick.window.y, brick.window.x));
    let mut rows: Vec<BrickRow> = Vec::new();
    for brick in bricks {
        let window = brick.window;
        match rows.last_mut() {
            Some(row) if row.top == window.y => row.bricks.push(brick),
            _ => rows.push(BrickRow {
                top: window.y,
                bottom: window.bottom(),
                bricks: vec![brick],
            }),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use tiff::encoder::{TiffEncoder, colortype::Gray16};

    use super::*;
    use crate::{scene::OpenHints, tile::native::Scratch};

    const SIZE: (u32, u32) = (1_500, 1_100);

    fn sample(x: u32, y: u32) -> u16 {
        (x * 7 + y * 13) as u16 % 60_000 + 1
    }

    fn scene(folder: &std::path::Path, rows_per_strip: u32) -> Scene {
        let out = std::fs::File::create(folder.join("B03.tif")).unwrap();
        let values: Vec<u16> = (0..SIZE.1)
            .flat_map(|y| (0..SIZE.0).map(move |x| sample(x, y)))
            .collect();
        let mut encoder = TiffEncoder::new(out)
            .unwrap()
            .with_compression(tiff::encoder::Compression::Deflate(tiff::encoder::DeflateLevel::Fast));
        let mut image = encoder.new_image::<Gray16>(SIZE.0, SIZE.1).unwrap();
        image.rows_per_strip(rows_per_strip).unwrap();
        image.write_data(&values).unwrap();
        Scene::open(
            folder,
            &OpenHints {
                gsd_m: Some(10.0),
                ..OpenHints::default()
            },
        )
        .unwrap()
    }

    /// Every tile once, every pixel as in the file, and the room kept while tiles are dropped as they come.
    #[test]
    fn each_tile_comes_once_with_its_pixels_and_the_room_is_kept() {
        for (rows_per_strip, regions) in [
            (1, None),
            (50, None),
            (700, None),
            (16, Some([Window::new(700, 600, 90, 40)])),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let scene = scene(folder.path(), rows_per_strip);
            let lattice = Lattice::new(&scene.grid, None, (10.0, 10.0), 256, 16);
            let rows = lattice.rows(regions.as_ref().map(<[_; 1]>::as_slice));
            let expected: usize = rows.iter().map(Vec::len).sum();
            let room = Room::new(2 << 20);
            let supply = Supply::new(&scene, &lattice, &[Band::Green], Arc::clone(&room));
            let (mut seen, mut scratch) = (Vec::new(), Scratch::default());
            supply
                .run(&mut scene.reader().unwrap(), &rows, |native| {
                    let cell = native.cell;
                    assert!(native.start(&lattice, 1, &mut scratch));
                    native.cut(&lattice, 0, 0.0, &mut scratch);
                    for (x, y) in [(0, 0), (255, 255), (17, 200)] {
                        if cell.x + x < SIZE.0 && cell.y + y < SIZE.1 {
                            let found = scratch.planes[0][(y * 256 + x) as usize];
                            assert_eq!(found.to_bits(), f32::from(sample(cell.x + x, cell.y + y)).to_bits());
                        }
                    }
                    seen.push((cell.y, cell.x));
                    true
                })
                .unwrap();
            seen.sort_unstable();
            let count = seen.len();
            seen.dedup();
            assert_eq!((seen.len(), count), (expected, expected), "strips of {rows_per_strip}");
            // A strip is decoded whole: what is held can be as tall as one, over a row of tiles.
            let most = Brick::bytes_of(
                u64::from(SIZE.0) * u64::from(256 + rows_per_strip.max(64) + 64),
                1,
                true,
            );
            assert!(
                room.bytes_most() <= most.max(2 << 20),
                "{} of {most}",
                room.bytes_most()
            );
        }
    }

    #[test]
    fn nobody_left_to_look_ends_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        let scene = scene(folder.path(), 16);
        let lattice = Lattice::new(&scene.grid, None, (10.0, 10.0), 256, 16);
        let supply = Supply::new(&scene, &lattice, &[Band::Green], Room::new(1 << 20));
        let mut sent = 0;
        supply
            .run(&mut scene.reader().unwrap(), &lattice.rows(None), |_| {
                sent += 1;
                sent < 3
            })
            .unwrap();
        assert_eq!(sent, 3);
    }
}
