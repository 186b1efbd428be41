//! What a person signs in with, as its `User-Agent` says. Anybody may write one: it tells people their own
//! sessions apart, and decides nothing.

use serde::{Deserialize, Serialize};

/// A browser on a system, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Device {
    /// The browser.
    #[serde(default)]
    pub browser: Browser,
    /// What it runs on.
    #[serde(default)]
    pub system: System,
}

/// A browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Browser {
    /// Chrome, Chromium and what says no more than that.
    Chrome,
    /// Microsoft Edge.
    Edge,
    /// Firefox.
    Firefox,
    /// Opera.
    Opera,
    /// Safari.
    Safari,
    /// Samsung Internet.
    Samsung,
    /// The browser within WeChat.
    WeChat,
    /// None of these.
    #[default]
    #[serde(other)]
    Other,
}

/// A system that browsers run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// Android.
    Android,
    /// ChromeOS.
    ChromeOs,
    /// HarmonyOS.
    HarmonyOs,
    /// iOS and iPadOS; an iPad may say that it is a Mac.
    Ios,
    /// Linux.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
    /// None of these.
    #[default]
    #[serde(other)]
    Other,
}

/// What browsers write, those first that write what others do as well.
const BROWSERS: [(&str, Browser); 15] = [
    ("MicroMessenger/", Browser::WeChat),
    ("Edg/", Browser::Edge),
    ("EdgA/", Browser::Edge),
    ("EdgiOS/", Browser::Edge),
    ("OPR/", Browser::Opera),
    ("OPT/", Browser::Opera),
    ("SamsungBrowser/", Browser::Samsung),
    ("Firefox/", Browser::Firefox),
    ("FxiOS/", Browser::Firefox),
    ("Chrome/", Browser::Chrome),
    ("Chromium/", Browser::Chrome),
    ("CriOS/", Browser::Chrome),
    ("Version/", Browser::Safari),
    ("Safari/", Browser::Safari),
    ("Opera/", Browser::Opera),
];

/// What they write of systems, likewise.
const SYSTEMS: [(&str, System); 10] = [
    ("OpenHarmony", System::HarmonyOs),
    ("HarmonyOS", System::HarmonyOs),
    ("Android", System::Android),
    ("iPhone", System::Ios),
    ("iPad", System::Ios),
    ("Windows", System::Windows),
    ("CrOS", System::ChromeOs),
    ("Mac OS X", System::MacOs),
    ("Macintosh", System::MacOs),
    ("Linux", System::Linux),
];

impl Device {
    /// What wrote this header.
    pub fn of_user_agent(text: &str) -> Self {
        Self {
            browser: first_in(text, &BROWSERS),
            system: first_in(text, &SYSTEMS),
        }
    }
}

impl Browser {
    /// What its maker calls it; `None` where it is not known.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Chrome => "Chrome",
            Self::Edge => "Edge",
            Self::Firefox => "Firefox",
            Self::Opera => "Opera",
            Self::Safari => "Safari",
            Self::Samsung => "Samsung Internet",
            Self::WeChat => "WeChat",
            Self::Other => return None,
        })
    }
}

impl System {
    /// What its maker calls it; `None` where it is not known.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Android => "Android",
            Self::ChromeOs => "ChromeOS",
            Self::HarmonyOs => "HarmonyOS",
            Self::Ios => "iOS",
            Self::Linux => "Linux",
            Self::MacOs => "macOS",
            Self::Windows => "Windows",
            Self::Other => return None,
        })
    }

    /// Whether it is carried in a hand.
    pub const fn is_handheld(self) -> bool {
        matches!(self, Self::Android | Self::Ios | Self::HarmonyOs)
    }
}

fn first_in<T: Copy + Default>(text: &str, words: &[(&str, T)]) -> T {
    let found = words.iter().find(|(word, _)| text.contains(word));
    found.map(|(_, meant)| *meant).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_by_what_they_write() {
        for (text, browser, system) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                Browser::Firefox,
                System::Linux,
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
                Browser::Edge,
                System::Windows,
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
                Browser::Safari,
                System::MacOs,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1",
                Browser::Chrome,
                System::Ios,
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                Browser::Samsung,
                System::Android,
            ),
            (
                "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1",
                Browser::Chrome,
                System::HarmonyOs,
            ),
            ("curl/8.14.1", Browser::Other, System::Other),
            ("", Browser::Other, System::Other),
        ] {
            assert_eq!(
                Device::of_user_agent(text),
                Device { browser, system },
                "{text}"
            );
        }
    }

    #[test]
    fn what_a_newer_version_knows_is_another_browser() {
        let device: Device =
            serde_json::from_str(r#"{"browser":"lynx","system":"plan9"}"#).unwrap();
        assert_eq!(device, Device::default());
    }
}
