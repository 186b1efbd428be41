//! A text as a QR code, drawn as PNG.

use qrcode::{Color, EcLevel, QrCode};

/// A module is drawn so many pixels wide.
const PIXELS: usize = 4;
/// So many modules are left white around the code (ISO/IEC 18004, section 6.3.8).
const QUIET: usize = 4;

/// The picture; `None` where the text is longer than any code can hold.
pub(super) fn png(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
    let side = (code.width() + 2 * QUIET) * PIXELS;
    let mut picture = Vec::new();
    let number = u32::try_from(side).ok()?;
    let mut encoder = png::Encoder::new(&mut picture, number, number);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rows(&code, side)).ok()?;
    writer.finish().ok()?;
    Some(picture)
}

/// The rows of the picture, eight pixels a byte, white where a bit is set.
fn rows(code: &QrCode, side: usize) -> Vec<u8> {
    let (width, colors) = (code.width(), code.to_colors());
    let is_dark = |x: usize, y: usize| {
        let (x, y) = (
            (x / PIXELS).checked_sub(QUIET),
            (y / PIXELS).checked_sub(QUIET),
        );
        let (Some(x), Some(y)) = (x, y) else {
            return false;
        };
        x < width && colors.get(y * width + x) == Some(&Color::Dark)
    };
    let mut bytes = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for start in (0..side).step_by(8) {
            let bits = (start..start + 8).map(|x| u8::from(!is_dark(x, y)));
            bytes.push(bits.fold(0, |byte, bit| byte << 1 | bit));
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_shows_the_code_in_a_white_frame() {
        let text = "otpauth://totp/phone@123456789012?secret=GEZDGNBVGY3TQOJQ";
        let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(png(text).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = (code.width() + 2 * QUIET) * PIXELS;
        assert_eq!((info.width as usize, info.height as usize), (side, side));
        let bit = |x: usize, y: usize| pixels[y * info.line_size + x / 8] >> (7 - x % 8) & 1;
        for y in 0..side {
            for x in 0..side {
                let (column, row) = (x / PIXELS, y / PIXELS);
                let inside = QUIET..QUIET + code.width();
                let is_dark = inside.contains(&column)
                    && inside.contains(&row)
                    && code[(column - QUIET, row - QUIET)] == Color::Dark;
                assert_eq!(bit(x, y) == 0, is_dark, "{x} {y}");
            }
        }
    }

    #[test]
    fn what_no_code_can_hold_is_not_drawn() {
        assert_eq!(png(&"x".repeat(3000)), None);
    }
}
