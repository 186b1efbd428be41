//! Virtual MFA devices, and which user has which.

use percent_encoding::utf8_percent_encode;

use super::operation::Operation;
use super::parameters::{Checked, Field, MARKER, MAX_ITEMS, NEW_USER_NAME, PATH, USER_NAME, word};
use super::shapes::{self, CODED};
use super::tagging::NamedToTag;
use super::user_fields::not_one_of;
use super::{parameters, qr_code};
use crate::domain::Secret;
use crate::flows::iam::Page;
use crate::flows::iam::mfa_devices::{
    Assignment, CreateDevice, DeleteDevice, DeviceView, ListVirtualDevices, NewDevice, OfDevice,
};
use crate::flows::iam::users_devices::{
    DeactivateDevice, EnableDevice, GetDevice, ListDevices, ResyncDevice, TwoCodes, UsersDevice,
};
use crate::http::query::{Constraint, Members, Parameters, QueryFault, Quoting, Value};

/// `serialNumberType`
const SERIAL_NUMBER: Field = Field {
    name: "SerialNumber",
    constraint: Constraint {
        field: "serialNumber",
        min: 9,
        max: 256,
        pattern: Some((is_serial_character, r"[\w+=/:,.@-]+")),
        quoting: Quoting::Quoted,
    },
};
/// `virtualMFADeviceName`
const DEVICE_NAME: Field = word("VirtualMFADeviceName", "virtualMFADeviceName", 226);
/// `assignmentStatusType`
const ASSIGNMENT: Field = word("AssignmentStatus", "assignmentStatus", 128);
/// `authenticationCodeType`
const FIRST_CODE: Field = code("AuthenticationCode1", "authenticationCode1");
/// `authenticationCodeType`
const SECOND_CODE: Field = code("AuthenticationCode2", "authenticationCode2");

/// A code is a secret while it is good.
const fn code(name: &'static str, field: &'static str) -> Field {
    Field {
        name,
        constraint: Constraint {
            field,
            min: 6,
            max: 6,
            pattern: Some((is_digit, r"[\d]+")),
            quoting: Quoting::Withheld,
        },
    }
}

const fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

const fn is_serial_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | '/' | ':' | ',' | '.' | '@' | '-')
}

fn serial(checked: &Checked<'_>) -> String {
    checked.text(SERIAL_NUMBER).unwrap_or_default().to_owned()
}

fn codes(checked: &Checked<'_>) -> TwoCodes {
    let code = |field| Secret::new(checked.text(field).unwrap_or_default().to_owned());
    TwoCodes {
        first: code(FIRST_CODE),
        second: code(SECOND_CODE),
    }
}

/// A blob of an answer.
fn blob(bytes: &[u8]) -> Value<'static> {
    data_encoding::BASE64.encode(bytes).into()
}

/// What an app reads from the QR code (IAM API reference, `VirtualMFADevice`).
fn key_uri(new: &NewDevice) -> Secret<String> {
    let coded = |text: &str| utf8_percent_encode(text, CODED).to_string();
    let label = [&*coded(new.name.as_str()), "@", &*coded(&new.account)].concat();
    let seed = new.seed.base32().expose();
    Secret::new(["otpauth://totp/", &*label, "?secret=", seed].concat())
}

impl Operation for CreateDevice {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[DEVICE_NAME], &[PATH])?;
        let path = checked.path()?;
        let name = checked.text(DEVICE_NAME).unwrap_or_default();
        let whole = [path.as_str().trim_start_matches('/'), name].concat();
        Ok(Self {
            name: parameters::parse(DEVICE_NAME.name, &whole)?,
            tags: checked.tags()?,
        })
    }

    fn members(new: NewDevice) -> Option<Members<'static>> {
        let picture = qr_code::png(key_uri(&new).expose());
        let mut members = vec![
            ("SerialNumber", new.serial.into()),
            (
                "Base32StringSeed",
                blob(new.seed.base32().expose().as_bytes()),
            ),
        ];
        members.extend(picture.map(|bytes| ("QRCodePNG", blob(&bytes))));
        if !new.tags.is_empty() {
            members.push(("Tags", shapes::tags(&new.tags)));
        }
        Some(vec![("VirtualMFADevice", Value::Members(members))])
    }
}

impl Operation for ListVirtualDevices {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[MARKER, MAX_ITEMS])?;
        let assignment = match checked.text(ASSIGNMENT) {
            None | Some("Any") => Assignment::Any,
            Some("Assigned") => Assignment::Assigned,
            Some("Unassigned") => Assignment::Unassigned,
            other => {
                return Err(not_one_of(ASSIGNMENT, other, "Assigned, Unassigned, Any"));
            }
        };
        Ok(Self {
            assignment,
            page: checked.page()?,
        })
    }

    fn members(page: Page<DeviceView>) -> Option<Members<'static>> {
        shapes::page("VirtualMFADevices", page, |device| {
            let mut members = vec![("SerialNumber", device.serial.into())];
            if let Some((user, enabled_at)) = device.assigned {
                members.push(("User", shapes::user(user)));
                members.push(("EnableDate", Value::Time(enabled_at)));
            }
            Value::Members(members)
        })
    }
}

impl Operation for DeleteDevice {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[SERIAL_NUMBER], &[])?;
        Ok(Self {
            serial: serial(&checked),
        })
    }
}

/// Who is to have which device, and what it shows.
const ENABLING: [Field; 4] = [USER_NAME, SERIAL_NUMBER, FIRST_CODE, SECOND_CODE];

impl Operation for EnableDevice {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &ENABLING, &[])?;
        Ok(Self {
            user: checked.user_name()?,
            serial: serial(&checked),
            codes: codes(&checked),
        })
    }
}

impl Operation for ResyncDevice {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &ENABLING, &[])?;
        Ok(Self {
            user: checked.user_name()?,
            serial: serial(&checked),
            codes: codes(&checked),
        })
    }
}

impl Operation for DeactivateDevice {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[SERIAL_NUMBER], &[USER_NAME])?;
        Ok(Self {
            user: checked.find(USER_NAME)?,
            serial: serial(&checked),
        })
    }
}

/// The members of `MFADevice`.
fn shape(device: UsersDevice) -> Members<'static> {
    vec![
        ("UserName", device.user.to_string().into()),
        ("SerialNumber", device.serial.into()),
        ("EnableDate", Value::Time(device.enabled_at)),
    ]
}

impl Operation for ListDevices {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[], &[USER_NAME, MARKER, MAX_ITEMS])?;
        Ok(Self {
            user: checked.find(USER_NAME)?,
            page: checked.page()?,
        })
    }

    fn members(page: Page<UsersDevice>) -> Option<Members<'static>> {
        shapes::page("MFADevices", page, |device| Value::Members(shape(device)))
    }
}

impl Operation for GetDevice {
    fn read(parameters: &Parameters<'_>) -> Result<Self, QueryFault> {
        let checked = Checked::new(parameters, &[SERIAL_NUMBER], &[NEW_USER_NAME])?;
        Ok(Self {
            serial: serial(&checked),
            user: checked.find(NEW_USER_NAME)?,
        })
    }

    fn members(device: UsersDevice) -> Option<Members<'static>> {
        Some(shape(device))
    }
}

impl NamedToTag for OfDevice {
    const NAME: Field = SERIAL_NUMBER;

    fn name(checked: &Checked<'_>) -> Result<String, QueryFault> {
        Ok(serial(checked))
    }
}
