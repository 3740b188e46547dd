//! Worklist, study, store, read: DICOM.

use super::talk::stamp;
use crate::hospital::people::{PHYSICIAN, Patient};
use crate::hospital::play::{Line, Play};
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::dicom::{self, Association};
use crate::{Scene, Tcp};

/// Study Root Query/Retrieve, find (PS3.4 §C.6.2).
const STUDY_FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
/// The same, move.
const STUDY_MOVE: &str = "1.2.840.10008.5.1.4.1.2.2.2";
/// The root of the lab's own instance UIDs.
const ROOT: &str = "1.2.826.0.1.3680043.10.999.7";

/// How a device calls itself in DICOM, and what it is built with.
pub struct Entity {
    title: String,
    implementation: (&'static str, &'static str),
}

impl Entity {
    /// The entity of a device. A title has 16 characters at most.
    pub fn of(play: &Play, device: DeviceId) -> Self {
        let mut title: String = play.hospital.host_name(device).to_uppercase();
        title.truncate(16);
        let (uid, version) = (play.says(device, "implementation-uid"), play.says(device, "implementation-version"));
        let fallback = ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367");
        Self { title, implementation: if uid.is_empty() { fallback } else { (uid, version) } }
    }
}

/// An association of two devices.
pub fn association<'a>(client: &'a Entity, server: &'a Entity, sop_class: &'a str, syntax: &'a str) -> Association<'a> {
    Association {
        calling: &client.title,
        called: &server.title,
        client: client.implementation,
        server: server.implementation,
        sop_class,
        syntax,
    }
}

/// Opens a connection and an association on it, uses it and ends both.
pub fn associated(
    play: &mut Play,
    (client, server): (DeviceId, DeviceId),
    (sop_class, syntax): (&str, &str),
    make: impl FnOnce(&Association<'_>, &mut Scene, &mut Tcp),
) {
    let (one, other) = (Entity::of(play, client), Entity::of(play, server));
    let association = association(&one, &other, sop_class, syntax);
    let port = port(play, server);
    let mut line = play.connect(Party::Device(client), Party::Device(server), port, "dicom", true);
    line.with(play, |scene, tcp| {
        association.open(scene, tcp);
        make(&association, scene, tcp);
        association.end(scene, tcp);
    });
    if sop_class != dicom::VERIFICATION {
        play.mark_phi(&line);
    }
    line.close(play);
}

fn port(play: &Play, server: DeviceId) -> u16 {
    play.says(server, "dicom-port").parse().unwrap_or(104)
}

/// Asks whether the archive answers.
pub fn echo(play: &mut Play, device: DeviceId) {
    let Some(archive) = play.server(device, "pacs") else { return };
    associated(play, (device, archive), (dicom::VERIFICATION, dicom::IMPLICIT_LITTLE), |association, scene, tcp| {
        association.echo(scene, tcp);
    });
}

/// The modality asks who comes, and some minutes later stores what it made.
pub fn study(play: &mut Play, device: DeviceId) {
    let patient = play.patient();
    if let Some(lists) = play.server(device, "worklist") {
        let others = [patient, Patient(patient.0 + 500), Patient(patient.0 + 501)];
        worklist(play, device, lists, &others);
    }
    let Some(archive) = play.server(device, "pacs") else { return };
    let images: u32 = play.says(device, "images").parse().unwrap_or(2);
    let wait = play.between(180, 600);
    play.after(wait, move |play| store(play, device, archive, patient, images));
}

fn worklist(play: &mut Play, device: DeviceId, server: DeviceId, patients: &[Patient]) {
    let wanted: [dicom::Element<'_>; 5] = [
        (0x8, 0x50, b"SH", b""),
        (0x10, 0x10, b"PN", b""),
        (0x10, 0x20, b"LO", b""),
        (0x10, 0x30, b"DA", b""),
        (0x10, 0x40, b"CS", b""),
    ];
    let keys = dicom::data_set(dicom::IMPLICIT_LITTLE, &wanted);
    let matches: Vec<Vec<u8>> = patients.iter().map(|patient| identity(*patient, dicom::IMPLICIT_LITTLE)).collect();
    associated(play, (device, server), (dicom::WORKLIST, dicom::IMPLICIT_LITTLE), |association, scene, tcp| {
        association.find(scene, tcp, &keys, &matches);
    });
}

/// Who the patient is, as a match of a query says it.
fn identity(patient: Patient, syntax: &str) -> Vec<u8> {
    let (accession, name, id, birth) = (patient.accession(0), patient.name(), patient.id(), patient.birth());
    dicom::data_set(
        syntax,
        &[
            (0x8, 0x50, b"SH", accession.as_bytes()),
            (0x8, 0x90, b"PN", PHYSICIAN.as_bytes()),
            (0x10, 0x10, b"PN", name.as_bytes()),
            (0x10, 0x20, b"LO", id.as_bytes()),
            (0x10, 0x30, b"DA", birth.as_bytes()),
            (0x10, 0x40, b"CS", patient.sex().as_bytes()),
        ],
    )
}

/// Stores a study, an image each second.
pub fn store(play: &mut Play, device: DeviceId, archive: DeviceId, patient: Patient, images: u32) {
    let (one, other) = (Entity::of(play, device), Entity::of(play, archive));
    let class = sop_class(play, device);
    let port = port(play, archive);
    let mut line = play.connect(Party::Device(device), Party::Device(archive), port, "dicom", true);
    let association = association(&one, &other, class, dicom::EXPLICIT_LITTLE);
    line.with(play, |scene, tcp| association.open(scene, tcp));
    play.mark_phi(&line);
    let study = play.number();
    next_image(play, line, Job { device, archive, maker: device, patient, study, image: 1, images });
}

/// A study on its way.
#[derive(Clone, Copy)]
struct Job {
    device: DeviceId,
    archive: DeviceId,
    /// Whose image it is: an archive that passes on sends what others made.
    maker: DeviceId,
    patient: Patient,
    study: u64,
    image: u32,
    images: u32,
}

fn next_image(play: &mut Play, mut line: Line, job: Job) {
    let (one, other) = (Entity::of(play, job.device), Entity::of(play, job.archive));
    let class = sop_class(play, job.maker);
    let association = association(&one, &other, class, dicom::EXPLICIT_LITTLE);
    let instance = format!("{ROOT}.{}.{}", job.study, job.image);
    let object = object(play, &job, &instance);
    line.with(play, |scene, tcp| association.store(scene, tcp, job.image as u16, &instance, &object));
    if job.image < job.images {
        play.after_ms(800, move |play| next_image(play, line, Job { image: job.image + 1, ..job }));
    } else {
        line.with(play, |scene, tcp| association.end(scene, tcp));
        line.close(play);
    }
}

fn sop_class(play: &Play, device: DeviceId) -> &'static str {
    let class = play.says(device, "sop-class");
    if class.is_empty() { dicom::CT_IMAGE } else { class }
}

/// An image with what its maker says of itself.
fn object(play: &mut Play, job: &Job, instance: &str) -> Vec<u8> {
    let maker = job.maker;
    let bytes: usize = play.says(maker, "pixels").parse().unwrap_or(20_000);
    let columns = 200_u16;
    let rows = (bytes / 400).max(1) as u16;
    let pixels = play.scene.random_bytes(usize::from(rows) * usize::from(columns) * 2);
    let (class, says) = (sop_class(play, maker), |name| play.says(maker, name));
    let model = play.hospital.model(maker);
    let made_by = if says("dicom-maker").is_empty() { model.maker.as_str() } else { says("dicom-maker") };
    let (serial, station, when) = (play.hospital.serial(maker), play.hospital.host_name(maker), stamp(play.scene.now));
    let (accession, name, id, birth) = (job.patient.accession(1), job.patient.name(), job.patient.id(), job.patient.birth());
    let study = format!("{ROOT}.{}", job.study);
    let [rows, columns, bits, stored, high] = [rows, columns, 16, 12, 11].map(u16::to_le_bytes);
    dicom::data_set(
        dicom::EXPLICIT_LITTLE,
        &[
            (0x8, 0x5, b"CS", b"ISO_IR 100"),
            (0x8, 0x16, b"UI", class.as_bytes()),
            (0x8, 0x18, b"UI", instance.as_bytes()),
            (0x8, 0x20, b"DA", &when.as_bytes()[..8]),
            (0x8, 0x30, b"TM", &when.as_bytes()[8..]),
            (0x8, 0x50, b"SH", accession.as_bytes()),
            (0x8, 0x60, b"CS", says("modality").as_bytes()),
            (0x8, 0x70, b"LO", made_by.as_bytes()),
            (0x8, 0x80, b"LO", b"Hospital Example"),
            (0x8, 0x90, b"PN", PHYSICIAN.as_bytes()),
            (0x8, 0x1010, b"SH", station.as_bytes()),
            (0x8, 0x1090, b"LO", model.name.as_bytes()),
            (0x10, 0x10, b"PN", name.as_bytes()),
            (0x10, 0x20, b"LO", id.as_bytes()),
            (0x10, 0x30, b"DA", birth.as_bytes()),
            (0x10, 0x40, b"CS", job.patient.sex().as_bytes()),
            (0x18, 0x1000, b"LO", serial.as_bytes()),
            (0x18, 0x1020, b"LO", play.hospital.firmware(maker).as_bytes()),
            (0x20, 0xd, b"UI", study.as_bytes()),
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

/// A reading workstation looks for studies; the archive sends them to it.
pub fn read(play: &mut Play, device: DeviceId) {
    let Some(archive) = play.server(device, "pacs") else { return };
    let patient = play.patient();
    let keys = identity(Patient(0), dicom::IMPLICIT_LITTLE);
    let matches = [identity(patient, dicom::IMPLICIT_LITTLE)];
    for class in [STUDY_FIND, STUDY_MOVE] {
        associated(play, (device, archive), (class, dicom::IMPLICIT_LITTLE), |association, scene, tcp| {
            association.find(scene, tcp, &keys, &matches[..usize::from(class == STUDY_FIND)]);
        });
    }
    let modality = made_here(play, archive);
    if let Some(maker) = modality {
        play.after(2, move |play| pass_on(play, archive, device, maker, patient));
    }
}

/// Somebody whose images the archive has.
fn made_here(play: &mut Play, archive: DeviceId) -> Option<DeviceId> {
    let site = play.hospital.devices[archive as usize].site;
    let place = play.number() as usize;
    let modalities = play.hospital.in_role(site, "modality");
    (!modalities.is_empty()).then(|| modalities[place % modalities.len()])
}

/// An archive passes studies on to another archive or department.
pub fn forward(play: &mut Play, device: DeviceId) {
    let Some(other) = play.server(device, "archive-elsewhere") else { return };
    let Some(maker) = made_here(play, device) else { return };
    let patient = play.patient();
    pass_on(play, device, other, maker, patient);
}

/// An archive sends a study of so many images to somebody.
pub fn fetch_study(play: &mut Play, archive: DeviceId, to: DeviceId, images: u32) {
    let Some(maker) = made_here(play, archive) else { return };
    let patient = play.patient();
    send_study(play, archive, to, maker, patient, images);
}

fn pass_on(play: &mut Play, from: DeviceId, to: DeviceId, maker: DeviceId, patient: Patient) {
    send_study(play, from, to, maker, patient, 2);
}

fn send_study(play: &mut Play, from: DeviceId, to: DeviceId, maker: DeviceId, patient: Patient, images: u32) {
    let (one, other) = (Entity::of(play, from), Entity::of(play, to));
    let class = sop_class(play, maker);
    let port: u16 = port(play, to);
    let mut line = play.connect(Party::Device(from), Party::Device(to), port, "dicom", true);
    let association = association(&one, &other, class, dicom::EXPLICIT_LITTLE);
    line.with(play, |scene, tcp| association.open(scene, tcp));
    play.mark_phi(&line);
    let study = play.number();
    next_image(play, line, Job { device: from, archive: to, maker, patient, study, image: 1, images });
}
