//! The bodies of the fuzz targets: each takes any bytes and panics where a law is broken.

pub mod audit_replay;
pub mod config_toml;
pub mod input_bytes;
pub mod render_any;
pub mod sanitize;

/// Bytes that are taken one after the other; past their end there are zeros.
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Whether there is nothing left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// A number of two bytes.
    pub fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// At most so many bytes.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A text of at most 63 bytes, now and then repeated until it is a long one. U+FFFD is left out: the emulated terminal takes
    /// it for a mistake and draws nothing.
    pub fn text(&mut self) -> String {
        let head = self.byte();
        let text = String::from_utf8_lossy(self.take(usize::from(head & 0x3f))).replace('\u{fffd}', "");
        if head < 0xf0 { text } else { text.repeat(200) }
    }
}
