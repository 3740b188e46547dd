//! The table of detectors: one file and one row each.

mod cleartext_login;
mod cleartext_phi;
mod default_credential;
mod expired_certificate;
mod management_service;
mod remote_tool;
mod shared_credential;
mod smb1;
mod unexpected_internet;
mod unknown_device;
mod unsupported_os;
mod weak_encryption;
mod wrong_clock;

use crate::Detector;

/// All detectors.
pub static DETECTORS: &[&dyn Detector] = &[
    &cleartext_phi::CleartextPhi,
    &default_credential::DefaultCredential,
    &shared_credential::SharedCredential,
    &cleartext_login::CleartextLogin,
    &weak_encryption::WeakEncryption,
    &expired_certificate::ExpiredCertificate,
    &smb1::Smb1,
    &unsupported_os::UnsupportedOs,
    &unexpected_internet::UnexpectedInternet,
    &remote_tool::RemoteTool,
    &unknown_device::UnknownDevice,
    &wrong_clock::WrongClock,
    &management_service::ManagementService,
];
