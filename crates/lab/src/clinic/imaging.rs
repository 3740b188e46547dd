//! Images: worklist, stores, and a modality that calls its maker.

use super::network::resolve;
use super::people::{PATIENTS, PHYSICIAN, Patient};
use crate::speak::dicom::{self, Association};
use crate::speak::http;
use crate::{Clinic, Host, Scene};

const MINUTE: i64 = 60_000;

/// The PACS's own.
const PACS: (&str, &str) = ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367");

/// What a modality says of itself in each object.
struct Modality<'a> {
    title: &'a str,
    implementation: (&'a str, &'a str),
    sop_class: &'a str,
    modality: &'a str,
    maker: &'a str,
    model: &'a str,
    serial: &'a str,
    software: &'a str,
    station: &'a str,
    /// Rows and columns of an image of 16 bits.
    size: (u16, u16),
}

const CT: Modality<'_> = Modality {
    title: "CT01",
    implementation: ("1.3.12.2.1107.5.8.3.99", "SIEMENS_S7VA44B"),
    sop_class: dicom::CT_IMAGE,
    modality: "CT",
    maker: "SIEMENS",
    model: "SOMATOM go.Up",
    serial: "LAB-CT-0001",
    software: "syngo CT VA44A",
    station: "CTAWP00001",
    size: (256, 256),
};

const ULTRASOUND: Modality<'_> = Modality {
    title: "US01",
    implementation: ("1.2.840.113619.6.312", "LOGIQE10_R2"),
    sop_class: dicom::US_IMAGE,
    modality: "US",
    maker: "GE Healthcare",
    model: "LOGIQ E10",
    serial: "LAB-US-0002",
    software: "R2.0.4",
    station: "US-ROOM-2",
    size: (200, 320),
};

const X_RAY: Modality<'_> = Modality {
    title: "DX01",
    implementation: ("1.3.46.670589.30.1.99", "PHILIPS_DX_3"),
    sop_class: dicom::DX_IMAGE,
    modality: "DX",
    maker: "Philips Medical Systems",
    model: "DigitalDiagnost C90",
    serial: "LAB-DX-0003",
    software: "1.1.3",
    station: "DX01",
    size: (400, 320),
};

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    let rounds = [(&clinic.ct, &CT, 0, 3), (&clinic.ultrasound, &ULTRASOUND, 1, 4), (&clinic.x_ray, &X_RAY, 2, 1)];
    for (host, modality, patient, images) in rounds {
        let start = 5 * MINUTE + patient as i64 * 3 * MINUTE;
        scene.at_ms(start);
        worklist(clinic, scene, host, modality);
        scene.at_ms(start + 5 * MINUTE);
        store(clinic, scene, host, modality, &PATIENTS[patient], images);
    }
    scene.at_ms(4 * MINUTE);
    echo(clinic, scene);
    scene.at_ms(22 * MINUTE);
    unexpected(clinic, scene);
}

fn association<'a>(modality: &Modality<'a>, sop_class: &'a str, syntax: &'a str) -> Association<'a> {
    Association {
        calling: modality.title,
        called: "CLINICPACS",
        client: modality.implementation,
        server: PACS,
        sop_class,
        syntax,
    }
}

fn echo(clinic: &Clinic, scene: &mut Scene) {
    let association = association(&CT, dicom::VERIFICATION, dicom::IMPLICIT_LITTLE);
    let mut tcp = scene.tcp(&clinic.ct, &clinic.pacs, 104);
    association.open(scene, &mut tcp);
    association.echo(scene, &mut tcp);
    association.release(scene, tcp);
}

/// The modality asks who comes today.
fn worklist(clinic: &Clinic, scene: &mut Scene, host: &Host, modality: &Modality<'_>) {
    let association = association(modality, dicom::WORKLIST, dicom::IMPLICIT_LITTLE);
    let keys = dicom::data_set(
        dicom::IMPLICIT_LITTLE,
        &[
            (0x8, 0x50, b"SH", b""),
            (0x10, 0x10, b"PN", b""),
            (0x10, 0x20, b"LO", b""),
            (0x10, 0x30, b"DA", b""),
            (0x10, 0x40, b"CS", b""),
        ],
    );
    let matches: Vec<Vec<u8>> = PATIENTS
        .iter()
        .map(|patient| {
            dicom::data_set(
                dicom::IMPLICIT_LITTLE,
                &[
                    (0x8, 0x50, b"SH", patient.accession.as_bytes()),
                    (0x8, 0x90, b"PN", PHYSICIAN.as_bytes()),
                    (0x10, 0x10, b"PN", patient.name().as_bytes()),
                    (0x10, 0x20, b"LO", patient.id.as_bytes()),
                    (0x10, 0x30, b"DA", patient.birth.as_bytes()),
                    (0x10, 0x40, b"CS", patient.sex.as_bytes()),
                ],
            )
        })
        .collect();
    let mut tcp = scene.tcp(host, &clinic.pacs, 104);
    association.open(scene, &mut tcp);
    association.find(scene, &mut tcp, &keys, &matches);
    association.release(scene, tcp);
}

/// The modality sends its images.
fn store(clinic: &Clinic, scene: &mut Scene, host: &Host, modality: &Modality<'_>, patient: &Patient, images: u16) {
    let association = association(modality, modality.sop_class, dicom::EXPLICIT_LITTLE);
    let mut tcp = scene.tcp(host, &clinic.pacs, 104);
    association.open(scene, &mut tcp);
    for number in 1..=images {
        let instance = format!("1.2.826.0.1.3680043.10.999.{}.{number}", modality.serial.len());
        let object = object(scene, modality, patient, &instance);
        association.store(scene, &mut tcp, number, &instance, &object);
        scene.wait_ms(350);
    }
    association.release(scene, tcp);
}

fn object(scene: &mut Scene, modality: &Modality<'_>, patient: &Patient, instance: &str) -> Vec<u8> {
    let (rows, columns) = modality.size;
    let pixels = scene.random_bytes(usize::from(rows) * usize::from(columns) * 2);
    let [rows, columns, bits, stored, high] = [rows, columns, 16, 12, 11].map(u16::to_le_bytes);
    dicom::data_set(
        dicom::EXPLICIT_LITTLE,
        &[
            (0x8, 0x5, b"CS", b"ISO_IR 100"),
            (0x8, 0x16, b"UI", modality.sop_class.as_bytes()),
            (0x8, 0x18, b"UI", instance.as_bytes()),
            (0x8, 0x20, b"DA", b"20260302"),
            (0x8, 0x30, b"TM", b"080500"),
            (0x8, 0x50, b"SH", patient.accession.as_bytes()),
            (0x8, 0x60, b"CS", modality.modality.as_bytes()),
            (0x8, 0x70, b"LO", modality.maker.as_bytes()),
            (0x8, 0x80, b"LO", b"Clinic Example"),
            (0x8, 0x90, b"PN", PHYSICIAN.as_bytes()),
            (0x8, 0x1010, b"SH", modality.station.as_bytes()),
            (0x8, 0x1090, b"LO", modality.model.as_bytes()),
            (0x10, 0x10, b"PN", patient.name().as_bytes()),
            (0x10, 0x20, b"LO", patient.id.as_bytes()),
            (0x10, 0x30, b"DA", patient.birth.as_bytes()),
            (0x10, 0x40, b"CS", patient.sex.as_bytes()),
            (0x18, 0x1000, b"LO", modality.serial.as_bytes()),
            (0x18, 0x1020, b"LO", modality.software.as_bytes()),
            (0x20, 0xd, b"UI", b"1.2.826.0.1.3680043.10.999.1"),
            (0x28, 0x2, b"US", &[1, 0]),
            (0x28, 0x4, b"CS", b"MONOCHROME2"),
            (0x28, 0x10, b"US", &rows),
            (0x28, 0x11, b"US", &columns),
            (0x28, 0x100, b"US", &bits),
            (0x28, 0x101, b"US", &stored),
            (0x28, 0x102, b"US", &high),
            (0x28, 0x103, b"US", &[0, 0]),
            (0x7fe0, 0x10, b"OW", &pixels),
        ],
    )
}

/// The ultrasound sends something to a host on the internet that nobody agreed to.
fn unexpected(clinic: &Clinic, scene: &mut Scene) {
    let outside = Host::behind("collector", "198.51.100.23", &clinic.router);
    let name = "collect.usage-stats.example";
    resolve(clinic, scene, &clinic.ultrasound, name, [198, 51, 100, 23]);
    let mut tcp = scene.tcp(&clinic.ultrasound, &outside, 80);
    let body = scene.random_bytes(9_000);
    let headers = [("User-Agent", "LOGIQ-Agent/2.0"), ("Content-Type", "application/octet-stream")];
    tcp.exchange(
        scene,
        &http::request("POST", name, "/v1/upload", &headers, &body),
        &http::response("204 No Content", &[("Server", "nginx/1.24.0")], b""),
    );
    tcp.close(scene);
}
