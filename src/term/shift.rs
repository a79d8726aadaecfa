//! Lines that have moved up or down: the terminal moves them itself, which costs a few bytes instead of the lines.

use ratatui::buffer::{Buffer, Cell};

/// How far lines are looked for; a list scrolls by one line, a few if keys come quicker than frames.
const FARTHEST: usize = 8;
/// Fewer lines than this are written anew.
const FEWEST: usize = 4;

/// Lines of a region that have moved within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The first line of the region.
    pub top: usize,
    /// Its last line.
    pub bottom: usize,
    /// How far they have moved.
    pub by: usize,
    /// Upwards, or else downwards.
    pub up: bool,
}

impl Shift {
    /// The shift that saves most lines on the way from what is shown to what is to be shown, if one saves enough.
    pub fn between(shown: &Buffer, next: &Buffer) -> Option<Self> {
        let width = usize::from(next.area.width).max(1);
        let [old, new]: [Vec<&[Cell]>; 2] = [shown, next].map(|buffer| buffer.content.chunks(width).collect());
        let changed: Vec<bool> = old.iter().zip(&new).map(|(old, new)| old != new).collect();
        if changed.iter().filter(|changed| **changed).count() < FEWEST {
            return None;
        }
        let all = (1..=FARTHEST).flat_map(|by| [true, false].map(|up| (by, up)));
        let saving = all.filter_map(|(by, up)| {
            let from = |y: usize| if up { Some(y + by) } else { y.checked_sub(by) };
            let moved = |y: &usize| changed[*y] && from(*y).and_then(|y| old.get(y)).is_some_and(|row| *row == new[*y]);
            let moved: Vec<usize> = (0..new.len()).filter(moved).collect();
            let (first, last) = (*moved.first()?, *moved.last()?);
            let (top, bottom) = if up { (first, last + by) } else { (first - by, last) };
            // What stood still in between has to be put back.
            let spoilt = changed[top..=bottom].iter().filter(|changed| !**changed).count();
            Some((moved.len().saturating_sub(spoilt), Self { top, bottom, by, up }))
        });
        saving.filter(|(saved, _)| *saved >= FEWEST).max_by_key(|(saved, _)| *saved).map(|(_, shift)| shift)
    }

    /// The sequences: lines are deleted at one end of the region and inserted at the other, so that what is beyond stays. No
    /// margins are set, so none can be left behind.
    pub fn sequences(self) -> String {
        let Self { top, by, .. } = self;
        let (delete, insert) = if self.up { (top, self.bottom + 1 - by) } else { (self.bottom + 1 - by, top) };
        let n = if by > 1 { by.to_string() } else { String::new() };
        format!("\x1b[{}H\x1b[{n}M\x1b[{}H\x1b[{n}L", delete + 1, insert + 1)
    }

    /// What is shown afterwards.
    pub fn apply(self, shown: &mut Buffer) {
        let width = usize::from(shown.area.width);
        let region = &mut shown.content[self.top * width..(self.bottom + 1) * width];
        let by = self.by * width;
        let rest = region.len() - by;
        if self.up {
            region.rotate_left(by);
            region[rest..].iter_mut().for_each(Cell::reset);
        } else {
            region.rotate_right(by);
            region[..by].iter_mut().for_each(Cell::reset);
        }
    }
}
